import Bytes
import Columnar
import Ledger
import Market
import Tables

/// One scan through the sessions of a calendar, with the rows of the current sessions in memory.
final class GapScan {
  private let source: GapSource
  private let calendar: ExchangeCalendar
  private let options: GapOptions
  private let range: Range<Int64>
  private let observer: any PassObserver
  private let tell: (Gap) throws -> Void
  private let names: SeriesNames
  private var series: [GapSeries] = []
  private var map: PresenceMap
  private var nextPartition = 0
  private var tally = GapTally()
  private let isNamed: Bool
  private let hasAll: Bool
  /// The number of all symbols together, if the vendor was asked for all at once.
  private var everything: Int32?
  /// Calendars of symbols that this scan skipped.
  private(set) var otherCalendars: Set<String> = []
  /// Slots and time of the sessions so far, for symbols that start late.
  private var past = Past()
  private var rowCount = 0
  /// Series that were known before any row was read.
  private var registeredCount = 0
  private let others: OtherCalendars

  private struct Past {
    var slotCount = 0
    var sessionCount = 0
    var interval: Range<Int64>?
    var date: CivilDate?
  }

  private final class OtherCalendars { var names: Set<String> = [] }

  init(
    source: GapSource, calendar: ExchangeCalendar, options: GapOptions, range: Range<Int64>,
    observer: any PassObserver, tell: @escaping (Gap) throws -> Void,
    calendarName: @escaping (String) throws -> String
  ) {
    self.source = source
    self.calendar = calendar
    self.options = options
    self.range = range
    self.observer = observer
    self.tell = tell
    isNamed = !options.symbols.isEmpty
    hasAll = !isNamed && source.knownSymbols[CoverageLedger.allSymbols] != nil
    map = PresenceMap(slotNanoseconds: source.depth.slotNanoseconds)
    let others = OtherCalendars()
    names = SeriesNames { name in
      if !options.symbols.isEmpty, !options.symbols.contains(name) { return false }
      if name == CoverageLedger.allSymbols { return true }
      let own = try calendarName(name)
      if own == calendar.name || calendar.aliases.contains(own) { return true }
      others.names.insert(own)
      return false
    }
    self.others = others
  }

  func run(_ report: inout GapReport) throws {
    try registerKnown()
    let reader = PresenceReader(
      plain: source.plain, indexColumn: source.indexColumn, zone: source.zone,
      depth: source.depth, names: names,
      requestedNames: source.requestedNames, namesOfSymbols: source.namesOfSymbols,
      knownSymbols: Set(source.knownSymbols.keys),
      everything: everything)
    for session in try calendar.sessions(overlapping: range) {
      if observer.isInterrupted {
        report.isInterrupted = true
        break
      }
      let expected = session.tradingStretches.map { $0.clamped(to: range) }.filter { !$0.isEmpty }
      guard let first = expected.first, let last = expected.last else { continue }
      let days = try load(
        session, expected: first.lowerBound..<last.upperBound, reader, &report)
      try check(session, expected: expected, days: days)
      report.sessionCount += 1
      report.halfDayCount += session.isHalfDay ? 1 : 0
    }
    try finish()
    try tellHolidays()
    report.symbolCount += series.count - (everything == nil ? 0 : 1)
    report.rowCount += rowCount
    for one in series
    where options.symbols.contains(one.name) && !one.isSeen && !one.coverage.isKnown
      && one.start == nil
    {
      report.unknownSymbols.insert(one.name)
    }
    tally.add(to: &report)
    otherCalendars = others.names
  }

  /// Numbers the symbols that the ledger knows, and those that were asked for.
  private func registerKnown() throws {
    if hasAll {
      everything = try names.number(CoverageLedger.allSymbols)
      addSeries()
    }
    for name in Set(source.knownSymbols.keys).union(options.symbols).sorted()
    where name != CoverageLedger.allSymbols {
      _ = try names.number(name)
      addSeries()
    }
    registeredCount = series.count
  }

  /// Makes room for newly numbered symbols.
  private func addSeries() {
    while series.count < names.names.count {
      let name = names.names[series.count]
      let types = source.knownSymbols[name] ?? []
      let expires = GapSeries.expires(name, symbolTypes: types)
      let widens = !expires || isNamed
      series.append(
        GapSeries(
          name: name, coverage: source.coverage(of: name), expires: expires,
          expiration: GapSeries.expiration(name),
          isRequestedName: !types.isEmpty && !types.contains("raw_symbol"),
          isPartOfAll: hasAll && types.isEmpty && name != CoverageLedger.allSymbols,
          start: widens ? options.start : nil, end: widens ? options.end : nil))
    }
  }

  /// Reads the partitions that may hold a session's rows, and drops older ones.
  private func load(
    _ session: TradingSession, expected: Range<Int64>, _ reader: PresenceReader,
    _ report: inout GapReport
  ) throws -> ClosedRange<Int> {
    let day = CivilDate.nanosecondsPerDay
    var days =
      Int(floorDivide(expected.lowerBound, day))...Int(floorDivide(expected.upperBound - 1, day))
    if source.depth == .sessions {
      days = session.date.daysSinceEpoch...session.date.daysSinceEpoch
    }
    map.drop(before: days.lowerBound - 1)
    // The table's partition dates may be in another zone than UTC.
    while nextPartition < source.partitions.count,
      source.partitions[nextPartition].days.lowerBound <= days.upperBound + 1
    {
      let partition = source.partitions[nextPartition]
      nextPartition += 1
      if partition.days.upperBound <= days.lowerBound - 1 { continue }
      if source.depth == .coverage { continue }
      observer.begin(CivilDate(daysSinceEpoch: partition.days.lowerBound).iso)
      let count = try reader.add(partition.files, days: partition.days, to: &map)
      observer.didProcess(rowCount: count)
      rowCount += count
    }
    addSeries()
    return days
  }

  // MARK: - A session

  private func check(
    _ session: TradingSession, expected: [Range<Int64>], days: ClosedRange<Int>
  ) throws {
    let isDaily = source.depth == .sessions || source.depth == .coverage
    let slots: [Int64]
    switch source.depth {
    case .slots(let length):
      slots = SessionCheck.slots(of: expected, slotNanoseconds: length)
    case .sessions: slots = [Int64(session.date.daysSinceEpoch)]
    case .coverage, .nothing: slots = []
    }
    let check = SessionCheck(
      slots: slots, slotNanoseconds: source.depth.slotNanoseconds, expected: expected,
      isDaily: isDaily)
    let present = map.series(days: days)
    let isTableThere = isTableThere(session)
    var results: [Int32: SessionCheck.Result] = [:]
    var shared = SharedHoles(slotCount: isDaily ? 0 : slots.count)
    let whole = session.open..<session.close
    for number in series.indices {
      let id = Int32(number)
      let rows =
        present.contains(id)
        ? map.presence(series: id, slots: slots)
        : [Bool](repeating: false, count: slots.count)
      let hasRows = rows.contains(true)
      if hasRows && !series[number].isSeen { try tellLateStart(number) }
      guard series[number].isExpected(whole, date: session.date, hasRows: hasRows) else { continue }
      if source.depth == .coverage, !series[number].coverage.isKnown { continue }
      let wanted = series[number].wanted(
        expected[0].lowerBound..<expected[expected.count - 1].upperBound)
      var pieces = series[number].coverage.pieces(
        of: wanted, session: whole, isTableThere: isTableThere,
        isSeen: hasRows || series[number].isSeen)
      if series[number].isPartOfAll { pieces = [(wanted, .stored)] }
      let result = check.check(present: rows, pieces: pieces)
      results[id] = result
      if let share = result.share, id != everything {
        shared.add(series: id, quiet: (result.quiet + result.lost).sorted(), share: share)
      }
    }
    let holes = shared.holes()
    for (id, result) in results.sorted(by: { $0.key < $1.key }) {
      try take(result, Int(id), session, check, shared: holes)
    }
    for hole in holes { try tellShared(hole, session, check) }
    let last = expected[expected.count - 1].upperBound
    past.interval = (past.interval?.lowerBound ?? expected[0].lowerBound)..<last
    past.date = past.date ?? session.date
    past.slotCount += slots.count
    past.sessionCount += 1
  }

  /// Whether the table has rows of any symbol on a session's date, even outside the checked range.
  private func isTableThere(_ session: TradingSession) -> Bool {
    switch source.depth {
    case .coverage, .nothing: return true
    case .slots: return map.hasRows(in: calendar.day(of: session))
    case .sessions:
      let day = Int64(session.date.daysSinceEpoch) * CivilDate.nanosecondsPerDay
      return map.hasRows(in: day..<day + 1)
    }
  }

  /// Takes the missing slots of a series in a session: extends a pending gap, or reports one.
  private func take(
    _ result: SessionCheck.Result, _ number: Int, _ session: TradingSession, _ check: SessionCheck,
    shared: [(slots: Range<Int>, series: [Int32])]
  ) throws {
    let own = shared.filter { $0.series.contains(Int32(number)) }
    let told = own.map { check.interval(Array($0.slots)) }
    for hole in result.holes {
      if hole.isWholeSession {
        try extend(number, hole, session)
      } else if hole.state != .suspicious || !told.contains(where: hole.interval.overlaps) {
        try flush(number, shareAfter: result.share)
        try tell(gap(number, hole, session.date))
      }
    }
    if result.hasRows {
      try flush(number, shareAfter: result.share)
      series[number].isSeen = true
      series[number].share = result.share ?? series[number].share
    }
    let quiet = result.quiet.filter { slot in !own.contains { $0.slots.contains(slot) } }
    if !quiet.isEmpty {
      let hole = SessionCheck.Hole(
        interval: check.interval(quiet), state: .noTrade, missingSlotCount: quiet.count)
      try tell(gap(number, hole, session.date))
    }
  }

  private func extend(_ number: Int, _ hole: SessionCheck.Hole, _ session: TradingSession) throws {
    if var pending = series[number].pending.last, pending.hole.state == hole.state,
      pending.hole.reason == hole.reason, pending.lastIndex + 1 == past.sessionCount
    {
      pending.hole.interval = pending.hole.interval.lowerBound..<hole.interval.upperBound
      pending.hole.missingSlotCount += hole.missingSlotCount
      pending.lastIndex = past.sessionCount
      pending.sessionCount += 1
      series[number].pending[series[number].pending.count - 1] = pending
      return
    }
    if !series[number].endsWithItsRows { try flush(number, shareAfter: nil) }
    if series[number].isPartOfAll { return }
    series[number].pending.append(
      GapSeries.Pending(
        hole: hole, date: session.date, lastIndex: past.sessionCount,
        shareBefore: series[number].share))
  }

  /// Reports the pending gaps over whole sessions.
  private func flush(_ number: Int, shareAfter: Double?) throws {
    let pending = series[number].pending
    series[number].pending = []
    for one in pending { try tell(one, number, shareAfter) }
  }

  private func tell(_ pending: GapSeries.Pending, _ number: Int, _ shareAfter: Double?) throws {
    var hole = pending.hole
    let share = max(pending.shareBefore ?? 0, shareAfter ?? 0)
    if hole.state == .noTrade, series[number].isRequestedName {
      hole.reason = "no rows by that name; they may be there by the symbols it stands for"
    } else if hole.state == .noTrade, share >= SessionCheck.denseShare {
      hole.state = .suspicious
      hole.reason =
        (hole.reason.map { $0 + ", " } ?? "")
        + "no rows, though there are many in the sessions around"
    }
    try tell(gap(number, hole, pending.date, sessionCount: pending.sessionCount))
  }

  // MARK: - Reporting

  /// Reports a symbol whose first rows are later than expected.
  private func tellLateStart(_ number: Int) throws {
    guard number >= registeredCount, series[number].start != nil, let interval = past.interval,
      let date = past.date
    else { return }
    let hole = SessionCheck.Hole(
      interval: interval, state: .notDownloaded, missingSlotCount: past.slotCount,
      reason: "no rows, and no record that they were asked for")
    try tell(gap(number, hole, date, sessionCount: past.sessionCount))
  }

  private func tellShared(
    _ shared: (slots: Range<Int>, series: [Int32]), _ session: TradingSession,
    _ check: SessionCheck
  ) throws {
    let slotCount = shared.slots.count * shared.series.count
    var gap = Gap(
      symbol: nil, state: .suspicious, interval: check.interval(Array(shared.slots)),
      date: session.date, missingSeconds: seconds(slotCount),
      reason: "\(shared.series.count) symbols that trade all the time lack it together")
    gap.symbolCount = shared.series.count
    tally.count(gap, series: shared.series)
    try tell(gap)
  }

  private func finish() throws {
    for number in series.indices {
      // A symbol of which nothing else is known may just have ended.
      if series[number].endsWithItsRows { series[number].pending = [] }
      try flush(number, shareAfter: nil)
    }
  }

  private func tellHolidays() throws {
    let day = CivilDate.nanosecondsPerDay
    let first = CivilDate(daysSinceEpoch: Int(floorDivide(range.lowerBound, day)))
    let end = CivilDate(daysSinceEpoch: Int(floorDivide(range.upperBound - 1, day)) + 1)
    for date in calendar.holidays(from: first, to: end) {
      let start = Int64(date.daysSinceEpoch) * day
      var gap = Gap(
        symbol: nil, state: .marketClosed, interval: start..<start + day, date: date,
        missingSeconds: 0, reason: "\(calendar.name) has no session")
      gap.symbolCount = 0
      tally.count(gap, series: [])
      try tell(gap)
    }
  }

  private func gap(
    _ number: Int, _ hole: SessionCheck.Hole, _ date: CivilDate, sessionCount: Int = 1
  ) -> Gap {
    var gap = Gap(
      symbol: series[number].name, state: hole.state, interval: hole.interval, date: date,
      missingSeconds: seconds(hole.missingSlotCount), reason: hole.reason)
    gap.sessionCount = sessionCount
    tally.count(gap, series: [Int32(number)])
    return gap
  }

  private func seconds(_ slotCount: Int) -> Int64 {
    if case .slots(let length) = source.depth { return Int64(slotCount) * length / 1_000_000_000 }
    return 0
  }
}
