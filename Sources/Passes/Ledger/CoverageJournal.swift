import Bytes
import CSystem
import Catalog
import Glibc
import JSON
import Storage

/// Events of the coverage ledger on their way into `ledger.coverage`.
///
/// The data's own commit is the truth. Right after it, its events are written to an fsynced journal,
/// and once a command the journal is folded into the table. A journal that a dead run left is folded
/// by the next command that writes; events whose run died before it wrote them are found in the
/// commits (`CoverageRecovery`).
final class CoverageJournal {
  private let lake: Lake
  private let runID: String
  private var descriptor: Int32 = -1
  /// What is written.
  private var byteCount = 0
  private var fileName: String { runID + Self.suffix }
  private static let suffix = ".jsonl"

  init(lake: Lake, runID: String) {
    self.lake = lake
    self.runID = runID
  }

  deinit { if descriptor >= 0 { lake_close(descriptor) } }

  /// Writes events down, durably.
  func record(_ events: [CoverageEvent]) throws {
    if events.isEmpty { return }
    let path = lake.journalPath + "/" + fileName
    if descriptor < 0 {
      try DirectoryStorage(root: lake.root).createDirectory("ledger/journal")
      descriptor = lake_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw PassError.system("open", path: path) }
      byteCount = Int(lseek(descriptor, 0, SEEK_END))
      try DirectoryStorage(root: lake.journalPath).syncDirectory("")
    }
    let lines = Array(events.map { $0.json.description + "\n" }.joined().utf8)
    do {
      try lines.withUnsafeBytes { try writeAll(descriptor, $0, at: byteCount, path: path) }
    } catch {
      // Half a line would spoil the next one.
      lake_ftruncate(descriptor, off_t(byteCount))
      throw error
    }
    byteCount += lines.count
    guard lake_fsync(descriptor) == 0 else { throw PassError.system("fsync", path: path) }
  }

  /// Folds the journal, and those that dead runs left, into the table.
  func fold(run: StagingRun) throws {
    if descriptor >= 0 { lake_close(descriptor) }
    descriptor = -1
    let storage = DirectoryStorage(root: lake.journalPath)
    let table = try SmallTable(lake: lake, name: .ledger("coverage"), kind: "coverage")
    for name in Self.fileNames(storage) where name == fileName || !isAlive(name) {
      let events = try Self.events(storage, name)
      try table.append(
        events.map(\.cells), now: Clock.nanoseconds(), appId: "lake/coverage/\(name)", run: run)
      // Another command may have folded it meanwhile.
      if try storage.exists(name) { _ = try storage.delete(name) }
    }
  }

  /// Events in journals that are not in the table yet, those of running commands too.
  static func unfolded(_ lake: Lake) throws -> [CoverageEvent] {
    let storage = DirectoryStorage(root: lake.journalPath)
    return try fileNames(storage).flatMap { try events(storage, $0) }
  }

  private static func fileNames(_ storage: DirectoryStorage) -> [String] {
    ((try? storage.list("")) ?? []).map(\.name).filter { $0.hasSuffix(suffix) }.sorted()
  }

  private static func events(_ storage: DirectoryStorage, _ name: String) throws -> [CoverageEvent]
  {
    // Gone since it was listed: it was folded.
    guard try storage.exists(name), let bytes = try? storage.read(name) else { return [] }
    // A line that its run did not live to finish is no event.
    let end = bytes.lastIndex(of: 0x0A) ?? 0
    return bytes[..<end].split(separator: 0x0A).compactMap { line in
      (try? JSONValue(parsing: Array(line))).flatMap { CoverageEvent(json: $0) }
    }
  }

  /// Whether the run that writes a journal is still at work.
  private func isAlive(_ name: String) -> Bool {
    StagingRun.isAlive(String(name.dropLast(Self.suffix.count)), root: lake.root)
  }
}
