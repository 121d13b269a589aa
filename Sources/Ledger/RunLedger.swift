import Catalog
import DeltaLog
import JSON
import Platform
import Tables

/// One run of one job.
public struct RunRecord: Sendable {
  /// How a run ended.
  public enum Outcome: String, Sendable {
    case done, findings, failed, interrupted
  }

  /// Name of the command or of the pass.
  public var job: String
  /// Start in ns since 1970 UTC.
  public var startedAt: Int64
  /// How it ended.
  public var outcome: Outcome
  /// The user's label (`--label`).
  public var label: String?
  /// Tables that were read.
  public var tablesIn: [TableName] = []
  /// Tables that were written.
  public var tablesOut: [TableName] = []
  /// Rows that were read; nil if the job reads none.
  public var rowsIn: Int?
  /// Rows that were written; nil if the job writes none.
  public var rowsOut: Int?
  /// Bytes that were read, as they are stored.
  public var bytesIn: Int?
  /// Bytes that were written.
  public var bytesOut: Int?
  /// Duration in nanoseconds.
  public var nanoseconds: Int64 = 0
  /// Peak memory of the process.
  public var peakByteCount = 0
  /// The error, if there was one.
  public var error: String?
  /// Version of the program.
  public var program = ""

  /// A run that started at an instant, in ns since 1970 UTC.
  public init(job: String, startedAt: Int64, outcome: Outcome = .done) {
    self.job = job
    self.startedAt = startedAt
    self.outcome = outcome
  }
}

/// The table `ledger.runs`: what was done to the lake.
public enum RunLedger {
  /// `ledger.runs`.
  public static let table = TableName.ledger("runs")
  /// Characters of a text that are kept.
  private static let letterCountMax = 2000

  /// Adds the runs of one command, in one commit.
  public static func append(_ records: [RunRecord], to lake: Lake) throws {
    if records.isEmpty { return }
    let table = try SmallTable(lake: lake, name: table, kind: "runs")
    let run = try StagingRun(root: lake.root)
    defer { run.finish() }
    try table.append(now: Clock.nanoseconds(), run: run) { _ in
      CellChunks(records) { cells($0, run.id) }
    }
  }

  /// Dates of runs that are searched for the last run of a table.
  private static let dateCountMax = 31

  /// For each table: its last run, within a month of runs, if that run failed: start in ns, and error. Cost:
  /// reads those runs.
  public static func failures(in lake: Lake) throws -> [TableName: (
    startedAt: Int64, error: String
  )] {
    guard let snapshot = try SmallTable(lake: lake, name: table, kind: "runs").load() else {
      return [:]
    }
    let files = Dictionary(grouping: try snapshot.files) {
      $0.partitionValue(TableSchema.dateColumn) ?? ""
    }
    var last: [TableName: (startedAt: Int64, error: String?)] = [:]
    for date in files.keys.sorted().suffix(dateCountMax) {
      for file in files[date] ?? [] {
        let reader = try SegmentReader(path: file.localPath(in: lake.path(of: table)))
        for group in reader.rowGroups {
          let rows = try RowColumns(reader, group)
          for row in 0..<rows.rowCount { note(rows, row, in: &last) }
        }
      }
    }
    return last.compactMapValues { run in run.error.map { (run.startedAt, $0) } }
  }

  private static func note(
    _ rows: RowColumns, _ row: Int, in last: inout [TableName: (startedAt: Int64, error: String?)]
  ) {
    // Another program may have written anything into it: invalid rows are skipped.
    guard let startedAt = rows.time("started_at", row), let text = rows.text("tables_out", row),
      let names = try? JSONValue(parsing: Array(text.utf8)).array
    else { return }
    let isFailed = rows.text("outcome", row) == RunRecord.Outcome.failed.rawValue
    for name in names.compactMap(\.string) {
      // As above.
      guard let table = try? TableName(parsing: name),
        startedAt >= last[table]?.startedAt ?? .min
      else { continue }
      last[table] = (startedAt, isFailed ? rows.text("error", row) ?? "no reason is known" : nil)
    }
  }

  private static func cells(_ record: RunRecord, _ id: String) -> [String: Cell] {
    func list(_ tables: [TableName]) -> Cell? {
      if tables.isEmpty { return nil }
      let names = Set(tables).sorted().map { JSONValue.string($0.description) }
      return .text(JSONValue.array(names).description)
    }
    func text(_ text: String?) -> Cell? {
      text.map { .text($0.count > letterCountMax ? $0.prefix(letterCountMax) + "…" : $0) }
    }
    func number(_ value: Int?) -> Cell? { value.map { .integer(Int64($0)) } }
    var cells: [String: Cell] = [
      "started_at": .time(record.startedAt), "job": .text(record.job),
      "outcome": .text(record.outcome.rawValue), "seconds": .integer(record.nanoseconds),
      "peak_memory": .integer(Int64(record.peakByteCount)), "run_id": .text(id),
      "program": .text(record.program),
    ]
    cells["label"] = text(record.label)
    cells["tables_in"] = list(record.tablesIn)
    cells["tables_out"] = list(record.tablesOut)
    cells["rows_in"] = number(record.rowsIn)
    cells["rows_out"] = number(record.rowsOut)
    cells["bytes_in"] = number(record.bytesIn)
    cells["bytes_out"] = number(record.bytesOut)
    cells["error"] = text(record.error)
    return cells
  }
}
