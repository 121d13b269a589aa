import Catalog
import Columnar
import Ledger
import Market
import Parquet

/// A request for data of a vendor.
public struct DownloadRequest: Sendable {
  /// The vendor's dataset.
  public var dataset: String
  /// Record kind, like `ohlcv-1s`.
  public var schema: String
  /// The requested symbols.
  public var symbols: [String]
  /// Type of the symbols, like `raw_symbol` or `continuous`.
  public var symbolType: String
  /// Half-open, in ns since 1970 UTC.
  public var interval: Range<Int64>
  /// The table for the rows.
  public var table: TableName
  /// How the interval is cut into units.
  public var cut: DownloadCut
  /// Symbols per unit at most.
  public var groupMax: Int
  /// End of the vendor's data now; later data will come. nil: all are available.
  public var availableEnd: Int64?
  /// Whether open stretches are fetched again as a whole, rather than from where they ended.
  public var refetchesOpen: Bool

  /// A user's request; the interval is half-open, in ns since 1970 UTC.
  public init(
    dataset: String, schema: String, symbols: [String], symbolType: String,
    interval: Range<Int64>, table: TableName, cut: DownloadCut, groupMax: Int = 1,
    availableEnd: Int64? = nil, refetchesOpen: Bool = false
  ) {
    self.dataset = dataset
    self.schema = schema
    self.symbols = symbols
    self.symbolType = symbolType
    self.interval = interval
    self.table = table
    self.cut = cut
    self.groupMax = groupMax
    self.availableEnd = availableEnd
    self.refetchesOpen = refetchesOpen
  }
}

/// How requests are cut: at calendar days or months of a zone.
public struct DownloadCut: Sendable {
  /// Length of a unit.
  public enum Length: Hashable, Sendable { case day, month }

  /// Length of a unit.
  public var length: Length
  /// Zone of the days.
  public var zone: TimeZoneRules

  /// How an interval is cut into requests.
  public init(_ length: Length, zone: TimeZoneRules) {
    self.length = length
    self.zone = zone
  }

  /// The interval, cut into units, in order.
  public func pieces(_ interval: Range<Int64>) -> [Range<Int64>] {
    var pieces: [Range<Int64>] = []
    var start = interval.lowerBound
    while start < interval.upperBound {
      let end = min(boundary(after: start), interval.upperBound)
      pieces.append(start..<end)
      start = end
    }
    return pieces
  }

  /// Start of the day of an instant.
  public func startOfDay(_ time: Int64) -> Int64 {
    start(zone.localDay(nanoseconds: time))
  }

  /// The whole days that an interval touches.
  func days(_ interval: Range<Int64>) -> Range<Int64> {
    let last = zone.localDay(nanoseconds: interval.upperBound - 1)
    return startOfDay(interval.lowerBound)..<start(last + 1)
  }

  private func start(_ day: Int) -> Int64 { zone.startOfDay(day) * 1_000_000_000 }

  private func boundary(after time: Int64) -> Int64 {
    let day = zone.localDay(nanoseconds: time)
    switch length {
    case .day: return start(day + 1)
    case .month:
      let date = CivilDate(daysSinceEpoch: day)
      let isDecember = date.month == 12
      let next = CivilDate(
        year: isDecember ? date.year + 1 : date.year, month: isDecember ? 1 : date.month + 1,
        day: 1)
      return start((next ?? CivilDate(daysSinceEpoch: day + 31)).daysSinceEpoch)
    }
  }
}

/// What is fetched again although it is known.
public struct DownloadSelection: Sendable {
  /// Whether everything is fetched again, replacing stored rows.
  public var isForced = false
  /// States that are requested again.
  public var rechecked: Set<CoverageState> = []
  /// Whether only failed intervals are fetched.
  public var isFailedOnly = false
  /// Whether purged intervals are fetched.
  public var restoresPurged = false
  /// Intervals that the vendor changed after they were fetched; they are replaced.
  public var changed: [Range<Int64>] = []

  /// Fetches nothing that is known.
  public init() {}
}

/// What a download will fetch: the request minus what is covered.
public struct DownloadPlan: Sendable {
  /// In order of time.
  public var units: [DownloadUnit] = []
  /// What is covered, or not available.
  public var known = KnownCoverage()

  /// Nothing to fetch.
  public init() {}

  /// Plans a request.
  public init(
    _ request: DownloadRequest, ledger: CoverageLedger, selection: DownloadSelection
  ) {
    let end = min(request.interval.upperBound, request.availableEnd ?? .max)
    guard request.interval.lowerBound < end else { return }
    let interval = request.interval.lowerBound..<end
    var groups: [Piece: [String]] = [:]
    for symbol in Set(request.symbols).sorted() {
      let stretches = ledger.stretches(
        dataset: request.dataset, schema: request.schema, symbolType: request.symbolType,
        symbol: symbol, table: request.table.description)
      for stretch in stretches where stretch.interval.overlaps(interval) {
        let share = stretch.interval.clamped(to: interval)
        known.add(symbol, share, stretch.state)
      }
      for piece in Self.pieces(request, interval, stretches, selection) {
        groups[piece, default: []].append(symbol)
      }
    }
    for (piece, symbols) in groups {
      for start in stride(from: 0, to: symbols.count, by: max(1, request.groupMax)) {
        let group = symbols[start..<min(start + max(1, request.groupMax), symbols.count)]
        var unit = DownloadUnit(
          dataset: request.dataset, schema: request.schema, symbols: Array(group),
          symbolType: request.symbolType, interval: piece.interval, table: request.table)
        unit.isReplacing = piece.isReplacing || piece.isClaimed
        unit.isClaimed = piece.isClaimed
        unit.openStart = piece.openStart
        unit.isOpen =
          request.availableEnd.map {
            piece.interval.upperBound >= $0 && request.cut.startOfDay($0) != $0
          } ?? false
        units.append(unit)
      }
    }
    units.sort {
      ($0.interval.lowerBound, $0.interval.upperBound, $0.symbols[0])
        < ($1.interval.lowerBound, $1.interval.upperBound, $1.symbols[0])
    }
    splitOpen(request)
  }

  /// Marks stretches that the vendor flags as of lesser quality.
  public mutating func mark(degraded: [Range<Int64>]) {
    for index in units.indices {
      let interval = units[index].openStart.map { $0..<units[index].interval.upperBound }
      let whole = interval ?? units[index].interval
      units[index].degraded = degraded.filter { $0.overlaps(whole) }
    }
  }

  /// A stretch of one symbol to fetch.
  private struct Piece: Hashable {
    var interval: Range<Int64>
    var isReplacing: Bool
    /// Whether files claim a part of it.
    var isClaimed: Bool
    var openStart: Int64?
  }

  private static func pieces(
    _ request: DownloadRequest, _ interval: Range<Int64>, _ stretches: [CoverageLedger.Stretch],
    _ selection: DownloadSelection
  ) -> [Piece] {
    var wanted = Timeline<Wish>()
    wanted.paint(interval, selection.isFailedOnly ? .no : .fetch)
    let known = stretches.filter { $0.interval.overlaps(interval) }
    let claims = known.filter { $0.state == .claimed }
    // A claim is checked in whole days, since a file's first and last row are rarely a day's.
    for claim in claims {
      let days = request.cut.days(claim.interval).clamped(to: interval)
      wanted.paint(days, wish(claim, request, selection))
    }
    for stretch in known where stretch.state != .claimed {
      let share = stretch.interval.clamped(to: interval)
      wanted.paint(share, wish(stretch, request, selection))
    }
    for change in selection.changed where change.overlaps(interval) {
      wanted.paint(change.clamped(to: interval), .replace)
    }
    for claim in claims {
      wanted.paint(claim.interval.clamped(to: interval), wish(claim, request, selection))
    }
    var pieces: [Piece] = []
    for stretch in wanted.merged() where stretch.value != .no {
      // Start of the open stretch that this one completes.
      var openStart: Int64?
      if stretch.value == .fetch {
        openStart =
          stretches.first {
            $0.state == .open && $0.interval.upperBound == stretch.interval.lowerBound
          }?.interval.lowerBound
      }
      for part in request.cut.pieces(stretch.interval) {
        let isFirst = part.lowerBound == stretch.interval.lowerBound
        pieces.append(
          Piece(
            interval: part, isReplacing: stretch.value == .replace,
            isClaimed: stretch.value == .claim,
            openStart: isFirst ? openStart : nil))
      }
    }
    return pieces
  }

  private enum Wish: Hashable, Sendable { case no, fetch, replace, claim }

  private static func wish(
    _ stretch: CoverageLedger.Stretch, _ request: DownloadRequest, _ selection: DownloadSelection
  ) -> Wish {
    let state = stretch.state
    if state == .purged { return selection.restoresPurged ? .fetch : .no }
    if selection.isForced { return .replace }
    if state == .failed { return .fetch }
    if selection.isFailedOnly { return .no }
    if state == .undone { return .fetch }
    if state == .claimed { return .claim }
    if selection.rechecked.contains(state) { return .fetch }
    if state == .open { return request.refetchesOpen ? .replace : .no }
    return .no
  }

  /// Makes the current day a unit of its own, so that the days before it are complete.
  private mutating func splitOpen(_ request: DownloadRequest) {
    units = units.flatMap { unit -> [DownloadUnit] in
      guard unit.isOpen, let end = request.availableEnd else { return [unit] }
      let day = request.cut.startOfDay(end)
      guard unit.interval.lowerBound < day else { return [unit] }
      var complete = unit
      complete.isOpen = false
      complete.interval = unit.interval.lowerBound..<day
      var open = unit
      open.openStart = nil
      open.interval = day..<unit.interval.upperBound
      return [complete, open]
    }
  }
}
