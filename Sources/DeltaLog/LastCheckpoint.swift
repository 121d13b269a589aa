import JSON
import Storage

/// `_last_checkpoint`: a hint for readers that cannot list a folder cheaply. `lake` lists, compares the hint
/// with the checkpoint that it reads, and keeps the hint right for others.
///
/// - Spec: Delta PROTOCOL.md, "Last Checkpoint File Schema".
struct LastCheckpoint {
  static let path = LogFile.directory + "/_last_checkpoint"

  var version: Int
  /// Actions of the checkpoint, over all its parts; nil if the hint lacks it.
  var actionCount: Int?
  var byteCount: Int?
  var addCount: Int?
  var partCount: Int?
  /// Whether it is a V2 checkpoint.
  var isV2 = false

  /// Writes a hint for this checkpoint, unless the present one points to an existing newer checkpoint.
  func write(_ storage: any TableStorage) throws(DeltaError) {
    if case .says(let there) = Self.read(storage), there.version > version,
      there.isThere(storage)
    {
      return
    }
    let json = JSONObject([
      ("version", .integer(version)), ("size", .integer(actionCount ?? 0)),
      ("sizeInBytes", .integer(byteCount ?? 0)), ("numOfAddFiles", .integer(addCount ?? 0)),
    ])
    try storing { () throws(StorageError) in
      try storage.writeDurably(Self.path, Array(JSONValue.object(json).description.utf8))
    }
  }

  private func isThere(_ storage: any TableStorage) -> Bool {
    // A hint may lack the name of a V2 checkpoint.
    if isV2 { return true }
    // If it cannot be checked, it counts as missing, and the hint is rewritten.
    return CheckpointFiles(version: version, partCount: partCount).paths.allSatisfy {
      (try? storage.exists($0)) == true
    }
  }

  // MARK: - Reading

  /// The state of the hint file.
  enum Hint {
    case none
    /// Unreadable or invalid.
    case damaged
    case says(LastCheckpoint)
  }

  /// Bytes read of the hint at most; engines write some hundred.
  private static let byteCountMax = 16 << 20

  static func read(_ storage: any TableStorage) -> Hint {
    do throws(StorageError) {
      guard let size = try storage.attributes(path)?.byteCount else { return .none }
      if size > byteCountMax { return .damaged }
      let bytes = try storage.read(path)
      // Like any other damage: the log itself shows what exists.
      guard let json = try? JSONValue(parsing: bytes), let hint = LastCheckpoint(json) else {
        return .damaged
      }
      return .says(hint)
    } catch {
      // Only a hint: nothing is decided by it alone.
      return error.code == .notFound ? .none : .damaged
    }
  }

  private init?(_ json: JSONValue) {
    func number(_ name: String) -> Int? { json[name]?.int64.flatMap { Int(exactly: $0) } }
    guard let version = number("version"), version >= 0 else { return nil }
    self.version = version
    actionCount = number("size")
    byteCount = number("sizeInBytes")
    addCount = number("numOfAddFiles")
    partCount = number("parts")
    isV2 = json["v2Checkpoint"] != nil
    if let partCount, !(1...CheckpointFiles.partCountMax).contains(partCount) { return nil }
  }

  init(version: Int, actionCount: Int, byteCount: Int, addCount: Int) {
    self.version = version
    self.actionCount = actionCount
    self.byteCount = byteCount
    self.addCount = addCount
  }

  /// Why a checkpoint that was read is not the one of the hint; nil if they agree.
  ///
  /// - Parameters:
  ///   - replay: The state read from it.
  ///   - byteCount: Size of its file, requested only if the hint's row count differs: old versions of delta-rs
  ///     wrote the size there, or the number of files.
  ///     delta-rs wrote the bytes there, or the number of files.
  func mismatch(
    _ checkpoint: CheckpointFiles, _ replay: LogReplay, byteCount: () throws(DeltaError) -> Int?
  ) throws(DeltaError) -> String? {
    guard version == checkpoint.version, partCount == checkpoint.partCount, !isV2,
      checkpoint.uuidName == nil
    else { return nil }
    let addCount = replay.files.countBound
    if let told = self.addCount, told != addCount {
      return "it names \(addCount) files, and '_last_checkpoint' says that it names \(told)"
    }
    if let told = actionCount, told != replay.checkpointActionCount, told != addCount,
      try told != byteCount()
    {
      return
        "it has \(replay.checkpointActionCount) rows, and '_last_checkpoint' says that it has \(told)"
    }
    return nil
  }
}
