import Storage

/// When a checkpoint is due: when the commits since the last one are more than ten, or their file
/// actions more than a tenth of the live files.
///
/// A checkpoint is written whole. In a table of many files and inputs it is so large that one every
/// eleven commits would cost more than reading some more commits: there the commits may become as many as
/// half the square root of its actions, where both cost about the same.
///
/// Where the newest checkpoint is damaged, or the hint for other readers points at none, one is due at once.
enum CheckpointPolicy {
  /// Commits since the last checkpoint beyond which one is due, in a table of few actions.
  static let tailCommitMax = 10
  /// Commits since the last checkpoint beyond which one is due in any table.
  static let tailCommitLimit = 1000
  /// File actions since the last checkpoint beyond which one may be due: a checkpoint for each
  /// commit of a small table would cost more than it saves.
  static let tailActionMin = 1000
  /// One part in this many of the live files, or of the last checkpoint's actions.
  static let liveFilesDivisor = 10

  /// Commits since the last checkpoint, which has `actionCount` actions, beyond which one is due.
  static func tailCommitMax(actionCount: Int) -> Int {
    let half = Int(Double(actionCount).squareRoot() / 2)
    return Swift.min(Swift.max(half, tailCommitMax), tailCommitLimit)
  }

  /// - Parameters:
  ///   - version: The version just committed.
  ///   - base: What the commit was planned on; nil if it created the table.
  ///   - fileActionCount: Adds and removes of the commit.
  /// - Returns: The newest checkpoint, where the log was looked at for it.
  static func checkpointIfDue(
    _ version: Int, base: Snapshot?, fileActionCount: Int, _ storage: any TableStorage
  ) throws(DeltaError) -> CheckpointFiles? {
    let tail = fileActionCount + (base.map { $0.tailActionCount } ?? 0)
    let stored = base?.checkpointActionCount ?? 0
    let live = Swift.max(base?.live.countBound ?? 0, stored)
    let isLarge = tail > tailActionMin && tail > live / liveFilesDivisor
    let commitMax = tailCommitMax(actionCount: stored)
    // `last` may be -1: the other way round nothing can overflow.
    func isDue(after last: Int) -> Bool {
      last < version && (isLarge || last < version - commitMax)
    }
    // By what the plan knew: most commits need not list the log for it, which becomes long.
    let isNeeded = base?.needsCheckpoint ?? false
    guard isNeeded || isDue(after: base?.checkpointVersion ?? -1) else { return nil }
    let listing = try LogListing(storage)
    // Another writer may have seen to it.
    let found = listing.checkpoints.first { $0.version <= version }
    let newest = found?.version ?? -1
    guard isNeeded && newest < version || isDue(after: newest) else { return found }
    let snapshot: Snapshot
    if let base {
      snapshot = try base.advanced(to: version, listing, storage)
    } else {
      snapshot = try Snapshot.load(storage, version: version)
    }
    try CheckpointWriter.write(snapshot, storage)
    LogLeftovers.remove(storage)
    return CheckpointFiles(version: version)
  }
}
