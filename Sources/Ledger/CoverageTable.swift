import Catalog
import DeltaLog
import JSON
import Parquet
import Platform
import Tables

/// The table `ledger.coverage`: events that were merged from journals.
final class CoverageTable {
  static let name = TableName.ledger("coverage")
  let lake: Lake
  private let table: SmallTable

  init(_ lake: Lake) throws {
    self.lake = lake
    table = try SmallTable(lake: lake, name: Self.name, kind: "coverage")
  }

  /// All events; empty if there is no table yet.
  func events() throws -> [CoverageEvent] {
    guard let snapshot = try table.load() else { return [] }
    return try snapshot.files.flatMap(events)
  }

  /// Adds events that the table lacks, in one commit.
  func add(_ events: [CoverageEvent], run: StagingRun) throws {
    let now = Clock.nanoseconds()
    try table.append(now: now, run: run, readsAll: true) { snapshot in
      var seen = try known(events, in: snapshot)
      return CellChunks(events.filter { seen.insert($0.identity).inserted }) { $0.cells }
    }
  }

  /// A time that is not before any event of the table; nil if it is empty.
  func latestTime() throws -> Int64? {
    guard let snapshot = try table.load() else { return nil }
    return try snapshot.files.compactMap { file in
      try Self.times(file)?.upperBound ?? events(file).map(\.recordedAt).max()
    }.max()
  }

  /// Those of `events` that are in the table. Copies of an event have equal times, so that most files need not
  /// be read.
  private func known(
    _ events: [CoverageEvent], in snapshot: Snapshot?
  ) throws -> Set<CoverageEvent.Identity> {
    let times = Set(events.map(\.recordedAt))
    var known: Set<CoverageEvent.Identity> = []
    for file in try snapshot?.files ?? [] {
      if let range = Self.times(file), !times.contains(where: range.contains) { continue }
      for event in try self.events(file) where times.contains(event.recordedAt) {
        known.insert(event.identity)
      }
    }
    return known
  }

  /// Recording times of a file's events, in ns; nil if the log does not say.
  private static func times(_ file: AddFile) -> ClosedRange<Int64>? {
    guard let bounds = file.statistics?.bounds(of: "recorded_at", type: .timestamp),
      case .integer(let low)? = bounds.minimum, case .integer(let high)? = bounds.maximum,
      low <= high
    else { return nil }
    // Other writers truncate bounds to milliseconds.
    let (first, underflow) = (low - low % 1000).multipliedReportingOverflow(by: 1000)
    let (last, overflow) = high.multipliedReportingOverflow(by: 1000)
    let (end, isBeyond) = last.addingReportingOverflow(999_999)
    return underflow || overflow || isBeyond ? nil : first...end
  }

  private func events(_ file: AddFile) throws -> [CoverageEvent] {
    do {
      return try read(file)
    } catch let error as ParquetError where error.code != .file {
      throw damaged(error.message, file)
    }
  }

  /// The tables' commits have everything that a ledger's file said, so no backup is needed.
  private func damaged(_ what: String, _ file: AddFile) -> PassError {
    PassError(
      .input, "a file of the coverage ledger is damaged: " + what,
      place: lake.path(of: Self.name) + "/" + file.filePath,
      remedy:
        "move the folder \(lake.ledgerPath) away, and make it anew from the tables: lake ledger rebuild"
    )
  }

  private func read(_ file: AddFile) throws -> [CoverageEvent] {
    let reader = try SegmentReader(path: file.localPath(in: lake.path(of: Self.name)))
    var events: [CoverageEvent] = []
    for group in reader.rowGroups {
      let rows = try RowColumns(reader, group)
      for row in 0..<rows.rowCount {
        guard let event = CoverageEvent(rows, row) else {
          throw damaged("row \(row) makes no sense", file)
        }
        events.append(event)
      }
    }
    return events
  }
}

extension CoverageEvent {
  fileprivate init?(_ rows: RowColumns, _ row: Int) {
    guard let recordedAt = rows.time("recorded_at", row),
      let state = rows.text("state", row).flatMap(CoverageState.init),
      let symbols = Self.symbols(rows.text("symbols", row))
    else { return nil }
    let start = rows.time("interval_start", row) ?? 0
    let end = rows.time("interval_end", row) ?? start
    guard start <= end else { return nil }
    self.init(
      dataset: rows.text("dataset", row) ?? "", schema: rows.text("schema", row) ?? "",
      symbols: symbols, symbolType: rows.text("symbol_type", row) ?? "raw_symbol",
      interval: start..<end, state: state, table: rows.text("table", row),
      recordedAt: recordedAt)
    rowCount = rows.integer("row_count", row)
    byteCount = rows.integer("byte_count", row)
    costNanoUSD = rows.integer("cost_usd", row)
    requestID = rows.text("request_id", row)
    etag = rows.text("etag", row)
    sha256 = rows.text("source_sha256", row)
    path = rows.text("source_path", row)
    runID = rows.text("run_id", row)
    reason = rows.text("reason", row)
    guard let contracts = Self.contracts(rows.text("contracts", row)) else { return nil }
    self.contracts = contracts
    settleClaim()
  }

  /// A JSON list of contracts; nil if it is anything else.
  private static func contracts(_ text: String?) -> [NamedContract]? {
    guard let text else { return [] }
    // An invalid list makes the row invalid, which is reported.
    guard let list = try? JSONValue(parsing: Array(text.utf8)).array else { return nil }
    return list.compactMap { NamedContract(json: $0) }
  }

  /// A JSON list of texts; nil if it is anything else.
  private static func symbols(_ text: String?) -> [String]? {
    guard let text else { return [] }
    // An invalid list makes the row invalid, which is reported.
    guard let list = try? JSONValue(parsing: Array(text.utf8)).array else { return nil }
    let symbols = list.compactMap(\.string)
    return symbols.count == list.count ? symbols : nil
  }
}
