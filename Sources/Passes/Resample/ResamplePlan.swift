import Catalog
import Market
import Tables

/// What a resample will do, before it does it.
public struct ResamplePlan: Sendable {
  /// The table of bars that is read.
  public var source: TableName
  /// The version of it that was looked at.
  public var sourceVersion: Int
  /// What is made, one output an interval.
  public var work: DerivePlan
  /// By output.
  public var intervals: [Interval]
  /// Intervals that can't be made, with the reason.
  public var failures: [(interval: String, error: any Error)] = []
  let job: ResampleJob
}
