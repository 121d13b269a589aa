import Bytes
import Catalog
import Columnar
import Glibc
import Ingest
import Ledger
import Parquet

/// What is fetched in one go, and stored whole or not at all.
@dynamicMemberLookup
public struct DownloadUnit: Hashable, Sendable {
  /// What is asked.
  public var request: VendorRequest
  /// The interval is not over yet: more will come.
  public var isOpen = false
  /// Rows of the interval are there and are replaced.
  public var isReplacing = false
  /// Those rows are of files: what the vendor's answer lacks of them is set aside.
  public var isClaimed = false
  /// How many rows are there where that is what the vendor has: nothing is to be fetched.
  public var agreedCount: Int?
  /// Where a stretch that was open begins that this unit completes.
  public var openStart: Int64?
  /// Stretches that the vendor flags as of lesser quality.
  public var degraded: [Range<Int64>] = []
  /// What it is estimated to cost, in 10⁻⁹ USD.
  public var costNanoUSD: Int64?
  /// Why the vendor will not give it, where that was found before.
  public var refusal: DownloadRefusal?

  /// One request; the interval is half-open, in ns since 1970 UTC.
  public init(
    dataset: String, schema: String, symbols: [String], symbolType: String,
    interval: Range<Int64>, table: TableName
  ) {
    request = VendorRequest(
      dataset: dataset, schema: schema, symbols: symbols, symbolType: symbolType,
      interval: interval, table: table)
  }

  /// What is asked for.
  public subscript<Value>(dynamicMember path: WritableKeyPath<VendorRequest, Value>) -> Value {
    get { request[keyPath: path] }
    set { request[keyPath: path] = newValue }
  }

  /// In words: `GLBX.MDP3 ohlcv-1s ES.c.0 2024-01-01/2024-02-01`.
  public var name: String { request.name }

  /// What the unit is known by wherever it is asked for again: a hash of what is asked.
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

  /// Whether both are of one table and may have rows on one date of it.
  func sharesDays(with other: DownloadUnit) -> Bool {
    let day = CivilDate.nanosecondsPerDay
    func days(_ unit: DownloadUnit) -> ClosedRange<Int64> {
      unit.interval.lowerBound / day...(unit.interval.upperBound - 1) / day
    }
    return request.table == other.table && days(self).overlaps(days(other))
  }

  /// The unit once for each of its symbols.
  var single: [DownloadUnit] {
    request.symbols.map { symbol in
      var unit = self
      unit.request.symbols = [symbol]
      // The estimate was for all of them.
      unit.costNanoUSD = nil
      unit.refusal = nil
      return unit
    }
  }

  /// What the coverage ledger is told once the rows are in. The first says what it cost.
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

/// What a vendor said when a unit was fetched.
public struct FetchedUnit: Sendable {
  /// nil: complete, or open where the unit is.
  public var state: CoverageState?
  /// The vendor's name for the request.
  public var requestID: String?
  /// The vendor's mark of what came.
  public var etag: String?
  /// What it really cost, where the vendor says so, in 10⁻⁹ USD.
  public var costNanoUSD: Int64?
  /// Bytes that came.
  public var byteCount = 0
  /// Why nothing came.
  public var reason: String?
  /// How many records the vendor says that there are: one number, or two between which it is, where
  /// the vendor does not count exactly; nil where it says nothing.
  public var announced: ClosedRange<Int>?

  /// Nothing came.
  public init() {}

  /// - Throws: Where another number of records came than was announced.
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

/// A vendor, as the download pass needs it.
public protocol DownloadSource: Sendable {
  /// Fetches a unit's body. Called on any of several threads; `spool.restart` comes before every attempt.
  ///
  /// - Throws: `DownloadRefusal`, or what ended it.
  func fetch(_ unit: DownloadUnit, into spool: BodySpool) throws -> FetchedUnit
  /// What makes rows of the body; nil where it is DBN.
  func rows(of unit: DownloadUnit) -> BodyReader?
  /// How the unit's table is made, if it does not exist yet.
  func table(of unit: DownloadUnit) -> TableSetting
}
