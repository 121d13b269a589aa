/// When finished work is committed: in groups, so that a job of many partitions makes few table versions.
package enum CommitGroup {
  /// Partitions after which a group is committed, whatever the time.
  package static let partitionMax = 64
  /// The same while columns of a table that does not exist yet may have to become wider.
  package static let openPartitionMax = 4096
  /// Time after which a group is committed, whatever its size.
  package static let nanosecondsMax: Int64 = 2_000_000_000
  /// Races that may be lost one after the other before a commit is given up.
  package static let attemptMax = 100

  /// Partitions of the next group, chosen so that it takes about `nanosecondsMax`.
  ///
  /// - Parameters:
  ///   - count: Partitions of the last group.
  ///   - nanoseconds: How long they took.
  package static func size(after count: Int, nanoseconds: Int64) -> Int {
    guard nanoseconds > nanosecondsMax else { return partitionMax }
    return max(1, Int(Int64(count) * nanosecondsMax / nanoseconds))
  }

  /// Tries to commit until no other writer's commit comes first.
  ///
  /// - Parameters:
  ///   - path: The table that is committed to, for the message.
  ///   - attempt: Tries once; takes the number of races lost so far. Returns nil after a lost race, once it has
  ///     read the table again.
  ///     looked at the table anew.
  /// - Throws: `PassError.conflict` after `attemptMax` races.
  package static func retry<Result>(
    _ path: String, _ attempt: (_ lostCount: Int) throws -> Result?
  ) throws -> Result {
    for number in 0..<attemptMax {
      if let result = try attempt(number) { return result }
    }
    throw PassError(
      .conflict, "\(attemptMax) other commits came first", place: path,
      remedy: "run the command again when fewer writers are at work")
  }
}
