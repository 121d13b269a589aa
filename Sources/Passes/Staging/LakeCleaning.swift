import Catalog
import DeltaLog
import Storage

/// What a command that writes does first: it removes what dead runs left behind.
enum LakeCleaning {
  static func removeDeadRuns(_ lake: Lake) throws {
    /// Files that a table names, by its folder; nil where that cannot be told.
    var known: [String: Set<String>?] = [:]
    try StagingRun.cleanDead(root: lake.root) { path in
      let parts = path.split(separator: "/", maxSplits: 2).map(String.init)
      guard parts.count == 3 else { return true }
      let folder = parts[0] + "/" + parts[1]
      let files: Set<String>?
      if let found = known[folder] {
        files = found
      } else {
        files = Self.files(DirectoryStorage(root: lake.root + "/" + folder))
        known[folder] = .some(files)
      }
      return files.map { $0.contains(parts[2]) }
    }
  }

  /// Files that a table names, or named; nil for a table that cannot be read. It stops those who need it,
  /// and not all that is written into others.
  private static func files(_ storage: DirectoryStorage) -> Set<String>? {
    do {
      guard try Snapshot.exists(storage) else { return [] }
      let snapshot = try Snapshot.load(storage)
      return Set(snapshot.files.map(\.filePath) + snapshot.tombstones.map(\.filePath))
    } catch {
      return nil
    }
  }
}
