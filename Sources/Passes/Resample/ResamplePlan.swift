import Catalog
import DeltaLog
import Market
import Tables

/// What a resample will do, before it does it: a plain value.
public struct ResamplePlan: Sendable {
  public enum State: String, Sendable {
    /// Computed from the very rows that the source holds now.
    case fresh
    /// Not computed yet.
    case missing
    /// The source has changed, or a foreign writer has.
    case stale
    /// The source has no rows of that date any more.
    case orphaned
  }

  /// One partition of one table of bars.
  public struct Partition: Sendable {
    public var date: String
    public var state: State
    var derivation: Derivation
  }

  /// One interval's table.
  public struct Output: Sendable {
    public var interval: Interval
    public var table: TableName
    public var partitions: [Partition]
    public var dueCount: Int { partitions.count { $0.state != .fresh } }
  }

  public var source: TableName
  public var sourceVersion: Int
  public var outputs: [Output]
  /// Intervals that can't be made, with the reason.
  public var failures: [(interval: String, error: any Error)] = []
  /// Source files by date.
  var files: [String: [AddFile]]
}
