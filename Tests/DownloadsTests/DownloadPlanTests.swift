import Catalog
import Market
import Testing

@testable import Downloads
@testable import Ledger

@Suite("Download plans")
struct DownloadPlanTests {
  private let day: Int64 = 86_400_000_000_000
  /// 2024-01-01.
  private let first: Int64 = 19_723

  private func days(_ range: Range<Int64>) -> Range<Int64> {
    (first + range.lowerBound) * day..<(first + range.upperBound) * day
  }

  private func request(
    _ range: Range<Int64>, symbols: [String] = ["A", "B"], length: DownloadCut.Length = .day,
    groupMax: Int = 10, availableEnd: Int64? = nil, refetchesOpen: Bool = false
  ) throws -> DownloadRequest {
    DownloadRequest(
      dataset: "X", schema: "trades", symbols: symbols, symbolType: "raw_symbol",
      interval: days(range), table: try TableName(parsing: "raw.x_trades"),
      cut: DownloadCut(length, zone: .utc), groupMax: groupMax, availableEnd: availableEnd,
      refetchesOpen: refetchesOpen)
  }

  private func event(
    _ interval: Range<Int64>, _ state: CoverageState, symbols: [String] = ["A", "B"],
    at time: Int64 = 1
  ) -> CoverageEvent {
    CoverageEvent(
      dataset: "X", schema: "trades", symbols: symbols, symbolType: "raw_symbol",
      interval: interval, state: state, recordedAt: time * 1000)
  }

  private func plan(
    _ request: DownloadRequest, _ events: [CoverageEvent] = [],
    _ selection: DownloadSelection = DownloadSelection()
  ) -> DownloadPlan {
    DownloadPlan(request, ledger: CoverageLedger(events: events), selection: selection)
  }

  @Test("ranges are split by day, and symbols that lack the same days are requested together")
  func groups() throws {
    let plan = plan(try request(0..<3), [event(days(1..<2), .complete, symbols: ["B"])])
    #expect(
      plan.units.map {
        "\($0.symbols.joined(separator: "+")) \($0.interval.lowerBound / day - first)"
      }
        == ["A+B 0", "A 1", "A+B 2"])
  }

  @Test("claims are verified by whole days, even if claimed by the first and last row")
  func claims() throws {
    let hour = day / 24
    let claim = days(1..<2).lowerBound + 14 * hour..<days(2..<3).lowerBound + 21 * hour + 1
    let events = [
      event(claim, .claimed, symbols: ["A"]), event(days(0..<1), .complete, symbols: ["A"], at: 2),
      event(days(3..<4), .failed, symbols: ["A"], at: 3),
    ]
    let asked = try request(0..<5, symbols: ["A"], length: .month)
    let units = plan(asked, events).units
    #expect(units.map(\.interval) == [days(1..<3), days(3..<5)])
    #expect(units.map(\.isClaimed) == [true, false])
    #expect(units.map(\.isReplacing) == [true, false])
    // Once it is bought or the counts agree, it is complete.
    #expect(
      plan(asked, events + [event(days(1..<5), .complete, symbols: ["A"], at: 4)]).units.isEmpty)
    var forced = DownloadSelection()
    forced.isForced = true
    let forcedUnits = plan(asked, events, forced).units
    #expect(forcedUnits.map(\.interval) == [days(0..<4), days(4..<5)])
    #expect(forcedUnits.map(\.isReplacing) == [true, false])
    #expect(forcedUnits.allSatisfy { !$0.isClaimed })
    var failed = DownloadSelection()
    failed.isFailedOnly = true
    #expect(plan(asked, events, failed).units.map(\.interval) == [days(3..<4)])
  }

  @Test("a group has at most as many symbols as the vendor accepts")
  func groupMax() throws {
    let symbols = (0..<25).map { "S\($0)" }
    let units = plan(try request(0..<1, symbols: symbols)).units
    #expect(units.map(\.symbols.count) == [10, 10, 5])
    #expect(Set(units.flatMap(\.symbols)) == Set(symbols))
  }

  @Test("ranges are split at the ends of months, leap years and Decembers included")
  func months() throws {
    let units = plan(try request(-31..<91, length: .month)).units
    #expect(units.map { Int($0.interval.count) / Int(day) } == [31, 31, 29, 31])
  }

  @Test("days of a zone begin at its midnights, also when daylight saving time begins or ends")
  func zone() throws {
    let zone = try TimeZoneRules.named("America/New_York")
    let start = try #require(zone.instant("2024-03-09", isEnd: false))
    let end = try #require(zone.instant("2024-03-11", isEnd: true))
    let pieces = DownloadCut(.day, zone: zone).pieces(start..<end)
    #expect(pieces.map { Int($0.count / 3_600_000_000_000) } == [24, 23, 24])
  }

  @Test(
    "what is settled is not fetched; flags change what that means",
    arguments: [
      (CoverageState.complete, 0, false), (.degraded, 0, false), (.empty, 0, false),
      (.notEntitled, 0, false), (.purged, 0, false), (.failed, 1, false), (.open, 0, false),
    ])
  func states(state: CoverageState, count: Int, isReplacing: Bool) throws {
    let events = [event(days(0..<1), state)]
    #expect(plan(try request(0..<1), events).units.count == count)
    var forced = DownloadSelection()
    forced.isForced = true
    let again = plan(try request(0..<1), events, forced).units
    #expect(again.map(\.isReplacing) == (state == .purged ? [] : [true]))
    var failed = DownloadSelection()
    failed.isFailedOnly = true
    #expect(plan(try request(0..<2), events, failed).units.count == (state == .failed ? 1 : 0))
    var rechecked = DownloadSelection()
    rechecked.rechecked = [.empty, .notEntitled]
    let asked = plan(try request(0..<1), events, rechecked).units.count
    #expect(asked == ([.empty, .notEntitled, .failed].contains(state) ? 1 : 0))
    var restored = DownloadSelection()
    restored.restoresPurged = true
    let back = plan(try request(0..<1), events, restored).units.count
    #expect(back == ([.purged, .failed].contains(state) ? 1 : 0))
  }

  @Test("rows in another table do not count")
  func otherTable() throws {
    let asked = try request(0..<1)
    var held = event(days(0..<1), .complete)
    held.table = asked.table.description
    #expect(plan(asked, [held]).units.isEmpty)
    held.table = "raw.another"
    #expect(plan(asked, [held]).units.count == 1)
  }

  @Test("an incomplete day is a separate unit, and is completed from where it ended")
  func openDay() throws {
    let noon = days(2..<3).lowerBound + day / 2
    let units = plan(
      try request(0..<4, symbols: ["A"], length: .month, availableEnd: noon)
    ).units
    #expect(units.map(\.isOpen) == [false, true])
    #expect(units.map(\.interval) == [days(0..<2), days(2..<3).lowerBound..<noon])
    let events = units.flatMap { $0.events(FetchedUnit()) }
    #expect(events.map(\.state) == [.complete, .open])
    let later = plan(
      try request(0..<4, symbols: ["A"], availableEnd: days(3..<4).lowerBound), events
    ).units
    #expect(later.map(\.interval) == [noon..<days(2..<3).upperBound])
    #expect(later.map(\.openStart) == [days(2..<3).lowerBound])
    // Then the whole day is complete, not only the missing part.
    #expect(later[0].events(FetchedUnit()).map(\.interval) == [days(2..<3)])
  }

  @Test("incomplete days that may change are requested again as a whole")
  func refetchedOpenDay() throws {
    let noon = days(0..<1).lowerBound + day / 2
    let events = [event(days(0..<1).lowerBound..<noon, .open)]
    let units = plan(try request(0..<1, refetchesOpen: true), events).units
    #expect(units.map(\.isReplacing) == [true, false])
    #expect(units.first?.interval.lowerBound == days(0..<1).lowerBound)
  }

  @Test("days flagged by the vendor are recorded as degraded, and their price only once")
  func degraded() throws {
    var plan = plan(try request(0..<3, length: .month))
    plan.mark(degraded: [days(1..<2)])
    plan.units[0].costNanoUSD = 7
    let events = plan.units[0].events(FetchedUnit())
    #expect(events.map(\.state) == [.complete, .degraded, .complete])
    #expect(events.map(\.costNanoUSD) == [7, nil, nil])
  }

  @Test("a unit's id depends on the request, but not on the order of its symbols")
  func identity() throws {
    let one = plan(try request(0..<1, symbols: ["A", "B"])).units[0]
    let same = plan(try request(0..<1, symbols: ["B", "A", "A"])).units[0]
    let other = plan(try request(0..<1, symbols: ["AB"])).units[0]
    #expect(one.id == same.id)
    #expect(one.id != other.id)
  }

  @Test("nothing is requested beyond the vendor's range")
  func future() throws {
    let end = days(0..<1).lowerBound
    #expect(plan(try request(0..<4, availableEnd: end)).units.isEmpty)
  }
}
