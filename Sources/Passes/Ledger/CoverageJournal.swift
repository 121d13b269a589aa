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
  private let table: CoverageTable
  private let clock: EventClock
  private var descriptor: Int32 = -1
  /// What is written.
  private var byteCount = 0
  private var fileName: String { runID + Self.suffix }
  private static let suffix = ".jsonl"

  init(lake: Lake, runID: String) throws {
    self.lake = lake
    self.runID = runID
    table = try CoverageTable(lake)
    clock = EventClock(table)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// New events with their times, which they keep: on their way into a commit and then to `keep`.
  func stamped(_ events: [CoverageEvent]) -> [CoverageEvent] { clock.stamped(events) }

  /// Writes new events down, durably.
  func record(_ events: [CoverageEvent]) throws { try keep(stamped(events)) }

  /// Writes events down, durably, that have their times.
  func keep(_ events: [CoverageEvent]) throws {
    if events.isEmpty { return }
    clock.observe(events)
    let path = lake.journalPath + "/" + fileName
    if descriptor < 0 {
      try DirectoryStorage(root: lake.root).createDirectory("ledger/journal")
      descriptor = lake_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw PassError.system("open", path: path) }
      byteCount = Int(lseek(descriptor, 0, SEEK_END))
      try DirectoryStorage(root: lake.journalPath).syncDirectory("")
    }
    let lines = Array(events.map { $0.json.description + "\n" }.joined().utf8)
    do {
      try lines.withUnsafeBytes { try writeAll(descriptor, $0, at: byteCount, path: path) }
    } catch {
      // Half a line would spoil the next one.
      ftruncate(descriptor, off_t(byteCount))
      throw error
    }
    byteCount += lines.count
    guard fsync(descriptor) == 0 else { throw PassError.system("fsync", path: path) }
  }

  /// Folds the journal, and those that dead runs left, into the table.
  ///
  /// A journal that cannot be read stays where it is, for a command that can; the others are folded.
  func fold(run: StagingRun) throws {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    let storage = DirectoryStorage(root: lake.journalPath)
    var events: [CoverageEvent] = []
    var read: [String] = []
    var failure: (any Error)?
    for name in try Self.fileNames(storage) where name == fileName || !isAlive(name) {
      do {
        events += try Self.events(storage, name)
        read.append(name)
      } catch {
        failure = failure ?? error
      }
    }
    try table.add(events, run: run)
    for name in read { try storage.delete(name) }
    if let failure { throw failure }
  }

  /// Events in journals that are not in the table yet, those of running commands too.
  static func unfolded(_ lake: Lake) throws -> [CoverageEvent] {
    let storage = DirectoryStorage(root: lake.journalPath)
    return try fileNames(storage).flatMap { try events(storage, $0) }
  }

  private static func fileNames(_ storage: DirectoryStorage) throws(StorageError) -> [String] {
    do throws(StorageError) {
      return try storage.list("").map(\.name).filter { $0.hasSuffix(suffix) }.sorted()
    } catch {
      if error.code == .notFound { return [] }
      throw error
    }
  }

  /// nil where it is gone since it was listed: it was folded.
  private static func content(
    _ storage: DirectoryStorage, _ name: String
  ) throws(StorageError) -> [UInt8]? {
    do throws(StorageError) {
      return try storage.read(name)
    } catch {
      if error.code == .notFound { return nil }
      throw error
    }
  }

  private static func events(_ storage: DirectoryStorage, _ name: String) throws -> [CoverageEvent]
  {
    guard let bytes = try content(storage, name) else { return [] }
    // A line that its run did not live to finish is no event.
    let end = bytes.lastIndex(of: 0x0A) ?? 0
    var events: [CoverageEvent] = []
    for (number, line) in bytes[..<end].split(separator: 0x0A).enumerated() {
      // What an event cannot be made of is told, and the file stays: it may be of a newer version.
      guard let json = try? JSONValue(parsing: Array(line)), let event = CoverageEvent(json: json)
      else {
        throw PassError(
          .input, "line \(number + 1) of a journal of the coverage ledger is no event",
          place: storage.root + "/" + name,
          remedy: "use the version of lake that wrote it; or move the file away, and let "
            + "'lake ledger rebuild' look for its events in the tables")
      }
      events.append(event)
    }
    return events
  }

  /// Whether the run that writes a journal is still at work.
  private func isAlive(_ name: String) -> Bool {
    StagingRun.isAlive(String(name.dropLast(Self.suffix.count)), root: lake.root)
  }
}
