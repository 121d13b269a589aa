import Catalog
import Columnar
import Market
import Parquet
import Platform
import Synchronization
import Tables

/// A table of ticks that bars are made of.
struct TradeInput: Sendable {
  let stored: StoredInput
  let columns: TradeColumns
}

/// Makes bars: all intervals of a date while reading its ticks once.
final class BarsJob: DerivePass, @unchecked Sendable {
  // Guarded by locks, or immutable after `init`.
  let identity = (name: BarsPass.name, version: BarsPass.version)
  let targets: [StagedTarget]
  private let cuts: [TradeBars.Cut]
  private let parameterTexts: [String]
  private let sources: [TradeInput]
  private let rules: BarRules
  private let zone: TimeZoneRules
  private let staging: StagingSession
  private let observer: any PassObserver
  private let syncer = FileSyncer()
  private let counted = Mutex(TradeTally())
  /// Input dates whose records are counted by somebody.
  private let claimed = Mutex<Set<String>>([])
  private let emptyDates = Mutex<Set<String>>([])

  /// - Parameters:
  ///   - targets: With the interval of each, and all of its parameters as a text.
  ///   - zone: Of the dates of all tables.
  init(
    _ sources: [TradeInput], targets: [(table: StagedTarget, cut: TradeBars.Cut, text: String)],
    rules: BarRules, zone: TimeZoneRules, staging: StagingSession, observer: any PassObserver
  ) {
    self.sources = sources
    self.targets = targets.map(\.table)
    cuts = targets.map(\.cut)
    parameterTexts = targets.map(\.text)
    self.rules = rules
    self.zone = zone
    self.staging = staging
    self.observer = observer
  }

  var inputs: [any DeriveInput] { sources.map(\.stored) }
  var rowsRead: Int? { tally.recordCount }
  /// What became of the records that were read.
  var tally: TradeTally { counted.withLock { $0 } }
  /// Dates that were read and had no trade that counts.
  var datesWithoutTrades: [String] { emptyDates.withLock { $0.sorted() } }

  func parameters(of target: Int) -> String { parameterTexts[target] }

  var commitParameters: [(name: String, value: String)] {
    [
      ("pass", BarsPass.name),
      ("source", sources.map(\.stored.name.description).joined(separator: ",")),
      ("sourceVersion", sources.map { "\($0.stored.version)" }.joined(separator: ",")),
    ]
  }

  func sync() throws { try syncer.finish() }

  /// Removes what is left in staging.
  func finish() { staging.finish() }

  // MARK: - What depends on what

  /// Bars of sessions belong to the date of the session, which begins the evening before at some exchanges.
  private func hasOwnDates(_ target: Int) -> Bool {
    guard case .day = cuts[target] else { return false }
    if case .all = rules.hours { return false }
    return true
  }

  private func instants(_ day: Int) -> Range<Int64> {
    zone.startOfDay(day) * 1_000_000_000..<zone.startOfDay(day + 1) * 1_000_000_000
  }

  func units(dependingOn date: String, input: Int, target: Int) -> [String] {
    guard hasOwnDates(target), let day = CivilDate(iso: date)?.daysSinceEpoch else { return [date] }
    // A calendar that does not know the date is reported when the date is read.
    let days = (try? TradeSessions(rules.hours).days(overlapping: instants(day))) ?? []
    return days.isEmpty ? [date] : days.map { CivilDate(daysSinceEpoch: $0).iso }
  }

  func uses(of date: String, target: Int) -> [InputUse] {
    dates(of: date, target).flatMap { date in
      sources.indices.map { InputUse(input: $0, date: date) }
    }
  }

  /// The input dates of a unit, ascending.
  private func dates(of date: String, _ target: Int) -> [String] {
    guard hasOwnDates(target), let day = CivilDate(iso: date)?.daysSinceEpoch,
      let window = sessionWindow(day)
    else { return [date] }
    let days =
      zone.localDay(
        nanoseconds: window.lowerBound)...zone.localDay(
        nanoseconds: window.upperBound - 1)
    return days.map { CivilDate(daysSinceEpoch: $0).iso }
  }

  private func sessionWindow(_ day: Int) -> Range<Int64>? {
    // As in `units`.
    guard let stretches = try? TradeSessions(rules.hours).stretches(of: day),
      let first = stretches.first, let last = stretches.last
    else { return nil }
    return first.lowerBound..<last.upperBound
  }

  // MARK: - Making

  typealias Made = Result<(StagedSegment?, [Conserved]), any Error>

  func make(_ date: String, targets: [Int], keep: (Int, Made) -> Void) throws {
    guard let day = CivilDate(iso: date)?.daysSinceEpoch else {
      throw PassError(.input, "'\(date)' is no date", place: sources.first?.stored.root)
    }
    let sessions = TradeSessions(rules.hours)
    let makers = targets.map { maker($0, day, sessions) }
    let cursors = try cursors(date, targets, makers, sessions)
    let series = TradeSeries()
    try TradeReading(cursors: cursors.map(\.cursor), rules: rules, isOneInput: sources.count == 1)
      .run(series) {
        batch, rows in
        observer.didProcess(rowCount: rows.count)
        if observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
        for maker in makers { maker.add(batch, rows, seriesCount: series.members.count) }
      } endSymbol: {
        for maker in makers { maker.endSymbol(series) }
      }
    var tally = TradeTally()
    for (cursor, counts) in cursors where counts { tally.add(cursor.tally) }
    counted.withLock { [tally] in $0.add(tally) }
    for maker in makers {
      let made = maker.finish(series)
      if case .success((let segment, _)) = made {
        if let segment {
          syncer.add(segment.path)
        } else {
          emptyDates.withLock { _ = $0.insert(date) }
        }
      }
      keep(maker.target, made)
    }
  }

  private func maker(_ target: Int, _ day: Int, _ sessions: TradeSessions) -> Maker {
    let window = hasOwnDates(target) ? sessionWindow(day) ?? 0..<0 : instants(day)
    let bars = TradeBars(cuts[target], window: window, sessions: sessions) { [zone] in
      zone.startOfDay($0) * 1_000_000_000
    }
    bars.origin = instants(day).lowerBound
    return Maker(
      target, bars, window: window, sink: sink(target, day), hasSessions: rules.hasSessions)
  }

  private func sink(_ target: Int, _ day: Int) -> TradeBarSink {
    let schema = targets[target].definition.schema
    var options = WriterOptions()
    options.sortingColumns = schema.sortingColumns(3)
    let name = "\(cuts[target].name)-\(CivilDate(daysSinceEpoch: day).iso)"
    return TradeBarSink(
      fields: schema.fileFields, implied: schema.impliedColumns, options: options, date: day
    ) { [staging, options] in
      let run = try staging.run()
      return try SegmentWriter(
        directory: run.directory, fileName: "part-\(run.id)-\(name)" + SegmentWriter.suffix,
        day: schema.period.start(ofDay: day), columns: schema.fileFields.map { WriterColumn($0) },
        options: options)
    }
  }

  private func cursors(
    _ date: String, _ due: [Int], _ makers: [Maker], _ sessions: TradeSessions
  ) throws -> [(cursor: TradeCursor, counts: Bool)] {
    let windows = makers.map(\.window).filter { !$0.isEmpty }
    let from = windows.map(\.lowerBound).min() ?? 0
    var window = from..<(windows.map(\.upperBound).max() ?? from)
    if let times = try sessionTimes(date, due) { window = window.clamped(to: times) }
    var files: [(TradeInput, SegmentReader, Range<Int64>, isMixed: Bool, counts: Bool)] = []
    for date in Set(due.flatMap { dates(of: date, $0) }).sorted() {
      guard let day = CivilDate(iso: date)?.daysSinceEpoch else { continue }
      // The ticks of an evening are read for two dates of an exchange, and counted once.
      let counts = claimed.withLock { $0.insert(date).inserted }
      for source in sources {
        let isMixed = source.stored.times(of: date) != nil
        for reader in try source.stored.readers(of: date) {
          files.append((source, reader, instants(day), isMixed, counts))
        }
      }
    }
    // Files of different dates have no trade in common.
    let hasTies = Dictionary(grouping: files) { $0.2 }.contains { $0.value.count > 1 }
    return try files.map { source, reader, date, isMixed, counts in
      let cursor = try TradeCursor(
        reader, columns: source.columns, date: date, window: window, sessions: sessions,
        isMixed: isMixed, hasTies: hasTies, counts: counts)
      return (cursor, counts)
    }
  }

  /// The time in which trades of a date can count at all.
  private func sessionTimes(_ date: String, _ due: [Int]) throws -> Range<Int64>? {
    if !rules.hasSessions || due.contains(where: hasOwnDates) { return nil }
    guard let day = CivilDate(iso: date)?.daysSinceEpoch else { return nil }
    let sessions = TradeSessions(rules.hours)
    let stretches = try sessions.days(overlapping: instants(day)).flatMap {
      try sessions.stretches(of: $0)
    }
    guard let from = stretches.map(\.lowerBound).min(), let to = stretches.map(\.upperBound).max()
    else { return 0..<0 }
    return from..<to
  }
}

extension TradeBars.Cut {
  /// As in the name of a file.
  var name: String {
    switch self {
    case .day: "1d"
    case .interval(let nanoseconds): "\(nanoseconds / 1_000_000_000)s"
    }
  }
}

/// Makes the bars of one unit.
private final class Maker {
  let target: Int
  let window: Range<Int64>
  private let bars: TradeBars
  private let sink: TradeBarSink
  private let hasSessions: Bool
  /// Why there are no bars; others may still be made.
  private var failure: (any Error)?

  init(
    _ target: Int, _ bars: TradeBars, window: Range<Int64>, sink: TradeBarSink, hasSessions: Bool
  ) {
    self.target = target
    self.bars = bars
    self.window = window
    self.sink = sink
    self.hasSessions = hasSessions
  }

  func add(_ batch: TradeBatch, _ rows: Range<Int>, seriesCount: Int) {
    attempt { try bars.add(batch, rows, seriesCount: seriesCount) }
  }

  func endSymbol(_ series: TradeSeries) {
    attempt { try sink.append(bars, series, hasSessions: hasSessions) }
    bars.removeAll()
  }

  func finish(_ series: TradeSeries) -> BarsJob.Made {
    if let failure { return .failure(failure) }
    do {
      let segment = try sink.finish(series)
      return .success((segment, bars.totals.conserved(in: sink.rows.totals)))
    } catch {
      return .failure(error)
    }
  }

  private func attempt(_ body: () throws -> Void) {
    if failure != nil { return }
    do { try body() } catch { failure = error }
  }
}

/// Reads several files symbol by symbol.
struct TradeReading {
  let cursors: [TradeCursor]
  let rules: BarRules
  /// Whether instruments' numbers are of one dataset.
  let isOneInput: Bool

  /// - Parameters:
  ///   - body: Takes consecutive trades of one symbol, with their series.
  ///   - endSymbol: Called after the last trade of a symbol.
  func run(
    _ series: TradeSeries, _ body: (TradeBatch, Range<Int>) throws -> Void,
    endSymbol: () throws -> Void
  ) throws {
    var last: ArraySlice<UInt8>?
    while true {
      var next: ArraySlice<UInt8>?
      for cursor in cursors {
        guard let symbol = try cursor.nextSymbol() else { continue }
        if next.map({ symbol.lexicographicallyPrecedes($0) }) ?? true { next = symbol }
      }
      guard let symbol = next else { return }
      if let last, !last.lexicographicallyPrecedes(symbol) {
        throw PassError(
          .input, "symbols are out of order within a data file", place: cursors.first?.reader.path,

          remedy: cursors.first.map {
            "lake compact \(LoggedFile.table(of: $0.reader.path)) sorts the rows that other programs wrote"
          })
      }
      series.begin(symbol)
      for cursor in cursors {
        while let own = try cursor.nextSymbol(), own == symbol {
          let rows = cursor.takeRun(
            series, consolidated: rules.isConsolidated, keepsInstruments: isOneInput)
          try body(cursor.batch, rows)
        }
      }
      try endSymbol()
      last = symbol
    }
  }
}
