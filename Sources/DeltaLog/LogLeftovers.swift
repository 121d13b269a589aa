import Platform
import Storage

/// Temporary files that dead writers left in `_delta_log`.
enum LogLeftovers {
  /// No writer keeps one for so long.
  static let ageMin: Int64 = 86_400_000

  /// Deletes dot files that end in `.tmp` and are older than `ageMin`. Failures do no harm: the next checkpoint
  /// tries again.
  static func remove(_ storage: any TableStorage, now: Int64 = Clock.milliseconds()) {
    guard let entries = try? storage.list(LogFile.directory) else { return }
    for entry in entries where entry.name.hasPrefix(".") && entry.name.hasSuffix(".tmp") {
      let path = LogFile.directory + "/" + entry.name
      // As above: the next checkpoint tries again.
      guard let attributes = try? storage.attributes(path),
        attributes.modificationTime < now - ageMin
      else { continue }
      // As above.
      _ = try? storage.delete(path)
    }
  }
}
