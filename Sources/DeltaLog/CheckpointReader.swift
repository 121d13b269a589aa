import Storage

/// Reads a checkpoint: the state of a table as Parquet.
///
/// - Spec: Delta PROTOCOL.md, "Checkpoints" and "Checkpoint Schema".
enum CheckpointReader {
  static func read(
    _ checkpoint: CheckpointFiles, _ storage: any TableStorage
  ) throws(DeltaError) -> LogReplay {
    throw DeltaError(
      .corrupt, "checkpoints are not read yet", path: storage.name + "/" + checkpoint.paths[0])
  }
}
