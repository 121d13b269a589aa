import Bytes
import Catalog
import Columnar
import Glibc
import Market

/// What is fetched in one go, and stored whole or not at all.
public struct DownloadUnit: Hashable, Sendable {
  /// Vendor's dataset, like `GLBX.MDP3`.
  public var dataset: String
  /// Record kind, like `ohlcv-1s`.
  public var schema: String
  /// As they are asked for, sorted.
  public var symbols: [String]
  /// Kind of the symbols, like `raw_symbol` or `continuous`.
  public var symbolType: String
  /// Half-open, in ns since 1970 UTC.
  public var interval: Range<Int64>
  public var table: TableName
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

  public init(
    dataset: String, schema: String, symbols: [String], symbolType: String,
    interval: Range<Int64>, table: TableName
  ) {
    self.dataset = dataset
    self.schema = schema
    self.symbols = symbols.sorted()
    self.symbolType = symbolType
    self.interval = interval
    self.table = table
  }

  /// In words: `GLBX.MDP3 ohlcv-1s ES.c.0 2024-01-01/2024-02-01`.
  public var name: String {
    let symbolText =
      symbols.count <= 3
      ? symbols.joined(separator: ",") : "\(symbols[0]),… (\(symbols.count) symbols)"
    return "\(dataset) \(schema) \(symbolText) \(Self.text(interval))"
  }

  /// An interval in words: dates where it is whole days of UTC.
  static func text(_ interval: Range<Int64>) -> String {
    func text(_ time: Int64) -> String {
      let nanosecondsPerDay: Int64 = 86_400_000_000_000
      if time % nanosecondsPerDay == 0 {
        return CivilDate(daysSinceEpoch: Int(time / nanosecondsPerDay)).iso
      }
      return TimeText.iso(nanoseconds: time, digits: time % 1_000_000_000 == 0 ? 0 : 9)
    }
    return text(interval.lowerBound) + "/" + text(interval.upperBound)
  }

  /// What the unit is known by wherever it is asked for again: a hash of what is asked.
  public var id: String {
    var hash = SHA256()
    let parts =
      [dataset, schema, symbolType, "\(interval.lowerBound)", "\(interval.upperBound)"] + symbols
    Array(parts.joined(separator: "\0").utf8).withUnsafeBytes { hash.update($0) }
    return String(hash.finalHex().prefix(32))
  }

  /// Whether both are of one table and may have rows on one date of it.
  func sharesDays(with other: DownloadUnit) -> Bool {
    let day: Int64 = 86_400_000_000_000
    func days(_ unit: DownloadUnit) -> ClosedRange<Int64> {
      unit.interval.lowerBound / day...(unit.interval.upperBound - 1) / day
    }
    return table == other.table && days(self).overlaps(days(other))
  }

  /// The unit once for each of its symbols.
  var single: [DownloadUnit] {
    symbols.map { symbol in
      var unit = self
      unit.symbols = [symbol]
      // The estimate was for all of them.
      unit.costNanoUSD = nil
      unit.refusal = nil
      return unit
    }
  }

  /// What the coverage ledger is told once the rows are in. The first says what it cost.
  func events(_ fetched: FetchedUnit) -> [CoverageEvent] {
    let whole = (openStart ?? interval.lowerBound)..<interval.upperBound
    var timeline = Timeline<CoverageState>()
    timeline.paint(whole, fetched.state ?? (isOpen ? .open : .complete))
    if fetched.state == nil {
      for stretch in degraded { timeline.paint(stretch.clamped(to: whole), .degraded) }
    }
    var events = timeline.stretches.map { stretch in
      var event = CoverageEvent(
        dataset: dataset, schema: schema, symbols: symbols, symbolType: symbolType,
        interval: stretch.interval, state: stretch.value, table: table.description)
      event.requestID = fetched.requestID
      event.etag = fetched.etag
      event.path = name
      event.reason = fetched.reason ?? (stretch.value == .degraded ? "flagged by the vendor" : nil)
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
  public var requestID: String?
  public var etag: String?
  /// What it really cost, where the vendor says so, in 10⁻⁹ USD.
  public var costNanoUSD: Int64?
  public var byteCount = 0
  public var reason: String?
  /// How many records the vendor says that there are: one number, or two between which it is, where
  /// the vendor does not count exactly; nil where it says nothing.
  public var announced: ClosedRange<Int>?

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
  func fetch(_ unit: DownloadUnit, into spool: DownloadSpool) throws -> FetchedUnit
  /// What makes rows of the body; nil where it is DBN.
  func rows(of unit: DownloadUnit) -> BodyReader?
  /// How the unit's table is made, if it does not exist yet.
  func table(of unit: DownloadUnit) -> DownloadTable
}

/// Makes rows of a body that is not DBN.
public struct BodyReader {
  let open: (_ supply: any ByteSupply, _ schema: TableSchema) throws -> any RowSource

  public init(
    _ open: @escaping (_ supply: any ByteSupply, _ schema: TableSchema) throws -> any RowSource
  ) {
    self.open = open
  }
}

/// How a table that downloads fill is made.
public struct DownloadTable: Hashable, Sendable {
  /// Zone of its partition dates.
  public var timeZone: String
  public var properties: [String: String]

  public init(timeZone: String = "UTC", properties: [String: String] = [:]) {
    self.timeZone = timeZone
    self.properties = properties
  }
}

/// Why a vendor gives nothing, where that is no reason to stop the others.
public struct DownloadRefusal: LakeError, Hashable {
  public enum Kind: Hashable, Sendable {
    /// The plan does not include it.
    case notEntitled
    /// The request makes no sense to the vendor, such as an unknown symbol.
    case rejected
    /// The vendor says that there is nothing.
    case empty
    /// The data are bad.
    case badData
    /// The vendor does not know the key: nothing else will work either.
    case unauthorized
  }

  public var kind: Kind
  public var message: String
  public var placeText: String?
  public var remedy: String?

  public init(_ kind: Kind, _ message: String, place: String? = nil, remedy: String? = nil) {
    self.kind = kind
    self.message = message
    placeText = place
    self.remedy = remedy
  }
}
