import JSON
import Market
import Platform

/// What is known about an interval of some symbols.
public enum CoverageState: String, Hashable, Sendable, CaseIterable {
  /// A file claims to be of this interval, by its header or its first and last row; whether that is all the
  /// vendor has was not checked.
  case claimed
  /// The table has everything that the vendor has: as many records as it announced.
  case complete
  /// The interval was not over when it was fetched: it is completed next time.
  case open
  /// The vendor has nothing, although the subscription covers it.
  case empty
  /// Like `complete`, but the vendor flags the data as of lesser quality.
  case degraded
  /// The subscription does not include it.
  case notEntitled = "not_entitled"
  case failed
  /// The rows were stored, and removed on purpose.
  case purged
  /// The rows were stored, and the table was restored to a version without them.
  case undone

  /// Whether the state means that the rows are in the table, or that there are none.
  public var saysRowsAreThere: Bool {
    switch self {
    case .notEntitled, .failed, .purged, .undone: false
    default: true
    }
  }

  /// Whether the state depends on rows in the table.
  package var restsOnRows: Bool { saysRowsAreThere && self != .empty }

  /// Whether the rows of the interval are in the table, if there are any.
  public var isStored: Bool { self == .complete || self == .degraded || self == .empty }
}

/// One event of the coverage ledger: what happened to an interval of some symbols.
///
/// Events are only added; the last one for an interval is its state.
public struct CoverageEvent: Hashable, Sendable {
  /// When it was recorded, in ns since 1970 UTC; whole microseconds.
  public var recordedAt: Int64
  /// Vendor's dataset, like `GLBX.MDP3`.
  public var dataset: String
  /// Record kind, like `ohlcv-1s`.
  public var schema: String
  /// Sorted.
  public var symbols: [String]
  /// Type of the symbols in the vendor's spelling, like `raw_symbol` or `continuous`.
  public var symbolType: String
  /// Half-open, in ns since 1970 UTC.
  public var interval: Range<Int64>
  /// The result of the request.
  public var state: CoverageState
  /// Table that holds the rows.
  public var table: String?
  /// Rows received; nil if unknown.
  public var rowCount: Int64?
  /// Size of the source, as received.
  public var byteCount: Int64?
  /// Price in 10⁻⁹ USD.
  public var costNanoUSD: Int64?
  /// The vendor's id of the request.
  public var requestID: String?
  /// The vendor's ETag of the answer.
  public var etag: String?
  /// SHA-256 of the decompressed source.
  public var sha256: String?
  /// Path of the source as given by the user, or the request in words.
  public var path: String?
  /// The run that made the request.
  public var runID: String?
  /// Why the state is not complete.
  public var reason: String?
  /// The reason of a claim that rests only on a file's rows: a symbol may end in the file without being
  /// incomplete.
  package static let symbolsOfRows = "the symbols of a file's rows"
  /// The reason of data that the vendor flags as of lesser quality.
  package static let flagged = "flagged by the vendor"
  /// The contracts that the names in `symbols` stood for, if they are not raw symbols.
  public var contracts: [NamedContract] = []

  /// The result of a request.
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
  /// The type by its name in ledgers: the vendor's, or the one that older ledgers have for files, like
  /// `rawSymbol`.
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
  /// Two records with equal identity are the same event, independent of their writer and location: all members
  /// except the run. An event keeps its time when it is copied from a commit to a journal and from there to the
  /// table.
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

  /// The event for a journal's line, and for `commitInfo`; times in ns.
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

  /// - Returns: nil if members are missing or invalid.
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

  /// Older ledgers record what a file claims as complete.
  mutating func settleClaim() {
    let isOfDownload =
      requestID != nil || costNanoUSD != nil || path?.hasPrefix("\(dataset) \(schema) ") ?? true
    if state == .complete && sha256 != nil && !isOfDownload { state = .claimed }
  }

  /// The event as a row of `ledger.coverage`.
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
