import Bytes
import Columnar
import TestSupport
import Testing

@testable import Ledger
@testable import Passes

private let minute: Int64 = 60_000_000_000
/// 2024-01-02T14:30:00Z.
private let open: Int64 = 1_704_205_800_000_000_000

/// A session of `count` minutes; those in `missing` have no rows.
private func session(
  _ count: Int, missing: [Range<Int>] = [],
  pieces: [(Range<Int>, SeriesCoverage.Knowledge)]? = nil
) -> SessionCheck.Result {
  let expected = open..<open + Int64(count) * minute
  let check = SessionCheck(
    slots: SessionCheck.slots(of: [expected], slotNanoseconds: minute), slotNanoseconds: minute,
    expected: [expected])
  let known = pieces ?? [(0..<count, .stored)]
  return check.check(
    present: (0..<count).map { slot in !missing.contains { $0.contains(slot) } },
    pieces: known.map { piece in
      (
        open + Int64(piece.0.lowerBound) * minute..<open + Int64(piece.0.upperBound) * minute,
        piece.1
      )
    })
}

private func told(_ result: SessionCheck.Result) -> [String] {
  result.holes.map { hole in
    let start = (hole.interval.lowerBound - open) / minute
    let end = (hole.interval.upperBound - open) / minute
    return "\(hole.state.rawValue) \(start) \(end)\(hole.isWholeSession ? " whole" : "")"
  }
}

@Suite struct SessionCheckTests {
  @Test func minutesWithoutRowsInWhatWasFetchedAreNoTrade() {
    let result = session(390, missing: [5..<6, 100..<103])
    #expect(result.holes.isEmpty && result.quiet == [5, 100, 101, 102] && result.lost.isEmpty)
  }

  @Test(arguments: [(9, false), (10, true), (60, true), (194, true), (200, false)])
  func aLongRunIsSuspiciousOnlyWhereThereAreRowsAtNearlyAllOtherTimes(length: Int, isLost: Bool) {
    let result = session(390, missing: [100..<100 + length])
    #expect(told(result) == (isLost ? ["suspicious 100 \(100 + length)"] : []))
    // Rows in every fifth minute only: a longer gap is not suspicious.
    let quiet = (0..<390).filter { $0 % 5 != 0 }.map { $0..<$0 + 1 }
    #expect(session(390, missing: quiet + [100..<100 + length]).holes.isEmpty)
  }

  @Test func aSessionWithoutRowsIsOneHole() {
    #expect(told(session(390, missing: [0..<390])) == ["no_trade 0 390 whole"])
    let empty = session(390, missing: [0..<390], pieces: [(0..<390, .empty)])
    #expect(empty.holes.first?.reason == "the vendor says that there is nothing")
  }

  @Test(arguments: [GapState.notDownloaded, .failed, .notEntitled, .purged])
  func whatWasNotFetchedHasTheStateOfTheLedger(state: GapState) {
    let missing = SeriesCoverage.Knowledge.missing(state, reason: "why")
    let all = session(390, missing: [0..<390], pieces: [(0..<390, missing)])
    #expect(told(all) == ["\(state.rawValue) 0 390 whole"] && all.holes[0].reason == "why")
    let part = session(
      390, missing: [300..<390], pieces: [(0..<300, .stored), (300..<390, missing)])
    #expect(told(part) == ["\(state.rawValue) 300 390"])
    // The rows were not downloaded.
    #expect(session(390, pieces: [(0..<300, .stored), (300..<390, missing)]).holes.isEmpty)
  }

  @Test func aSecondThatWasNeverRequestedIsReportedThoughItsMinuteHasRows() {
    let expected = open..<open + 390 * minute
    let check = SessionCheck(
      slots: SessionCheck.slots(of: [expected], slotNanoseconds: minute), slotNanoseconds: minute,
      expected: [expected])
    let cut = expected.upperBound - 1_000_000_000
    let result = check.check(
      present: [Bool](repeating: true, count: 390),
      pieces: [
        (open..<cut, .stored), (cut..<expected.upperBound, .missing(.notDownloaded, reason: nil)),
      ])
    #expect(result.holes.map(\.interval) == [cut..<expected.upperBound])
  }

  @Test func degradedTimeIsReportedWhereRowsAreMissing() {
    #expect(session(390, pieces: [(0..<390, .degraded)]).holes.isEmpty)
    let result = session(390, missing: [7..<8], pieces: [(0..<390, .degraded)])
    #expect(told(result) == ["degraded 0 390"] && result.holes[0].missingSlotCount == 1)
  }

  @Test func slotsTileTheTradingTimeEachOnce() {
    let hour = 60 * minute
    let halves = [open..<open + 2 * hour, open + 2 * hour..<open + 3 * hour]
    let slots = SessionCheck.slots(of: halves, slotNanoseconds: hour)
    // 14:30 to 17:30 touches the hours from 14 to 17.
    #expect(slots.map { $0 % 24 } == [14, 15, 16, 17])
    #expect(SessionCheck.slots(of: [], slotNanoseconds: hour).isEmpty)
    #expect(SessionCheck.runs([1, 2, 3, 7, 9, 10]) == [1..<4, 7..<8, 9..<11])
  }
}

@Suite struct SharedHolesTests {
  private func holes(_ quiet: [[Int]], slots: Int = 390) -> [String] {
    var shared = SharedHoles(slotCount: slots)
    for (series, places) in quiet.enumerated() {
      shared.add(
        series: Int32(series), quiet: places, share: 1 - Double(places.count) / Double(slots))
    }
    return shared.holes().map { "\($0.slots) of \($0.series)" }
  }

  @Test func oneMinuteThatTwoBusySymbolsLackTogetherIsSuspicious() {
    #expect(holes([[200], [200]]) == ["200..<201 of [0, 1]"])
    #expect(holes([[200], [201]]).isEmpty)
    #expect(holes([[200, 201, 202], [200, 201, 202]]) == ["200..<203 of [0, 1]"])
  }

  @Test func symbolsThatRestNowAndThenAgreeByChance() {
    #expect(holes([[3, 50, 70, 200], [9, 80, 90, 200]]).isEmpty)
    let quiet = Array(0..<100)
    #expect(holes([quiet, quiet, quiet]).isEmpty)
  }

  @Test func fewOfManyAreNotTogether() {
    #expect(holes([[5], [5], [], [], []]).isEmpty)
    #expect(holes([[5], [5], [5], [5], []]) == ["5..<6 of [0, 1, 2, 3]"])
    #expect(holes([]).isEmpty && holes([[5]]).isEmpty)
  }
}

@Suite struct PresenceMapTests {
  @Test(arguments: [0, 1, 62, 63, 64, 65, 839, 840, 1438, 1439])
  func aRowIsFoundInEveryStretchThatHoldsItsMinute(at: Int64) {
    let day = CivilDate.nanosecondsPerDay
    var map = PresenceMap(slotNanoseconds: minute)
    map.mark(series: 3, slot: 20 * 1440 + at)
    map.mark(series: 5, slot: 25 * 1440)
    let time = 20 * day + at * minute
    #expect(map.hasRows(in: time..<time + 1) && map.hasRows(in: time..<time + minute))
    #expect(map.hasRows(in: 20 * day..<21 * day) && map.hasRows(in: time - minute..<time + 1))
    #expect(!map.hasRows(in: time + minute..<22 * day) && !map.hasRows(in: 19 * day..<time))
    #expect(!map.hasRows(in: time..<time) && map.hasRows(in: 18 * day..<26 * day))
  }

  @Test(arguments: [UInt64(1), 2, 3]) func remembersEverySlotLikeASet(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for length in [minute, 5 * minute, 60 * minute, 1440 * minute] {
      var map = PresenceMap(slotNanoseconds: length)
      var known: Set<[Int64]> = []
      var rows: [(Int32, Int64)] = []
      for _ in 0..<3000 {
        let series = Int32.random(in: -1...4, using: &random)
        // Microseconds of three days around 1970, including times before it.
        let time = Int64.random(in: -100_000_000_000...100_000_000_000, using: &random)
        rows.append((series, time))
        if series >= 0 { known.insert([Int64(series), floorDivide(time, length / 1000)]) }
      }
      rows.sort { $0 < $1 }
      map.add(series: rows.map(\.0), times: rows.map(\.1))
      let slots = Array(
        floorDivide(-100_000_000_000, length / 1000)...floorDivide(100_000_000_000, length / 1000))
      for series in Int32(0)...5 {
        let expected = slots.map { known.contains([Int64(series), $0]) }
        #expect(map.presence(series: series, slots: slots) == expected)
      }
      map.drop(before: 1)
      #expect(map.series(days: -2...0).isEmpty && map.series(days: 1...1) == [0, 1, 2, 3, 4])
    }
  }
}

@Suite struct SeriesCoverageTests {
  private func coverage(_ events: [(Range<Int64>, CoverageState)]) -> SeriesCoverage {
    let ledger = CoverageLedger(
      events: events.enumerated().map { index, event in
        CoverageEvent(
          dataset: "D", schema: "S", symbols: ["A"], symbolType: "raw_symbol", interval: event.0,
          state: event.1, recordedAt: Int64(index) * 1000)
      })
    return SeriesCoverage(
      stretches: ledger.stretches(
        dataset: "D", schema: "S", symbolType: "raw_symbol", symbol: "A"))
  }

  private func told(_ coverage: SeriesCoverage, isTableThere: Bool = true) -> [String] {
    coverage.pieces(
      of: 100..<200, session: 100..<200, isTableThere: isTableThere, isSeen: true
    ).map { piece in
      let text =
        switch piece.knowledge {
        case .missing(let state, _): state.rawValue
        default: "\(piece.knowledge)"
        }
      return "\(piece.interval.lowerBound) \(piece.interval.upperBound) \(text)"
    }
  }

  @Test func piecesTileTheTime() {
    #expect(told(coverage([(0..<1000, .complete)])) == ["100 200 stored"])
    #expect(
      told(coverage([(0..<120, .complete), (150..<160, .failed), (160..<170, .empty)]))
        == [
          "100 120 stored", "120 150 not_downloaded", "150 160 failed", "160 170 empty",
          "170 200 not_downloaded",
        ])
    #expect(
      told(coverage([(100..<200, .failed), (100..<200, .complete), (180..<190, .purged)]))
        == ["100 180 stored", "180 190 purged", "190 200 stored"])
  }

  @Test func anOpenDayIsThereAsFarAsItWent() {
    let open = coverage([(100..<150, .open)])
    #expect(open.endsOpen && told(open) == ["100 150 stored", "150 200 not_downloaded"])
    #expect(!coverage([(100..<150, .open), (150..<160, .complete)]).endsOpen)
  }

  @Test func filesWithoutARecordCountAsFetchedWhereTheTableHasRows() {
    #expect(told(coverage([])) == ["100 200 byHand"])
    #expect(told(coverage([]), isTableThere: false) == ["100 200 not_downloaded"])
    // A claim may end at its last row, whatever the precision of the times.
    for end: Int64 in [141, 150, 1000, 1001, 1234] {
      let claim: [(Range<Int64>, CoverageState)] = [(130..<end, .claimed)]
      #expect(told(coverage(claim)) == ["100 200 byHand"])
      #expect(told(coverage(claim), isTableThere: false) == ["100 200 not_downloaded"])
    }
    // It hides nothing that is known of other parts of the session.
    #expect(
      told(coverage([(130..<170, .claimed), (150..<160, .failed), (180..<190, .notEntitled)])) == [
        "100 150 byHand", "150 160 failed", "160 180 byHand", "180 190 not_entitled",
        "190 200 not_downloaded",
      ])
  }
}

@Suite struct SpendReportTests {
  private func ledger() -> CoverageLedger {
    func event(_ dataset: String, _ symbols: [String], _ cost: Int64?, month: Int64)
      -> CoverageEvent
    {
      var event = CoverageEvent(
        dataset: dataset, schema: "trades", symbols: symbols, symbolType: "raw_symbol",
        interval: 0..<1, state: .complete,
        recordedAt: 1_704_067_200_000_000_000 + month * 31 * 86_400_000_000_000)
      event.costNanoUSD = cost
      event.rowCount = 10
      return event
    }
    return CoverageLedger(events: [
      event("A", ["X", "Y", "Z"], 1_000_000_000, month: 0), event("A", ["X"], 5, month: 1),
      event("B", ["X"], 2_500_000_000, month: 1), event("C", ["X"], nil, month: 1),
    ])
  }

  private func told(_ parts: [SpendReport.Part]) -> [String] {
    SpendReport(ledger(), by: parts).lines.map {
      $0.key.joined(separator: " ") + " " + SpendReport.text($0.nanoUSD)
    }
  }

  @Test func sumsExactly() {
    #expect(told([.month]) == ["2024-01 1.00", "2024-02 2.500000005"])
    #expect(told([.dataset]) == ["A 1.000000005", "B 2.50"])
    #expect(told([.symbol]) == ["X 2.833333339", "Y 0.333333333", "Z 0.333333333"])
    #expect(
      told([.month, .dataset]) == ["2024-01 A 1.00", "2024-02 A 0.000000005", "2024-02 B 2.50"])
    let report = SpendReport(ledger(), by: [.symbol])
    #expect(SpendReport.text(report.total.nanoUSD) == "3.500000005")
    #expect(report.unpricedCount == 1 && report.total.rowCount == 30)
    #expect(report.lines.reduce(0) { $0 + $1.nanoUSD } == report.total.nanoUSD)
  }

  @Test func whatIsNoPurchaseIsNotCounted() {
    func event(_ state: CoverageState, rows: Int64? = nil, bytes: Int64? = nil) -> CoverageEvent {
      var event = CoverageEvent(
        dataset: "A", schema: "trades", symbols: ["X"], symbolType: "raw_symbol", interval: 0..<1,
        state: state, recordedAt: 1000)
      (event.rowCount, event.byteCount) = (rows, bytes)
      return event
    }
    func count(_ event: CoverageEvent) -> Int {
      SpendReport(CoverageLedger(events: [event]), by: []).unpricedCount
    }
    // A file, a restore, an empty response, a claim with an agreeing count, the second part of a request.
    #expect(count(event(.claimed, rows: 5, bytes: 100)) == 0)
    #expect(count(event(.undone)) == 0 && count(event(.complete)) == 0)
    #expect(count(event(.empty, rows: 0, bytes: 50)) == 0)
    #expect(count(event(.complete, rows: 5, bytes: 0)) == 0)
    #expect(count(event(.failed, rows: 0, bytes: 10)) == 0)
    // Downloads from a vendor with a flat price.
    #expect(count(event(.complete, rows: 5, bytes: 100)) == 1)
    #expect(count(event(.open, rows: 5, bytes: 100)) == 1)
  }

  @Test(arguments: [(0, "0.00"), (10_000_000, "0.01"), (1_500_000_000, "1.50"), (1, "0.000000001")])
  func dollarsHaveTwoDigitsAtLeast(nanoUSD: Int, text: String) {
    #expect(SpendReport.text(Int128(nanoUSD)) == text)
  }
}
