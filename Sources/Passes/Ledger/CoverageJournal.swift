import Bytes
import Catalog
import Columnar
import JSON
import Storage

/// Events of the coverage ledger: which intervals of which symbols came into which table.
///
/// The data's own commit is the truth. Events are written to an fsynced journal after it, and folded
/// into `ledger.coverage` once a command; a journal that a dead command left is folded by the next.
final class CoverageJournal {
  private let lake: Lake
  private let runID: String
  private var events: [(sha256: String, cells: [String: Cell])] = []

  init(lake: Lake, runID: String) {
    self.lake = lake
    self.runID = runID
  }

  func add(_ work: SourceWork, path: String, bytesIn: Int) {
    guard let interval = work.interval else { return }
    let symbols = JSONValue.array(work.symbols.sorted().map { .string($0) })
    events.append(
      (
        work.sha256,
        [
          "recorded_at": .time(Clock.nanoseconds()), "dataset": .text(work.target.dataset),
          "schema": .text(work.target.schema.kind), "symbols": .text(symbols.description),
          "symbol_type": .text(work.symbolType), "interval_start": .time(interval.lowerBound),
          "interval_end": .time(interval.upperBound), "state": .text("complete"),
          "table": .text(work.target.name.description),
          "row_count": .integer(Int64(work.storedRowCount)), "byte_count": .integer(Int64(bytesIn)),
          "source_sha256": .text(work.sha256), "source_path": .text(path), "run_id": .text(runID),
        ]
      ))
  }

  /// Forgets the events of an input that will be read again.
  func drop(sha256: String) { events.removeAll { $0.sha256 == sha256 } }

  /// Writes the journal, then folds it, and what others left, into the table.
  func fold(run: StagingRun) throws {
    let storage = DirectoryStorage(root: lake.journalPath)
    if !events.isEmpty {
      let lines = events.map { JSONValue.object(JSONObject($0.cells.map(Self.member))).description }
      try DirectoryStorage(root: lake.root).createDirectory("ledger/journal")
      try storage.writeDurably("\(runID).jsonl", Array(lines.map { $0 + "\n" }.joined().utf8))
    }
    let table = try SmallTable(
      lake: lake, name: .ledger("coverage"), kind: "coverage")
    for entry in (try? storage.list("")) ?? [] where entry.name.hasSuffix(".jsonl") {
      // Another command may have folded it meanwhile.
      guard try storage.exists(entry.name), let bytes = try? storage.read(entry.name) else {
        continue
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let rows = try text.split(separator: "\n").map(Self.cells)
      try table.append(
        rows, now: Clock.nanoseconds(), appId: "lake/coverage/\(entry.name)", run: run)
      _ = try storage.delete(entry.name)
    }
    events = []
  }

  private static let timeMembers: Set = ["recorded_at", "interval_start", "interval_end"]

  private static func member(_ name: String, _ cell: Cell) -> (String, JSONValue) {
    switch cell {
    case .text(let text): (name, .string(text))
    case .integer(let value), .time(let value): (name, .integer(value))
    }
  }

  private static func cells(_ line: Substring) throws -> [String: Cell] {
    var cells: [String: Cell] = [:]
    for member in try JSONValue(parsing: Array(line.utf8)).object?.members ?? [] {
      let (name, value) = (member.key, member.value)
      if let text = value.string {
        cells[name] = .text(text)
      } else if let number = value.int64 {
        cells[name] = timeMembers.contains(name) ? .time(number) : .integer(number)
      }
    }
    return cells
  }
}
