import Storage

/// When a checkpoint is due.
enum CheckpointPolicy {
  /// Commits since the last checkpoint beyond which one is written.
  static let tailCommitMax = 10

  static func checkpointIfDue(
    _ version: Int, base: Snapshot?, ownActionCount: Int, _ storage: any TableStorage
  ) throws(DeltaError) {
  }
}
