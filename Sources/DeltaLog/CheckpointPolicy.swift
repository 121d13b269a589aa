import Storage

/// When a checkpoint is due: after more than ten commits since the last one, or when their file actions exceed
/// a tenth of the live files.
///
/// A checkpoint is written whole. For a table with many files and inputs, one every eleven commits would cost
/// more than reading some more commits: there the limit is half the square root of the checkpoint's actions,
/// where both costs are about equal.
///
/// If the newest checkpoint is damaged, or the hint for other readers points to none, one is due at once.
enum CheckpointPolicy {
  /// Commits since the last checkpoint that a table with few actions may have.
  static let tailCommitMax = 10
  /// Commits since the last checkpoint that any table may have.
  static let tailCommitLimit = 1000
  /// File actions from which one may be due: checkpointing each commit of a small table would cost more than it
  /// saves.
  static let tailActionMin = 1000
  /// One part in this many of the live files, or of the last checkpoint's actions.
  static let liveFilesDivisor = 10

  /// Commits that may follow a checkpoint of `actionCount` actions.
  static func tailCommitMax(actionCount: Int) -> Int {
    let half = Int(Double(actionCount).squareRoot() / 2)
    return Swift.min(Swift.max(half, tailCommitMax), tailCommitLimit)
  }

  /// - Parameters:
  ///   - version: The version just committed.
  ///   - base: What the commit was planned with; nil if it created the table.
  ///   - fileActionCount: Add and remove actions of the commit.
  /// - Returns: The newest checkpoint, if the log was listed to find it.
  static func checkpointIfDue(
    _ version: Int, base: Snapshot?, fileActionCount: Int, _ storage: any TableStorage
  ) throws(DeltaError) -> CheckpointFiles? {
    let tail = fileActionCount + (base.map { $0.tailActionCount } ?? 0)
    let stored = base?.checkpointActionCount ?? 0
    let live = Swift.max(base?.live.countBound ?? 0, stored)
    let isLarge = tail > tailActionMin && tail > live / liveFilesDivisor
    let commitMax = tailCommitMax(actionCount: stored)
    // `last` may be -1: written so that nothing can overflow.
    func isDue(after last: Int) -> Bool {
      last < version && (isLarge || last < version - commitMax)
    }
    // Decided by what the plan knew: for most commits the log, which may be long, need not be listed.
    let isNeeded = base?.needsCheckpoint ?? false
    guard isNeeded || isDue(after: base?.checkpointVersion ?? -1) else { return nil }
    let listing = try LogListing(storage)
    // Another writer may have written one.
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
