/// Names of the table properties that `lake` reads.
public enum TableProperty {
  /// The record kind.
  public static let schema = "lake.schema"
  /// The index column.
  public static let index = "lake.index"
  /// Zone of the partition dates; fixed when the table is made.
  public static let partitionTimezone = "lake.partition.timezone"
  /// The partitions' period, `month` or `year`; `date` if missing. Fixed when the table is made.
  public static let partitionPeriod = "lake.partition.period"
  /// The vendor's dataset, like `GLBX.MDP3`.
  public static let dataset = "lake.dataset"
  /// Whether prices and volumes are adjusted for splits: `true` or `false`. One table never has both.
  public static let adjusted = "lake.adjusted"
  /// The pass that fills the table, like `resample`.
  public static let pass = "lake.pass"
  /// The table that a derived one is made of.
  public static let source = "lake.pass.source"
  /// Dates with purged rows, like `2024-01-01/2024-03-31,2024-05-01/2024-05-01`, inclusive.
  public static let purged = "lake.purged"
  /// Columns with statistics in the log.
  public static let statisticsColumns = "delta.dataSkippingStatsColumns"

  /// Properties of every table, so that no other writer drops its history.
  ///
  /// Ten years: other writers may delete files after these times.
  static let retention = [
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 3650 days",
    "delta.deletedFileRetentionDuration": "interval 3650 days",
  ]
}
