/// When what was made goes into its table.
package enum CommitGroup {
  /// Partitions after which a group is committed.
  package static let partitionMax = 64
  /// Time after which a group is committed.
  package static let nanosecondsMax: Int64 = 2_000_000_000
  /// Races that may be lost in a row.
  package static let attemptMax = 100
}
