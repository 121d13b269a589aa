/// Names of the table properties that `lake` reads.
public enum TableProperty {
  /// The record kind.
  public static let schema = "lake.schema"
  /// The index column.
  public static let index = "lake.index"
  /// Zone in which partition dates are reckoned; fixed when the table is made.
  public static let partitionTimezone = "lake.partition.timezone"
  /// The dates that a partition holds, `month` or `year`; by date where it is not set. Fixed when the table is made.
  public static let partitionPeriod = "lake.partition.period"
  /// The vendor's dataset, like `GLBX.MDP3`.
  public static let dataset = "lake.dataset"
  /// Whether prices and volumes are adjusted for splits: `true` or `false`. They are never mixed.
  public static let adjusted = "lake.adjusted"
  /// The pass that fills the table, like `resample`.
  public static let pass = "lake.pass"
  /// Dates of which rows were purged, as `2024-01-01/2024-03-31,2024-05-01/2024-05-01`, both ends in.
  public static let purged = "lake.purged"
  /// Columns with statistics in the log.
  public static let statisticsColumns = "delta.dataSkippingStatsColumns"

  /// Properties of every table: no other writer may forget its history.
  ///
  /// Ten years: other writers take these for the time after which they may delete.
  static let retention = [
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 3650 days",
    "delta.deletedFileRetentionDuration": "interval 3650 days",
  ]
}
