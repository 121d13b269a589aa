/// When what was made goes into its table.
package enum CommitGroup {
  /// Partitions after which a group is committed.
  package static let partitionMax = 64
  /// Time after which a group is committed.
  package static let nanosecondsMax: Int64 = 2_000_000_000
  /// Races that may be lost in a row.
  package static let attemptMax = 100

  /// Partitions of the next group, so that it takes about `nanosecondsMax`.
  ///
  /// - Parameters:
  ///   - count: Partitions of the last group.
  ///   - nanoseconds: How long they took.
  package static func size(after count: Int, nanoseconds: Int64) -> Int {
    guard nanoseconds > nanosecondsMax else { return partitionMax }
    return max(1, Int(Int64(count) * nanosecondsMax / nanoseconds))
  }

  /// Commits, whatever other writers do meanwhile.
  ///
  /// - Parameters:
  ///   - path: The table that is committed to, for the message.
  ///   - attempt: Tries once, by the number of races lost before. nil: another commit came first, and it has
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
