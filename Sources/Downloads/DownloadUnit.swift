import Bytes
import Catalog
import Columnar
import Glibc
import Ingest
import Ledger
import Parquet

/// A unit of a download: fetched in one request, and stored as a whole or not at all.
@dynamicMemberLookup
public struct DownloadUnit: Hashable, Sendable {
  /// The request.
  public var request: VendorRequest
  /// Whether the interval is not over yet: more data will come.
  public var isOpen = false
  /// Whether rows of the interval are stored, and will be replaced.
  public var isReplacing = false
  /// Whether those rows came from files: the rows that the vendor lacks are quarantined.
  public var isClaimed = false
  /// Number of stored rows, if the vendor has as many: then nothing is fetched.
  public var agreedCount: Int?
  /// Start of the open stretch that this unit completes.
  public var openStart: Int64?
  /// Stretches that the vendor flags as of lesser quality.
  public var degraded: [Range<Int64>] = []
  /// Estimated price in 10⁻⁹ USD.
  public var costNanoUSD: Int64?
  /// Why the vendor will refuse it, if that is known.
  public var refusal: DownloadRefusal?

  /// A unit; the interval is half-open, in ns since 1970 UTC.
  public init(
    dataset: String, schema: String, symbols: [String], symbolType: String,
    interval: Range<Int64>, table: TableName
  ) {
    request = VendorRequest(
      dataset: dataset, schema: schema, symbols: symbols, symbolType: symbolType,
      interval: interval, table: table)
  }

  /// Members of the request.
  public subscript<Value>(dynamicMember path: WritableKeyPath<VendorRequest, Value>) -> Value {
    get { request[keyPath: path] }
    set { request[keyPath: path] = newValue }
  }

  /// The request in words: `GLBX.MDP3 ohlcv-1s ES.c.0 2024-01-01/2024-02-01`.
  public var name: String { request.name }

  /// Identifies the unit whenever it is requested: a hash of the request.
  public var id: String {
    var hash = SHA256()
    let interval = request.interval
    let parts =
      [
        request.dataset, request.schema, request.symbolType, "\(interval.lowerBound)",
        "\(interval.upperBound)",
      ] + request.symbols
    Array(parts.joined(separator: "\0").utf8).withUnsafeBytes { hash.update($0) }
    return String(hash.finalHex().prefix(32))
  }

  /// Whether both are for one table and may have rows on one date of it.
  func sharesDays(with other: DownloadUnit) -> Bool {
    let day = CivilDate.nanosecondsPerDay
    func days(_ unit: DownloadUnit) -> ClosedRange<Int64> {
      unit.interval.lowerBound / day...(unit.interval.upperBound - 1) / day
    }
    return request.table == other.table && days(self).overlaps(days(other))
  }

  /// The unit, split by symbol.
  var single: [DownloadUnit] {
    request.symbols.map { symbol in
      var unit = self
      unit.request.symbols = [symbol]
      // The estimate was for all symbols.
      unit.costNanoUSD = nil
      unit.refusal = nil
      return unit
    }
  }

  /// The events for the coverage ledger once the rows are stored. The first has the price.
  func events(_ fetched: FetchedUnit) -> [CoverageEvent] {
    let request = request
    let whole = (openStart ?? request.interval.lowerBound)..<request.interval.upperBound
    var timeline = Timeline<CoverageState>()
    timeline.paint(whole, fetched.state ?? (isOpen ? .open : .complete))
    if fetched.state == nil {
      for stretch in degraded { timeline.paint(stretch.clamped(to: whole), .degraded) }
    }
    var events = timeline.stretches.map { stretch in
      var event = CoverageEvent(
        dataset: request.dataset, schema: request.schema, symbols: request.symbols,
        symbolType: request.symbolType, interval: stretch.interval, state: stretch.value,
        table: request.table.description)
      event.requestID = fetched.requestID
      event.etag = fetched.etag
      event.path = name
      event.reason = fetched.reason ?? (stretch.value == .degraded ? CoverageEvent.flagged : nil)
      return event
    }
    if !events.isEmpty {
      events[0].costNanoUSD = fetched.costNanoUSD ?? costNanoUSD
      events[0].byteCount = Int64(fetched.byteCount)
    }
    return events
  }
}

/// The vendor's figures about a fetched unit.
public struct FetchedUnit: Sendable {
  /// nil: complete, or open if the unit is.
  public var state: CoverageState?
  /// The vendor's id of the request.
  public var requestID: String?
  /// The vendor's ETag of the answer.
  public var etag: String?
  /// The actual price in 10⁻⁹ USD, if the vendor tells it.
  public var costNanoUSD: Int64?
  /// Bytes received.
  public var byteCount = 0
  /// Why there is no data.
  public var reason: String?
  /// The vendor's count of records: one number, or a range if the vendor does not count exactly; nil if it
  /// gives none.
  public var announced: ClosedRange<Int>?

  /// Nothing received.
  public init() {}

  /// - Throws: If the number of records differs from the announced one.
  func verify(receivedCount: Int) throws {
    guard let announced, !announced.contains(receivedCount) else { return }
    let count =
      announced.count == 1
      ? "\(announced.lowerBound)" : "\(announced.lowerBound) to \(announced.upperBound)"
    throw DownloadRefusal(
      .badData, "\(receivedCount) records came, and the vendor announced \(count)",
      remedy: "run it again; if it stays so, tell the vendor")
  }
}

/// A vendor, as the download pass uses it.
public protocol DownloadSource: Sendable {
  /// Fetches a unit's body. Called on several threads; `spool.restart` precedes every attempt.
  ///
  /// - Throws: `DownloadRefusal`, or another error that ended the fetch.
  func fetch(_ unit: DownloadUnit, into spool: BodySpool) throws -> FetchedUnit
  /// How rows are made from the body; nil for DBN.
  func rows(of unit: DownloadUnit) -> BodyReader?
  /// The settings of the unit's table, if it is new.
  func table(of unit: DownloadUnit) -> TableSetting
}
