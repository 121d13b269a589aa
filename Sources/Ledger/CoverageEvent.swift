import JSON
import Market
import Platform

/// What is known of an interval of some symbols.
public enum CoverageState: String, Hashable, Sendable, CaseIterable {
  /// A file says that it is of this interval, by its header or its first and last row: whether it is all
  /// that the vendor has nobody counted.
  case claimed
  /// All that the vendor has is in the table: as many records as it announced.
  case complete
  /// The interval was not over when it was fetched: it is completed next time.
  case open
  /// The vendor says that there is nothing, inside what the plan covers.
  case empty
  /// As `complete`, but the vendor flags the data as of lesser quality.
  case degraded
  /// The plan does not include it.
  case notEntitled = "not_entitled"
  case failed
  /// The rows were here and were removed on purpose.
  case purged
  /// The rows were here, and the table was taken back to a version without them.
  case undone

  /// Whether the state rests on rows in the table, or on there being none to have.
  public var saysRowsAreThere: Bool {
    switch self {
    case .notEntitled, .failed, .purged, .undone: false
    default: true
    }
  }

  /// Whether the state rests on rows in the table.
  package var restsOnRows: Bool { saysRowsAreThere && self != .empty }

  /// Whether the rows of the interval are in the table, as far as there are any.
  public var isStored: Bool { self == .complete || self == .degraded || self == .empty }
}

/// One event of the coverage ledger: what became of an interval of some symbols.
///
/// Events are only ever added; the last one of an interval is its state.
public struct CoverageEvent: Hashable, Sendable {
  /// When it was recorded, in ns since 1970 UTC; whole microseconds.
  public var recordedAt: Int64
  /// Vendor's dataset, like `GLBX.MDP3`.
  public var dataset: String
  /// Record kind, like `ohlcv-1s`.
  public var schema: String
  /// Sorted.
  public var symbols: [String]
  /// Kind of the symbols as the vendor spells it, like `raw_symbol` or `continuous`.
  public var symbolType: String
  /// Half-open, in ns since 1970 UTC.
  public var interval: Range<Int64>
  /// What became of the request.
  public var state: CoverageState
  /// Table that holds the rows.
  public var table: String?
  /// Rows that came; nil where that is not known.
  public var rowCount: Int64?
  /// Bytes of the source as it came.
  public var byteCount: Int64?
  /// What it cost, in 10⁻⁹ USD.
  public var costNanoUSD: Int64?
  /// The vendor's name for the request.
  public var requestID: String?
  /// The vendor's mark of what came.
  public var etag: String?
  /// SHA-256 of the decompressed source.
  public var sha256: String?
  /// Path of the source as it was given, or the request in words.
  public var path: String?
  /// The run that asked.
  public var runID: String?
  /// Why, where the state is not complete.
  public var reason: String?
  /// The reason of a claim that rests on a file's rows alone: a symbol may end in the file without being missed.
  package static let symbolsOfRows = "the symbols of a file's rows"
  /// The reason of what the vendor says is of lesser quality.
  package static let flagged = "flagged by the vendor"
  /// Which contracts the names in `symbols` were, where they are no raw symbols.
  public var contracts: [NamedContract] = []

  /// What became of a request.
  public init(
    dataset: String, schema: String, symbols: [String], symbolType: String,
    interval: Range<Int64>, state: CoverageState, table: String? = nil,
    recordedAt: Int64 = Clock.nanoseconds()
  ) {
    self.recordedAt = recordedAt - recordedAt % 1000
    self.dataset = dataset
    self.schema = schema
    self.symbols = symbols.sorted()
    self.symbolType = SType(ledgerName: symbolType)?.name ?? symbolType
    self.interval = interval
    self.state = state
    self.table = table
  }
}

extension SType {
  /// The type with a name as ledgers have it: the vendor's, or the one that files were noted with in
  /// older ledgers, like `rawSymbol`.
  init?(ledgerName: String) {
    if let type = SType(name: ledgerName) {
      self = type
      return
    }
    guard let type = Self.allCases.first(where: { "\($0)" == ledgerName }) else { return nil }
    self = type
  }
}

extension CoverageEvent {
  /// What makes two records of an event one, whoever wrote them and wherever they stand: all that they
  /// say, but for the run. An event keeps its time when it is copied from a commit into a journal and from
  /// there into the table.
  package struct Identity: Hashable, Sendable {
    private let event: CoverageEvent

    init(_ event: CoverageEvent) {
      var event = event
      event.runID = nil
      self.event = event
    }
  }

  /// The event without its run: see `Identity`.
  package var identity: Identity { Identity(self) }

  /// As a line of a journal, and of a commit's words about itself; times in ns.
  var json: JSONValue {
    let integers: [(String, Int64?)] = [
      ("row_count", rowCount), ("byte_count", byteCount), ("cost_usd", costNanoUSD),
    ]
    let texts: [(String, String?)] = [
      ("table", table), ("request_id", requestID), ("etag", etag), ("source_sha256", sha256),
      ("source_path", path), ("run_id", runID), ("reason", reason),
    ]
    var members: [(String, JSONValue)] = [
      ("recorded_at", .integer(recordedAt)), ("dataset", .string(dataset)),
      ("schema", .string(schema)), ("symbols", .array(symbols.map { .string($0) })),
      ("symbol_type", .string(symbolType)), ("interval_start", .integer(interval.lowerBound)),
      ("interval_end", .integer(interval.upperBound)), ("state", .string(state.rawValue)),
    ]
    for (name, value) in integers { if let value { members.append((name, .integer(value))) } }
    for (name, text) in texts { if let text { members.append((name, .string(text))) } }
    if !contracts.isEmpty { members.append(("contracts", .array(contracts.map(\.json)))) }
    return .object(JSONObject(members))
  }

  /// - Returns: nil where members are missing or make no sense.
  init?(json: JSONValue) {
    guard let recordedAt = json["recorded_at"]?.int64, let dataset = json["dataset"]?.string,
      let schema = json["schema"]?.string, let symbols = json["symbols"]?.array,
      let start = json["interval_start"]?.int64, let end = json["interval_end"]?.int64,
      start <= end, let state = json["state"]?.string.flatMap(CoverageState.init)
    else { return nil }
    self.init(
      dataset: dataset, schema: schema, symbols: symbols.compactMap(\.string),
      symbolType: json["symbol_type"]?.string ?? "raw_symbol", interval: start..<end,
      state: state, table: json["table"]?.string, recordedAt: recordedAt)
    rowCount = json["row_count"]?.int64
    byteCount = json["byte_count"]?.int64
    costNanoUSD = json["cost_usd"]?.int64
    requestID = json["request_id"]?.string
    etag = json["etag"]?.string
    sha256 = json["source_sha256"]?.string
    path = json["source_path"]?.string
    runID = json["run_id"]?.string
    reason = json["reason"]?.string
    contracts = (json["contracts"]?.array ?? []).compactMap { NamedContract(json: $0) }
    settleClaim()
  }

  /// Older ledgers call complete what a file claims.
  mutating func settleClaim() {
    let isOfDownload =
      requestID != nil || costNanoUSD != nil || path?.hasPrefix("\(dataset) \(schema) ") ?? true
    if state == .complete && sha256 != nil && !isOfDownload { state = .claimed }
  }

  /// As a row of `ledger.coverage`.
  var cells: [String: Cell] {
    let list = JSONValue.array(symbols.map { .string($0) })
    var cells: [String: Cell] = [
      "recorded_at": .time(recordedAt), "dataset": .text(dataset), "schema": .text(schema),
      "symbols": .text(list.description), "symbol_type": .text(symbolType),
      "interval_start": .time(interval.lowerBound), "interval_end": .time(interval.upperBound),
      "state": .text(state.rawValue),
    ]
    cells["table"] = table.map { .text($0) }
    cells["row_count"] = rowCount.map { .integer($0) }
    cells["byte_count"] = byteCount.map { .integer($0) }
    cells["cost_usd"] = costNanoUSD.map { .integer($0) }
    cells["request_id"] = requestID.map { .text($0) }
    cells["etag"] = etag.map { .text($0) }
    cells["source_sha256"] = sha256.map { .text($0) }
    cells["source_path"] = path.map { .text($0) }
    cells["run_id"] = runID.map { .text($0) }
    cells["reason"] = reason.map { .text($0) }
    if !contracts.isEmpty {
      cells["contracts"] = .text(JSONValue.array(contracts.map(\.json)).description)
    }
    return cells
  }
}
