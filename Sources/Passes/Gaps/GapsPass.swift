import Catalog
import Columnar
import Ledger
import Market
import Tables

/// Explains every gap of a table: compares what the exchange calendar expects with the rows and the ledger.
///
/// Reads two columns, one partition at a time: memory grows with the symbols of a day, not with the table.
public struct GapsPass {
  private let lake: Lake
  private let source: GapSource
  private let options: GapOptions
  private let calendars: DatasetCalendars
  private let observer: any PassObserver

  /// - Throws: If the table cannot be read.
  public init(
    lake: Lake, table: LakeTable, ledger: CoverageLedger, options: GapOptions,
    observer: any PassObserver = NoObserver()
  ) throws {
    self.lake = lake
    self.options = options
    self.observer = observer
    source = try GapSource(table, lake: lake, ledger: ledger)
    calendars = try DatasetCalendars(in: lake)
  }

  /// Finds gaps, and calls `tell` with each.
  public func run(_ tell: @escaping (Gap) throws -> Void) throws -> GapReport {
    var report = GapReport(table: source.table.displayName)
    guard source.depth != .nothing, let range = try range() else { return report }
    report.range = range
    // Symbols of one dataset may have several calendars: one scan each.
    var waiting = try firstCalendars()
    var done: Set<String> = []
    while let name = waiting.min() {
      waiting.remove(name)
      done.insert(name)
      let calendar = try ExchangeCalendar.named(name, in: lake)
      let scan = GapScan(
        source: source, calendar: calendar, options: options,
        range: known(range, by: calendar), observer: observer,
        tell: tell, calendarName: { try calendarName(symbol: $0) })
      try scan.run(&report)
      report.calendars.append(calendar.name)
      waiting.formUnion(scan.otherCalendars.subtracting(done))
      if report.isInterrupted { break }
    }
    return report
  }

  /// The range to check: as asked, else as far as the table and the ledger reach; never the future.
  private func range() throws -> Range<Int64>? {
    let known = source.knownExtent
    guard let start = options.start ?? known?.lowerBound else { return nil }
    let end = min(options.end ?? known?.upperBound ?? options.now, options.now)
    return start < end ? start..<end : nil
  }

  /// The part of a range that a calendar covers; a range that was asked for must be covered whole.
  private func known(_ range: Range<Int64>, by calendar: ExchangeCalendar) -> Range<Int64> {
    let day = CivilDate.nanosecondsPerDay
    let first = Int64(calendar.firstDate.daysSinceEpoch) * day
    let end = Int64(calendar.lastDate.daysSinceEpoch + 1) * day
    let start = max(range.lowerBound, options.start ?? first)
    return start..<max(start, min(range.upperBound, options.end ?? end))
  }

  private func firstCalendars() throws -> Set<String> {
    let symbols = source.knownSymbols.keys.filter {
      options.symbols.isEmpty || options.symbols.contains($0)
    }
    let names = try Set((symbols + options.symbols).map { try calendarName(symbol: $0) })
    return names.isEmpty ? [try calendarName(symbol: nil)] : names
  }

  private func calendarName(symbol: String?) throws -> String {
    if let named = options.calendar { return named }
    if let name = calendars.name(dataset: source.dataset, symbol: symbol) { return name }
    let what = source.dataset.isEmpty ? "no dataset" : "dataset '\(source.dataset)'"
    throw PassError(
      .input, "no calendar is known for table '\(source.table.displayName)' of \(what)",
      place: source.table.path,
      remedy: "--calendar XNYS, or a line in the lake's schemas/calendars/datasets.yaml")
  }
}
