import Catalog
import Tables
import Testing

@testable import Passes

private func day(_ number: Int) -> String { "2024-01-" + (number < 10 ? "0" : "") + "\(number)" }

@Suite struct DerivePlanTests {
  private let source = MemoryInput(TableName("raw.numbers"))
  private let target = MemoryTarget(TableName("derived.sums"))
  private var pass: SumPass { SumPass(source, [target]) }

  private func units(
    _ pass: SumPass? = nil, _ choice: UnitChoice = UnitChoice()
  ) throws -> [String: PassUnit] {
    let plan = try DerivePlan(pass ?? self.pass, choice: choice)
    return Dictionary(uniqueKeysWithValues: plan.outputs[0].units.map { ($0.date, $0) })
  }

  private func run(_ pass: SumPass? = nil) throws -> DeriveReport {
    let pass = pass ?? self.pass
    return try DeriveEngine(pass, plan: try DerivePlan(pass), observer: NoObserver()).run(jobs: 2)
  }

  @Test func aUnitThatWasNeverMadeIsMissing() throws {
    source[day(1)] = [1, 2]
    let unit = try units()[day(1)]
    #expect(unit?.state == .missing && unit?.reason == .neverMade)
  }

  @Test func whatWasMadeOfTheseRowsIsFresh() throws {
    source[day(1)] = [1, 2]
    _ = try run()
    #expect(try units()[day(1)]?.state == .fresh)
    // The same rows in another order have the same fingerprint.
    source[day(1)] = [2, 1]
    #expect(try units()[day(1)]?.state == .fresh)
  }

  @Test func changedRowsMakeItStaleAndSayWhose() throws {
    source[day(1)] = [1, 2]
    source[day(2)] = [3]
    _ = try run()
    source[day(1)] = [1, 2, 3]
    let units = try units()
    #expect(units[day(1)]?.state == .stale)
    #expect(units[day(1)]?.reason == .inputsChanged([source.name]))
    #expect(units[day(2)]?.state == .fresh)
  }

  @Test func anotherVersionOfThePassMakesItStale() throws {
    source[day(1)] = [1]
    _ = try run()
    let newer = pass
    newer.identity.version = 2
    let unit = try units(newer)[day(1)]
    #expect(unit?.state == .stale && unit?.reason == .passChanged)
  }

  @Test func filesOfAnotherProgramAreNeverFresh() throws {
    source[day(1)] = [1]
    target.putForeign(day(1))
    let unit = try units()[day(1)]
    #expect(unit?.state == .stale && unit?.reason == .foreignFiles)
  }

  @Test func aUnitWhoseInputsWereRemovedIsOrphanedAndThenEmpty() throws {
    source[day(1)] = [1]
    _ = try run()
    source[day(1)] = []
    let unit = try units()[day(1)]
    #expect(unit?.state == .orphaned && unit?.reason == .inputsRemoved)
    #expect(try run().outputs[0].computedCount == 1)
    #expect(target.files.isEmpty)
    #expect(try units().isEmpty)
  }

  @Test func aUnitThatCameOutEmptyIsRememberedForTheseInputsAlone() throws {
    source[day(1)] = [1]
    let emptying = pass
    emptying.emptied = [day(1)]
    _ = try run(emptying)
    #expect(try units()[day(1)]?.state == .empty)
    #expect(try run().outputs[0].computedCount == 0)
    source[day(1)] = [2]
    #expect(try units()[day(1)]?.state == .missing)
  }

  @Test func whatWasMadeOfPurgedRowsIsFrozenEvenIfForced() throws {
    source[day(1)] = [1]
    _ = try run()
    source[day(1)] = []
    source.purge(day(1))
    #expect(try units()[day(1)]?.state == .frozen)
    #expect(try units(nil, UnitChoice(isForced: true))[day(1)]?.state == .frozen)
    let report = try run()
    #expect(report.outputs[0].computedCount == 0 && report.outputs[0].frozenCount == 1)
    #expect(target.sums == [day(1): 1])
  }

  @Test func aLookBackMakesTheNextDateStaleAndNoDateOfItsOwn() throws {
    let pass = pass
    pass.looksBack = true
    source[day(1)] = [1]
    source[day(2)] = [2]
    _ = try run(pass)
    #expect(target.sums == [day(1): 1, day(2): 3])
    source[day(1)] = [5]
    let units = try units(pass)
    #expect(units[day(1)]?.state == .stale && units[day(2)]?.state == .stale)
    // The third date has nothing but a look-back.
    #expect(units[day(3)]?.state == .empty)
    _ = try run(pass)
    #expect(target.sums == [day(1): 5, day(2): 7])
    // An absent look-back is an input too: its appearance is a change.
    source[day(4)] = [4]
    _ = try run(pass)
    source[day(3)] = [3]
    #expect(try self.units(pass)[day(4)]?.state == .stale)
  }

  @Test func sinceLeavesEarlierDatesOut() throws {
    for number in 1...4 { source[day(number)] = [number] }
    let units = try units(nil, UnitChoice(since: day(3)))
    #expect(units.keys.sorted() == [day(3), day(4)])
  }

  @Test func forcedUnitsAreDueThoughFresh() throws {
    source[day(1)] = [1]
    _ = try run()
    let unit = try units(nil, UnitChoice(isForced: true))[day(1)]
    #expect(unit?.state == .stale && unit?.reason == .forced)
  }

  @Test func otherParametersAreAnotherDerivation() throws {
    let second = MemoryTarget(TableName("derived.twice"))
    source[day(1)] = [1]
    let plan = try DerivePlan(SumPass(source, [target, second]))
    #expect(
      plan.outputs[0].units[0].derivation.inputs != plan.outputs[1].units[0].derivation.inputs)
  }
}

@Suite struct DeriveEngineTests {
  private let source = MemoryInput(TableName("raw.numbers"))
  private let sums = MemoryTarget(TableName("derived.sums"))
  private let doubles = MemoryTarget(TableName("derived.twice"))

  private func run(
    _ pass: SumPass, _ observer: any PassObserver = NoObserver(), jobs: Int = 2
  ) throws -> DeriveReport {
    try DeriveEngine(pass, plan: try DerivePlan(pass), observer: observer).run(jobs: jobs)
  }

  @Test func oneReadingMakesAllTargetsAndASecondRunCommitsNothing() throws {
    for number in 1...5 { source[day(number)] = [number] }
    let pass = SumPass(source, [sums, doubles])
    let report = try run(pass)
    #expect(report.outputs.map(\.computedCount) == [5, 5])
    #expect(doubles.sums[day(5)] == 10)
    #expect(pass.made.withLock { $0.count } == 5)
    let again = try run(pass)
    #expect(again.outputs.map(\.freshCount) == [5, 5])
    #expect(sums.commits.count == 1 && doubles.commits.count == 1)
    #expect(pass.made.withLock { $0.count } == 5)
  }

  @Test func commitsAreOfAtMostSixtyFourUnits() throws {
    for number in 0..<130 { source["20\(10 + number / 28)-01-\(10 + number % 28)"] = [1] }
    _ = try run(SumPass(source, [sums]))
    #expect(sums.commits.map(\.count) == [64, 64, 2])
  }

  @Test func onlyWhatDependsOnAChangeIsMadeAgain() throws {
    for number in 1...9 { source[day(number)] = [number] }
    let pass = SumPass(source, [sums])
    _ = try run(pass)
    source[day(4)] = [40]
    #expect(try run(pass).outputs[0].computedCount == 1)
    #expect(sums.commits.last == [day(4)])
  }

  @Test func figuresThatAreNotConservedRefuseTheUnitAndNoOther() throws {
    for number in 1...3 { source[day(number)] = [number] }
    let pass = SumPass(source, [sums, doubles])
    pass.wrong = ["1 " + day(2)]
    let watcher = Watcher()
    let report = try run(pass, watcher)
    #expect(sums.sums.count == 3)
    #expect(doubles.sums.keys.sorted() == [day(1), day(3)])
    #expect(report.failureCount == 1)
    #expect((report.outputs[1].failures.first?.error as? PassError)?.code == .conservation)
    let text = watcher.failures.withLock { $0 }
    #expect(text == ["2024-01-02: sum does not conserve sum: 4 before, 5 after"])
  }

  @Test func aDateThatCannotBeReadFailsAlone() throws {
    for number in 1...3 { source[day(number)] = [number] }
    let pass = SumPass(source, [sums, doubles])
    pass.unreadable = [day(2): PassError(.input, "no")]
    let report = try run(pass)
    #expect(report.outputs.map { $0.failures.map(\.date) } == [[day(2)], [day(2)]])
    #expect(sums.sums.count == 2 && doubles.sums.count == 2)
  }

  @Test func aTableOfWhichTenUnitsFailedIsGivenUp() throws {
    for number in 10...40 { source["2024-02-\(number)"] = [1] }
    let pass = SumPass(source, [sums])
    for date in source.dates { pass.unreadable[date] = PassError(.system, "no space") }
    let report = try run(pass, jobs: 1)
    #expect(report.outputs[0].failures.count == 10)
  }

  @Test func aLostRaceForTheSameUnitsIsDone() throws {
    for number in 1...2 { source[day(number)] = [number] }
    let pass = SumPass(source, [sums])
    let plan = try DerivePlan(pass)
    sums.others = [
      { target in
        for unit in plan.outputs[0].units {
          target.put(
            DerivedUnit(date: unit.date, derivation: unit.derivation, product: Sum(total: 1)))
        }
      }
    ]
    let report = try DeriveEngine(pass, plan: plan, observer: NoObserver()).run(jobs: 1)
    #expect(report.outputs[0].computedCount == 0 && report.failureCount == 0)
    #expect(sums.commits.isEmpty)
  }

  @Test func aLostRaceForOtherUnitsIsTriedAgain() throws {
    for number in 1...2 { source[day(number)] = [number] }
    let pass = SumPass(source, [sums])
    let plan = try DerivePlan(pass)
    let first = plan.outputs[0].units[0]
    sums.others = [
      {
        $0.put(DerivedUnit(date: first.date, derivation: first.derivation, product: Sum(total: 1)))
      }, { $0.putForeign(day(2)) },
    ]
    let report = try DeriveEngine(pass, plan: plan, observer: NoObserver()).run(jobs: 1)
    #expect(report.outputs[0].computedCount == 1)
    #expect(sums.commits == [[day(2)]])
  }

  @Test func racesThatAreAlwaysLostAreAnError() throws {
    source[day(1)] = [1]
    sums.others = Array(repeating: { _ in }, count: 200)
    let report = try run(SumPass(source, [sums]))
    #expect((report.outputs[0].failures.first?.error as? PassError)?.code == .conflict)
  }

  @Test func aTableThatCannotBeWrittenLeavesTheOtherAlone() throws {
    for number in 1...2 { source[day(number)] = [number] }
    sums.commitError = PassError(.system, "read-only")
    let report = try run(SumPass(source, [sums, doubles]))
    #expect(report.outputs[0].failures.map(\.date) == [""])
    #expect(doubles.sums.count == 2)
  }

  @Test func anInterruptionKeepsWhatIsDone() throws {
    for number in 1...9 { source[day(number)] = Array(repeating: 1, count: 20 - number) }
    let pass = SumPass(source, [sums])
    let report = try run(pass, Watcher(begunMax: 3), jobs: 1)
    #expect(report.isInterrupted)
    // The longest intervals are made first.
    #expect(sums.sums.keys.sorted() == [day(1), day(2), day(3)])
    #expect(try run(pass).outputs[0].computedCount == 6)
    #expect(sums.sums.count == 9)
  }
}
