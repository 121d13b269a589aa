import Bytes
import Catalog
import Platform
import Synchronization
import Tables

/// The result of a derivation.
public struct DeriveReport: Sendable {
  /// The result for one table.
  public struct Output: Sendable {
    /// The table that was filled.
    public let table: TableName
    /// Dates that were computed and committed, including those without rows.
    public internal(set) var computedCount = 0
    /// Dates that were up to date, and left alone.
    public internal(set) var freshCount = 0
    /// Dates left alone because rows of their inputs were purged.
    public internal(set) var frozenCount = 0
    /// Rows that were committed.
    public internal(set) var rowCount = 0
    /// Bytes of the files that were committed.
    public internal(set) var byteCount = 0
    /// Dates that could not be computed, each with its error; the date is empty if the whole table failed.
    public internal(set) var failures: [(date: String, error: any Error)] = []

    /// Nothing done yet.
    public init(table: TableName) { self.table = table }
  }

  /// By output of the plan.
  public internal(set) var outputs: [Output] = []
  /// Input rows, each counted once whatever the number of outputs; nil if the pass does not count them.
  public internal(set) var rowsRead: Int?
  /// Whether it was stopped; what was committed by then stays.
  public internal(set) var isInterrupted = false
  /// Outputs of which some date failed, each counted once.
  public var failureCount: Int { outputs.count { !$0.failures.isEmpty } }
}

/// Runs the plan of a deriving pass: dates in parallel, longest first, committed in groups, with lost races
/// repeated.
///
/// Invariants:
/// - A unit whose conserved figures differ is never committed.
/// - A commit holds whole units; an interrupted run keeps the units that are committed.
/// - A unit that fails does not affect others, until `failureMax` of one table have failed: then the table is
///   abandoned, since a full disk would fail every one.
package final class DeriveEngine<Pass: DerivePass>: @unchecked Sendable {
  private typealias Unit = DerivedUnit<Pass.Target.Product>

  private static var failureMax: Int { 10 }

  private let pass: Pass
  private let plan: DerivePlan
  private let observer: any PassObserver
  /// By target and date: the units that are due.
  private let due: [[String: PassUnit]]
  private let made: Mutex<[[Unit]]>
  private let failures: Mutex<[[(date: String, error: any Error)]]>

  /// - Parameter plan: Made by `DerivePlan(_:choice:due:)` for this very pass.
  package init(_ pass: Pass, plan: DerivePlan, observer: any PassObserver) {
    self.pass = pass
    self.plan = plan
    self.observer = observer
    due = plan.outputs.map { output in
      Dictionary(uniqueKeysWithValues: output.units.filter(\.state.isDue).map { ($0.date, $0) })
    }
    made = Mutex(Array(repeating: [], count: plan.outputs.count))
    failures = Mutex(Array(repeating: [], count: plan.outputs.count))
  }

  /// Makes all due dates, and commits them in groups of at most `CommitGroup.partitionMax`.
  ///
  /// - Parameter jobs: Dates that are made at once.
  /// - Returns: What was done, failures of single dates included.
  /// - Throws: If nothing more can be done: a commit failed, or too many races were lost.
  package func run(jobs: Int) throws -> DeriveReport {
    var report = DeriveReport()
    report.outputs = plan.outputs.map { output in
      var result = DeriveReport.Output(table: output.table)
      result.frozenCount = output.units.count { $0.state == .frozen }
      result.freshCount = output.units.count - output.dueCount - result.frozenCount
      return result
    }
    var dates = plan.dueDates[...]
    var groupSize = CommitGroup.partitionMax
    while !dates.isEmpty, !observer.isInterrupted {
      let group = Array(dates.prefix(groupSize))
      dates = dates.dropFirst(group.count)
      let began = Clock.monotonicNanoseconds()
      try make(group, jobs: jobs)
      try commit(&report)
      groupSize = CommitGroup.size(
        after: group.count, nanoseconds: Clock.monotonicNanoseconds() - began)
    }
    report.rowsRead = pass.rowsRead
    report.isInterrupted = observer.isInterrupted
    let failures = failures.withLock { $0 }
    for target in failures.indices { report.outputs[target].failures = failures[target] }
    return report
  }

  // MARK: - Making

  private func make(_ dates: [String], jobs: Int) throws {
    // Longest first, so that no thread is left alone with a long date at the end.
    let sizes = dates.map { date in
      pass.inputs.reduce(Int64(0)) { $0.adding(clamped: $1.byteCount(of: date)) }
    }
    let order = dates.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
    try Parallel.forEach(dates.count, width: jobs) { index in
      if self.observer.isInterrupted { return }
      self.make(dates[order[index]])
    }
  }

  private func make(_ date: String) {
    let targets = due.indices.filter { due[$0][date] != nil && !isGivenUp($0) }
    if targets.isEmpty { return }
    observer.begin(date)
    do {
      try pass.make(date, targets: targets) { target, result in
        do {
          let (product, conserved) = try result.get()
          try check(conserved, date, target)
          keep(product, date, target)
        } catch {
          fail(date, target, error)
        }
      }
    } catch {
      // The common input could not be read.
      for target in targets { fail(date, target, error) }
    }
  }

  private func check(_ conserved: [Conserved], _ date: String, _ target: Int) throws {
    let figures = Conserved.differences(conserved)
    if figures.isEmpty { return }
    throw PassError(
      .conservation, "\(date): \(pass.identity.name) does not conserve " + figures,
      place: plan.outputs[target].table.description,
      remedy: "nothing of it was committed; report this as a bug")
  }

  private func keep(_ product: Pass.Target.Product?, _ date: String, _ target: Int) {
    guard let unit = due[target][date] else { return }
    made.withLock {
      $0[target].append(Unit(date: date, derivation: unit.derivation, product: product))
    }
  }

  private func fail(_ date: String, _ target: Int, _ error: any Error) {
    if (error as? PassError)?.code == .interrupted { return }
    let isNew = failures.withLock { failures in
      // Results of a unit from before its failure are not committed.
      let isNew = !failures[target].contains { $0.date == date }
      if isNew { failures[target].append((date, error)) }
      return isNew
    }
    if isNew { observer.didFail(error) }
  }

  private func isGivenUp(_ target: Int) -> Bool {
    failures.withLock { failures in
      failures[target].count >= Self.failureMax || failures[target].contains { $0.date.isEmpty }
    }
  }

  // MARK: - Committing

  private func commit(_ report: inout DeriveReport) throws {
    try pass.sync()
    for target in plan.outputs.indices {
      let failed = failures.withLock { Set($0[target].map(\.date)) }
      var units = made.withLock { made in
        let taken = made[target]
        made[target] = []
        return taken
      }
      units = units.filter { !failed.contains($0.date) }.sorted { $0.date < $1.date }
      if units.isEmpty { continue }
      do {
        try commit(units, target, &report.outputs[target])
      } catch {
        fail("", target, error)
      }
    }
  }

  private func commit(
    _ units: [Unit], _ target: Int, _ report: inout DeriveReport.Output
  ) throws {
    let table = pass.targets[target]
    var left = units
    try CommitGroup.retry(table.name.description) { _ -> Void? in
      if left.isEmpty { return () }
      if try table.commit(left, parameters: pass.commitParameters) {
        report.computedCount += left.count
        report.rowCount += left.reduce(0) { $0 + ($1.product?.rowCount ?? 0) }
        report.byteCount += left.reduce(0) { $0 + ($1.product?.byteCount ?? 0) }
        return ()
      }
      // Another writer changed these partitions: units that are already up to date need not be written again.
      let known = try table.knownUnits()
      left.removeAll { unit in
        let origins = known[unit.date]?.origins ?? []
        return origins.isEmpty
          ? table.isKnownEmpty(unit.derivation, date: unit.date)
          : unit.derivation.isFresh(origins)
      }
      return nil
    }
  }
}
