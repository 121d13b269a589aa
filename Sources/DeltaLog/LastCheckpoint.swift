import JSON
import Storage

/// `_last_checkpoint`: a hint for readers that cannot list a folder cheaply. `lake` lists, and only
/// writes it.
///
/// - Spec: Delta PROTOCOL.md, "Last Checkpoint File Schema".
struct LastCheckpoint {
  static let path = LogFile.directory + "/_last_checkpoint"

  var version: Int
  var actionCount: Int
  var byteCount: Int
  var addCount: Int

  /// Points at this checkpoint, unless a newer one is pointed at.
  func write(_ storage: any TableStorage) throws(DeltaError) {
    if let there = Self.version(storage), there > version { return }
    let json = JSONObject([
      ("version", .integer(version)), ("size", .integer(actionCount)),
      ("sizeInBytes", .integer(byteCount)), ("numOfAddFiles", .integer(addCount)),
    ])
    try storing { () throws(StorageError) in
      try storage.writeDurably(Self.path, Array(JSONValue.object(json).description.utf8))
    }
  }

  /// Bytes of the hint that are read; engines write some hundred.
  private static let byteCountMax = 16 << 20

  /// The version that is pointed at; nil where the hint is missing or damaged, or points at nothing.
  static func version(_ storage: any TableStorage) -> Int? {
    // Only a hint for others: one that cannot be read is written anew, and nothing is decided by it.
    guard let size = try? storage.attributes(path)?.byteCount, size <= byteCountMax,
      let bytes = try? storage.read(path), let json = try? JSONValue(parsing: bytes),
      let version = json["version"]?.int64.flatMap({ Int(exactly: $0) }),
      // As above.
      (try? storage.exists(LogFile.checkpointPath(version))) == true
    else { return nil }
    return version
  }
}
