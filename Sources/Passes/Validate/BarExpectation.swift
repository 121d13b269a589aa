import Catalog
import Columnar
import Market
import Synchronization

/// What is expected of bars.
struct BarExpectation: Sendable {
  /// How long they are; nil where nothing tells.
  var interval: Interval?
  /// In which dates begin, and bars of days; more than one where nothing tells which.
  var zones = [TimeZoneRules.utc]
  /// Whose sessions each symbol has.
  var calendars = SymbolCalendars()
  /// Whether prices may be below zero, as spreads' and some futures' are.
  var allowsNegative = true

  /// Datasets whose instruments have no price below zero.
  private static let positive = [
    "XNAS", "XNYS", "XASE", "XBOS", "XPSX", "XCHI", "XCIS", "ARCX", "BATS", "BATY", "EDGA", "EDGX",
    "IEXG", "MEMX", "EPRL",
    "EQUS", "DBEQ", "OPRA", "MASSIVE",
  ]

  /// Whether a dataset's prices may be below zero: what is not known may.
  static func allowsNegative(dataset: String) -> Bool {
    let head = dataset.uppercased().prefix { $0 != "." && $0 != "_" }
    return !positive.contains(String(head))
  }
}

/// The calendars of symbols, each read once.
final class SymbolCalendars: Sendable {
  private let lake: Lake?
  private let dataset: String
  private let named: String?
  private let datasets: DatasetCalendars?
  private let known = Mutex<[String: ExchangeCalendar]>([:])

  /// No symbol has one.
  init() {
    (lake, dataset, named, datasets) = (nil, "", nil, nil)
  }

  /// - Parameters:
  ///   - lake: Whose own calendars are looked at first.
  ///   - named: The calendar of all symbols; nil for those of the dataset.
  init(lake: Lake?, dataset: String, named: String?) throws {
    self.lake = lake
    self.dataset = dataset
    self.named = named
    datasets = try DatasetCalendars(in: lake)
    if let named { _ = try calendar(named) }
  }

  /// nil where none is known.
  func calendar(ofSymbol symbol: String) throws -> ExchangeCalendar? {
    guard let name = named ?? datasets?.name(dataset: dataset, symbol: symbol) else { return nil }
    return try calendar(name)
  }

  private func calendar(_ name: String) throws -> ExchangeCalendar {
    if let own = known.withLock({ $0[name] }) { return own }
    let own = try ExchangeCalendar.named(name, in: lake)
    known.withLock { $0[name] = own }
    return own
  }
}

/// Tells whether times are aligned to an interval, without dividing.
struct Alignment {
  private let length: UInt64
  private let reciprocal: UInt64
  private let zones: [TimeZoneRules]
  private let isOfDays: Bool

  /// - Parameter interval: Of bars that divide a day, or of days.
  init(_ interval: Interval, zones: [TimeZoneRules]) {
    length = UInt64(max(1, interval.nanoseconds))
    reciprocal = UInt64.max / length
    self.zones = zones
    isOfDays = interval.nanoseconds >= CivilDate.nanosecondsPerDay
  }

  /// Whether a time is a multiple of the interval since 1970 UTC; false for some others too.
  @inline(__always)
  func isPlain(_ time: Int64) -> Bool {
    let bits = UInt64(bitPattern: time)
    // The quotient, or one less.
    let quotient = bits.multipliedFullWidth(by: reciprocal).high
    let rest = bits &- quotient &* length
    return time >= 0 && (rest == 0 || rest == length)
  }

  /// Whether a bar may begin at a time: by the clock of UTC or of a zone.
  func holds(_ time: Int64) -> Bool {
    let length = isOfDays ? CivilDate.nanosecondsPerDay : Int64(length)
    if time % length == 0 { return true }
    return zones.contains { zone in
      let start = zone.startOfDay(zone.localDay(nanoseconds: time))
        .multipliedReportingOverflow(by: 1_000_000_000).partialValue
      return isOfDays ? start == time : (time &- start) % length == 0
    }
  }
}
