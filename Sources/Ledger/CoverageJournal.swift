import CSystem
import Catalog
import Glibc
import JSON
import Storage
import Tables

/// Events of the coverage ledger, on their way into `ledger.coverage`.
///
/// The data's own commit is decisive. Right after it, its events are written to an fsynced journal, and once
/// per command the journal is merged into the table. A journal left by a dead run is merged by the next writing
/// command; events whose run died before writing them are found in the commits (`CoverageRecovery`).
package final class CoverageJournal {
  private let lake: Lake
  private let runID: String
  private let table: CoverageTable
  /// Unanswered requests of dead runs, by table, until a commit records them.
  private lazy var deadRequests = Self.requests(of: lake)
  /// Gives events their times, each later than any that the ledger has. The first use reads the ledger's newest
  /// time.
  package private(set) lazy var clock = EventClock(after: latestTime())
  private var descriptor: Int32 = -1
  /// Bytes written.
  private var byteCount = 0
  private var fileName: String { runID + Self.suffix }
  private static let suffix = ".jsonl"

  /// Opens no file: the journal is created by the first event.
  package init(lake: Lake, runID: String) throws {
    self.lake = lake
    self.runID = runID
    table = try CoverageTable(lake)
  }

  deinit { if descriptor >= 0 { lake_close(descriptor) } }

  /// New events with their times, which they keep: for a commit, and then for `keep`.
  package func stamped(_ events: [CoverageEvent]) -> [CoverageEvent] { clock.stamped(events) }

  /// Remembers requests of dead runs that a plan read: an earlier part of the same command may have merged them
  /// into the ledger only.
  package func carry(_ requests: [CoverageEvent]) {
    let known = Set(deadRequests.map(\.identity))
    deadRequests += requests.filter { !known.contains($0.identity) }
  }

  /// Requests of dead runs for a table's next commit to record, so that a ledger rebuilt from the commits has
  /// them. Returned once.
  package func takeDeadRequests(of table: TableName) -> [CoverageEvent] {
    let name = table.description
    let taken = deadRequests.filter { $0.table == name }
    deadRequests.removeAll { $0.table == name }
    return taken
  }

  /// Writes new events durably.
  package func record(_ events: [CoverageEvent]) throws { try keep(stamped(events)) }

  /// Writes events durably that have their times.
  package func keep(_ events: [CoverageEvent]) throws {
    if events.isEmpty { return }
    clock.observe(events)
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
      // Half a line would corrupt the next one.
      lake_ftruncate(descriptor, off_t(byteCount))
      throw error
    }
    byteCount += lines.count
    guard lake_fsync(descriptor) == 0 else { throw PassError.system("fsync", path: path) }
  }

  /// Merges the journal, and those of dead runs, into the table.
  ///
  /// A journal that cannot be read stays, for a later command; the others are merged.
  package func mergeIntoTable(run: StagingRun) throws {
    if descriptor >= 0 { lake_close(descriptor) }
    descriptor = -1
    let storage = DirectoryStorage(root: lake.journalPath)
    var events: [CoverageEvent] = []
    var read: [String] = []
    var failure: (any Error)?
    for name in try Self.fileNames(storage) where name == fileName || !Self.isAlive(name, lake) {
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

  /// Events in journals that are not in the table yet, including those of running commands, but without
  /// requests still under way.
  static func unmerged(_ lake: Lake) throws -> [CoverageEvent] {
    let storage = DirectoryStorage(root: lake.journalPath)
    return try fileNames(storage).flatMap { name in
      name.hasSuffix(PurchaseJournal.suffix) && isAlive(name, lake) ? [] : try events(storage, name)
    }
  }

  /// Requests of running commands that are, or were, under way.
  static func requestsUnderWay(_ lake: Lake) throws -> [CoverageEvent] {
    let storage = DirectoryStorage(root: lake.journalPath)
    return try fileNames(storage).filter {
      $0.hasSuffix(PurchaseJournal.suffix) && isAlive($0, lake)
    }.flatMap { try events(storage, $0) }
  }

  private static func requests(of lake: Lake) -> [CoverageEvent] {
    do {
      return try unmerged(lake).filter(\.isUnconfirmed)
    } catch {
      // An error is reported when they are merged; callers that decide by them have read them before.
      return []
    }
  }

  /// A time that is not before any known event.
  private func latestTime() -> Int64 {
    do {
      let unmerged = try (Self.unmerged(lake) + Self.requestsUnderWay(lake)).map(\.recordedAt).max()
      return max(try table.latestTime() ?? .min, unmerged ?? .min)
    } catch {
      // An unreadable ledger stops callers that decide by it, and is reported when events are merged. Until
      // then events get the wall clock's time.
      return .min
    }
  }

  private static func fileNames(_ storage: DirectoryStorage) throws(StorageError) -> [String] {
    do throws(StorageError) {
      return try storage.list("").map(\.name).filter {
        $0.hasSuffix(suffix) || $0.hasSuffix(PurchaseJournal.suffix)
      }.sorted()
    } catch {
      if error.code == .notFound { return [] }
      throw error
    }
  }

  /// nil if it was removed since it was listed: another command merged it.
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
    // An unfinished line, whose run died, is no event.
    let end = bytes.lastIndex(of: 0x0A) ?? 0
    var events: [CoverageEvent] = []
    for (number, line) in bytes[..<end].split(separator: 0x0A).enumerated() {
      // An invalid line is reported, and the file stays: it may be of a newer version.
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

  /// Whether the run of a journal is still at work.
  private static func isAlive(_ name: String, _ lake: Lake) -> Bool {
    StagingRun.isAlive(String(name.prefix { $0 != "." }), root: lake.root)
  }
}
