import Catalog
import DeltaLog
import Tables

/// Runs configured passes one after the other, each on what is stale.
public struct PassRunner {
  /// The outcome of one pass.
  public enum Outcome: Sendable {
    case planned(PassPlan)
    /// Nothing is due.
    case upToDate(PassPlan)
    case ran(PassPlan, PassReport)
    /// Its input does not exist yet; it will, once these dates of it are computed.
    case waits(for: Set<String>)
    case failed(any Error)
  }

  /// In the order in which they run: a pass that reads what another fills comes after it.
  public let passes: [ConfiguredPass]
  /// Shared by all passes of the run.
  public let means: PassMeans
  /// Which dates are wanted, of every pass.
  public let choice: UnitChoice

  /// - Parameter passes: In order, as `ConfiguredPass.all` gives them.
  public init(_ passes: [ConfiguredPass], means: PassMeans, choice: UnitChoice) {
    self.passes = passes
    self.means = means
    self.choice = choice
  }

  /// Plans all passes. Nothing is changed.
  ///
  /// - Parameter tell: Called with the outcome of each pass: `planned`, `waits` or `failed`.
  public func plan(_ tell: (ConfiguredPass, Outcome) -> Void) {
    var due: [TableName: Set<String>] = [:]
    for pass in passes {
      if means.observer.isInterrupted { return }
      if let dates = due[pass.request.table], !means.lake.hasTable(pass.request.table) {
        for output in pass.outputs { due[output, default: []].formUnion(dates) }
        tell(pass, .waits(for: dates))
        continue
      }
      do {
        let plan = try pass.kind.job(pass.request, means).plan(choice, due: due)
        due.merge(plan.due) { $0.union($1) }
        tell(pass, .planned(plan))
      } catch {
        tell(pass, .failed(error))
      }
    }
  }

  /// Does what is due. A pass that fails does not affect the others.
  ///
  /// - Parameter tell: Called with the outcome of each pass: `upToDate`, `ran` or `failed`.
  public func run(_ tell: (ConfiguredPass, Outcome) -> Void) throws {
    // A run that was killed after its last commit may have left only this to do.
    try LakeCleaning.removeDeadRuns(means.lake, observer: means.observer)
    for pass in passes {
      if means.observer.isInterrupted { return }
      do {
        let job = try pass.kind.job(pass.request, means)
        let plan = try job.plan(choice, due: [:])
        tell(pass, plan.isDue ? .ran(plan, try job.run()) : .upToDate(plan))
      } catch {
        means.observer.didFail(error)
        tell(pass, .failed(error))
      }
    }
  }
}
