/// Removed files whose bytes may still exist.
///
/// They accumulate until the bytes are deleted, and are rarely needed: those of a checkpoint are decoded on
/// demand.
struct Tombstones: Sendable {
  /// Row groups of a checkpoint that have tombstones.
  private var stored: [CheckpointRowGroup] = []
  /// Tombstones since the checkpoint.
  private var later = KeyedFiles<RemoveFile>()
  /// Keys of tombstones in `stored` whose files are live again.
  private var revived: Set<String> = []

  init() {}

  /// Number of tombstones since the checkpoint.
  var laterCount: Int { later.count }

  mutating func take(_ rowGroup: CheckpointRowGroup) { stored.append(rowGroup) }

  mutating func set(_ key: String, _ file: RemoveFile) { later.set(key, file) }

  mutating func remove(_ key: String) {
    if later.count > 0 { later.remove(key) }
    if !stored.isEmpty { revived.insert(key) }
  }

  /// All of them, in the order of the log.
  func values() throws(DeltaError) -> [RemoveFile] {
    if stored.isEmpty { return later.values() }
    var files = KeyedFiles<RemoveFile>()
    for rowGroup in stored {
      for file in try rowGroup.removes() { files.set(file.key, file) }
    }
    for key in revived { files.remove(key) }
    for file in later.values() { files.set(file.key, file) }
    return files.values()
  }
}

extension RemoveFile {
  fileprivate var key: String { LogReplay.key(path, deletionVectorID) }
}
