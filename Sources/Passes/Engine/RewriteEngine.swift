import Bytes
import Platform
import Synchronization
import Tables

/// The result of a rewriting pass.
public struct RewriteReport: Sendable {
  /// Units that were committed.
  public internal(set) var unitCount = 0
  /// Files that the committed units replaced.
  public internal(set) var filesBefore = 0
  /// Number of files that replaced them.
  public internal(set) var filesAfter = 0
  /// Rows that were written.
  public internal(set) var rowCount = 0
  /// Rows that were left out because an equal one stays.
  public internal(set) var duplicateCount = 0
  /// Rows that were quarantined because another one with their key stays.
  public internal(set) var conflictCount = 0
  /// Bytes of the files that were replaced.
  public internal(set) var bytesBefore: Int64 = 0
  /// Bytes of the files that replaced them.
  public internal(set) var bytesAfter: Int64 = 0
  /// Units that were abandoned because another commit removed some of their files.
  public internal(set) var overtakenCount = 0
  /// Versions that were committed, ascending.
  public internal(set) var versions: [Int] = []
  /// Units that could not be written.
  public internal(set) var failures: [(unit: String, error: any Error)] = []
  /// Whether it was stopped; what was committed by then stays.
  public internal(set) var isInterrupted = false

  /// Nothing done yet.
  public init() {}
}

extension RewriteReport {
  /// Adds what a further attempt did.
  mutating func add(_ other: RewriteReport) {
    unitCount += other.unitCount
    filesBefore += other.filesBefore
    filesAfter += other.filesAfter
    rowCount += other.rowCount
    duplicateCount += other.duplicateCount
    conflictCount += other.conflictCount
    bytesBefore = bytesBefore.adding(clamped: other.bytesBefore)
    bytesAfter = bytesAfter.adding(clamped: other.bytesAfter)
    overtakenCount += other.overtakenCount
    versions += other.versions
    failures += other.failures
    isInterrupted = isInterrupted || other.isInterrupted
  }
}

/// Runs the plan of a rewriting pass: units in parallel, committed in groups.
///
/// Invariants:
/// - Nothing is committed of a unit whose conserved figures differ.
/// - Rows that others append meanwhile stay; a unit of which another commit took a file is given up.
/// - A unit that fails leaves the others alone, until `failureMax` have failed. Where all go into one commit, nothing
///   is committed once one has failed.
package final class RewriteEngine<Pass: RewritePass>: @unchecked Sendable {
  private typealias Done = RewrittenUnit<Pass.Target.Product>

  private static var failureMax: Int { 10 }

  private let pass: Pass
  private let plan: RewritePlan
  private let observer: any PassObserver
  private let failures = Mutex<[(unit: String, error: any Error)]>([])

  /// - Parameter plan: Based on the current snapshot of the pass's target.
  package init(_ pass: Pass, plan: RewritePlan, observer: any PassObserver) {
    self.pass = pass
    self.plan = plan
    self.observer = observer
  }

  /// Rewrites all units, and commits them in groups of at most `CommitGroup.partitionMax`.
  ///
  /// - Parameter jobs: Units that are rewritten at once.
  /// - Throws: If nothing more can be done: a commit failed, or too many races were lost.
  package func run(jobs: Int) throws -> RewriteReport {
    var report = RewriteReport()
    var first = 0
    var groupSize = pass.isAtOnce ? plan.units.count : CommitGroup.partitionMax
    while first < plan.units.count, !observer.isInterrupted, !isGivenUp {
      let group = first..<min(first + groupSize, plan.units.count)
      let began = Clock.monotonicNanoseconds()
      let units = try rewrite(group, jobs: jobs)
      if pass.isAtOnce, units.count < group.count { break }
      try commit(units, &report)
      groupSize = CommitGroup.size(
        after: group.count, nanoseconds: Clock.monotonicNanoseconds() - began)
      first = group.upperBound
    }
    report.failures = failures.withLock { $0 }
    report.isInterrupted = observer.isInterrupted
    return report
  }

  private var isGivenUp: Bool {
    failures.withLock { $0.count >= (pass.isAtOnce ? 1 : Self.failureMax) }
  }

  private func rewrite(_ group: Range<Int>, jobs: Int) throws -> [Done] {
    let results = Mutex<[Int: Done]>([:])
    try Parallel.forEach(group.count, width: max(1, min(jobs, group.count))) { index in
      if self.observer.isInterrupted || self.isGivenUp { return }
      let number = group.lowerBound + index
      let unit = self.plan.units[number]
      self.observer.begin(unit.name)
      do {
        let done = try self.pass.rewrite(unit, number: number)
        try self.check(done.conserved, unit)
        self.observer.didRead(byteCount: Int(clamping: unit.byteCount))
        self.observer.didProcess(rowCount: done.rowCount)
        results.withLock { $0[number] = done }
      } catch {
        self.fail(unit, error)
      }
    }
    return results.withLock { all in group.compactMap { all[$0] } }
  }

  private func fail(_ unit: RewriteUnit, _ error: any Error) {
    if (error as? PassError)?.code == .interrupted { return }
    failures.withLock { $0.append((unit.name, error)) }
    observer.didFail(error)
  }

  private func check(_ conserved: [Conserved], _ unit: RewriteUnit) throws {
    let figures = Conserved.differences(conserved)
    if figures.isEmpty { return }
    throw PassError(
      .conservation,
      "\(unit.name.isEmpty ? "the table" : unit.name): \(pass.name) does not conserve " + figures,
      place: pass.target.path,
      remedy: "nothing of it was committed; look whether a file was changed on disk: lake history")
  }

  private func commit(_ units: [Done], _ report: inout RewriteReport) throws {
    var left = units
    try CommitGroup.retry(pass.target.path) { _ -> Void? in
      if left.isEmpty { return () }
      if let version = try pass.target.commit(left) {
        report.versions.append(version)
        for done in left {
          report.unitCount += 1
          report.filesBefore += done.unit.fileCount
          report.filesAfter += done.products.count
          report.rowCount += done.rowCount
          report.duplicateCount += done.duplicateCount
          report.conflictCount += done.conflictCount
          report.bytesBefore = report.bytesBefore.adding(clamped: done.unit.byteCount)
          report.bytesAfter = report.bytesAfter.adding(clamped: Int64(done.byteCount))
        }
        return ()
      }
      // Units of which the other commit removed files are abandoned.
      let live = try pass.target.livePaths()
      let before = left.count
      left.removeAll { done in done.unit.files.contains { !live.contains($0.path) } }
      report.overtakenCount += before - left.count
      return nil
    }
  }
}
