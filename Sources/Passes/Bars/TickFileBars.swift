import Bytes
import Catalog
import Columnar
import Market
import Parquet
import Tables

/// Makes bars of one interval straight from files of ticks, into a new table.
///
/// A date's bars are written once no file can have another trade of it, so that memory holds the bars of a date or two, and one
/// block of records: files that begin later are read later.
package final class TickFileBars {
  private let files: [any TradeFile]
  private let options: BarsPass.Options
  private let interval: Interval
  private let lake: Lake
  private let observer: any PassObserver
  private let sessions: TradeSessions
  private let hasSessions: Bool
  private let bars: TradeBars
  private let series = TradeSeries()
  /// The instruments of series on dates, until these are written.
  private var instruments: [SeriesDay: Int64] = [:]
  private let definition: TableDefinition
  private let run: StagingRun
  private var segments: [PlacedSegment] = []
  private var made = TradeTotals()
  private var fileNumber = 0
  /// Bars that begin before this date are written.
  private var writtenBefore = Int64.min
  /// What became of the records.
  package private(set) var tally = TradeTally()
  /// Bars that were made.
  package private(set) var barCount = 0

  /// - Parameters:
  ///   - files: Of one kind of record, in any order.
  ///   - options: Of them one interval, the hours, the clock and whether publishers are one.
  ///   - lake: In which the table is made.
  /// - Throws: `PassError.usage` where the interval or the hours are none.
  package init(
    _ files: [any TradeFile], _ options: BarsPass.Options, into lake: Lake,
    observer: any PassObserver
  ) throws {
    self.files = files.sorted { $0.start < $1.start }
    self.options = options
    self.lake = lake
    self.observer = observer
    interval = try BarHours.interval(options.intervals[0])
    let calendar = try options.calendar.map { try ExchangeCalendar.named($0, in: lake) }
    let dataset = files.first?.dataset
    let hours = try BarHours.hours(
      options.session, calendar: calendar, dataset: dataset, zone: .utc, lake: lake,
      place: files.first?.path ?? "")
    sessions = TradeSessions(hours)
    hasSessions = BarRules(hours: hours, isConsolidated: options.isConsolidated).hasSessions
    bars = TradeBars(
      interval >= .day ? .day : .interval(interval.nanoseconds), window: Int64.min..<Int64.max,
      sessions: sessions, label: { Int64($0) * CivilDate.nanosecondsPerDay })
    let schema = try TableSchema.named((options.isPlain ? "ohlcv-" : "bars-") + interval.name)
    definition = TableDefinition(
      try TableName(parsing: "bars.files"), schema: schema.partitioned(by: .date), timezone: "UTC",
      dataset: dataset)
    run = try StagingRun(root: lake.root)
  }

  deinit { run.finish() }

  /// Reads the files.
  ///
  /// - Returns: The table; nil where no trade counts.
  package func make() throws -> TableName? {
    let batch = TradeBatch()
    for (index, file) in files.enumerated() {
      let later = index + 1 < files.count ? day(files[index + 1].start) : .max
      var current = Int64.min
      while try file.next(into: batch, series: code) {
        if observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
        observer.didProcess(rowCount: batch.count)
        if batch.count > 0 {
          let first = day(batch.received[0])
          // All of a date is there once a later one has begun, in this file and the next ones.
          if first > current, current != .min { try flush(before: min(first, later)) }
          current = max(current, first)
        }
        try add(batch, fileIndex: index)
      }
      tally.recordCount += file.recordCount
    }
    try flush(before: .max)
    let figures = Conserved.differences(bars.totals.conserved(in: made))
    guard figures.isEmpty else {
      throw PassError(.conservation, "bars do not conserve " + figures)
    }
    if segments.isEmpty { return nil }
    var change = TableChange(.append)
    change.segments = segments
    let writer = TableWriter(definition.name, lake: lake, snapshot: nil)
    guard case .committed = try writer.commit(change, definition, run: run) else {
      throw PassError(.conflict, "somebody wrote into the temporary folder", place: lake.root)
    }
    return definition.name
  }

  private struct SeriesDay: Hashable {
    var series: Int32
    var day: Int64
  }

  private func code(
    _ symbol: String, _ publisher: Int64, _ instrument: Int64, _ day: Int64
  ) -> Int32 {
    let code = series.code(symbol: symbol, publisher: options.isConsolidated ? nil : publisher)
    let key = SeriesDay(series: code, day: day)
    // As in a table: of several the least.
    instruments[key] = min(instruments[key] ?? instrument, instrument)
    return code
  }

  private func day(_ time: Int64) -> Int64 { floorDivide(time, CivilDate.nanosecondsPerDay) }

  /// Takes the trades of a batch that count.
  private func add(_ batch: TradeBatch, fileIndex: Int) throws {
    tally.tradeCount += batch.count
    var kept = 0
    for row in 0..<batch.count {
      if batch.price[row] == .max || batch.size[row] == .max {
        tally.undefinedCount += 1
        continue
      }
      let received = batch.received[row]
      if options.clock == .received {
        batch.time[row] = received
      } else if batch.time[row] == .max || day(batch.time[row]) != day(received) {
        batch.time[row] = received
        tally.undatedCount += 1
      }
      if hasSessions, try sessions.stretch(at: batch.time[row]).day == nil {
        tally.outsideCount += 1
        continue
      }
      guard day(batch.time[row]) >= writtenBefore else {
        throw PassError(
          .input, "trades go back to a date that was over: they are in no order",
          place: files[fileIndex].path,
          remedy: "lake ingest sorts them, and lake bars then takes the table")
      }
      // Files of one date have their own order.
      batch.ordinal[row] |= Int64(fileIndex) << 40
      if kept != row { batch.move(row, to: kept) }
      kept += 1
    }
    batch.count = kept
    if kept > 0 { try bars.add(batch, 0..<kept, seriesCount: series.members.count) }
  }

  /// Writes the bars that begin before a date, days since 1970.
  private func flush(before end: Int64) throws {
    // A trading date may last until the evening of the next date.
    let limit = bars.cut == .day && hasSessions && end != .max ? end - 1 : end
    writtenBefore = max(writtenBefore, limit == .max ? .min : limit)
    let done = (0..<bars.count).filter { day(bars.bars[$0].start) < limit }
    if done.isEmpty { return }
    let ranks = series.ranks
    for (date, rows) in Dictionary(grouping: done, by: { day(bars.bars[$0].start) })
      .sorted(by: { $0.key < $1.key })
    {
      let order = rows.sorted { left, right in
        let (one, other) = (key(left, ranks), key(right, ranks))
        return one < other
      }
      try write(order, date: Int(date))
    }
    if done.count == bars.count { bars.removeAll() } else { bars.remove(Set(done)) }
    if limit != .max { instruments = instruments.filter { $0.key.day >= limit - 1 } }
  }

  /// What bars of one date are sorted by, as the rows of a table are.
  private func key(_ bar: Int, _ ranks: [Int32]) -> (Int32, Int64, Int64) {
    let member = series.members[Int(bars.bars[bar].series)]
    return (ranks[Int(member.symbol)], bars.bars[bar].start, member.publisher ?? .min)
  }

  private func write(_ order: [Int], date: Int) throws {
    var options = WriterOptions()
    options.sortingColumns = definition.schema.sortingColumns(3)
    fileNumber += 1
    let name = "part-\(run.id)-\(fileNumber)" + SegmentWriter.suffix
    let schema = definition.schema
    let sink = TradeBarSink(
      fields: schema.fileFields, implied: schema.impliedColumns, options: options, date: date
    ) { [run, options] in
      try SegmentWriter(
        directory: run.directory, fileName: name, day: date,
        columns: schema.fileFields.map { WriterColumn($0) }, options: options)
    }
    for code in Set(order.map { bars.bars[$0].series }) {
      let days = bars.cut == .day && hasSessions ? [date - 1, date] : [date]
      let own = days.compactMap { instruments[SeriesDay(series: code, day: Int64($0))] }
      series.setInstrument(own.min(), of: code)
    }
    try sink.append(bars, order, series, hasSessions: hasSessions)
    guard let segment = try sink.finish(series) else { return }
    made.add(sink.rows.totals)
    barCount += segment.rowCount
    segments.append(segment.placed(schema))
  }
}
