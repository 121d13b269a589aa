import Columnar
import Parquet
import Storage

/// Reads a checkpoint: the state of a table as Parquet.
///
/// Column by column, since the checkpoint of a table with 100,000 files has as many rows.
///
/// - Spec: Delta PROTOCOL.md, "Checkpoints" and "Checkpoint Schema".
enum CheckpointReader {
  /// Key in the footer for the checkpoint's version: the checksum covers only its bytes.
  static let versionKey = "lake.checkpoint.version"

  /// Reads a checkpoint, and compares it with everything else that the log says about its version.
  ///
  /// - Throws: `corrupt` if it cannot be read, or is not the checkpoint of its version.
  static func read(
    _ checkpoint: CheckpointFiles, _ hint: LastCheckpoint.Hint, _ listing: LogListing,
    _ storage: any TableStorage
  ) throws(DeltaError) -> LogReplay {
    let (replay, isBound) = try read(
      checkpoint.paths, version: checkpoint.version, storage,
      isNamedByUUID: checkpoint.uuidName != nil)
    func byteCount() throws(DeltaError) -> Int? {
      guard checkpoint.partCount == nil else { return nil }
      return try storing { () throws(StorageError) in
        try storage.attributes(checkpoint.paths[0])?.byteCount
      }
    }
    if case .says(let hint) = hint,
      let reason = try hint.mismatch(checkpoint, replay, byteCount: byteCount)
    {
      throw odd(reason, checkpoint, storage)
    }
    if !isBound, listing.hasCommit(checkpoint.version),
      let reason = try replay.contradiction(
        to: SnapshotLoader.commit(checkpoint.version, storage, hasInfo: false))
    {
      throw odd(reason, checkpoint, storage)
    }
    return replay
  }

  private static func odd(
    _ reason: String, _ checkpoint: CheckpointFiles, _ storage: any TableStorage
  ) -> DeltaError {
    corrupt(
      ParquetError(
        .corrupt, "it is not the checkpoint of version \(checkpoint.version): \(reason)"),
      storage.name + "/" + checkpoint.paths[0])
  }

  /// - Parameters:
  ///   - paths: Paths of its parts.
  ///   - isWhole: Whether to decode everything at once, including what is rarely needed.
  ///   - isNamedByUUID: Whether it must be a V2 checkpoint.
  /// - Returns: The state, and whether the files themselves state their version.
  /// - Throws: `corrupt` if a part cannot be read.
  static func read(
    _ paths: [String], version: Int, _ storage: any TableStorage, isWhole: Bool = false,
    isNamedByUUID: Bool = false
  ) throws(DeltaError) -> (replay: LogReplay, isBound: Bool) {
    var replay = LogReplay()
    var isBound = true
    var manifest = CheckpointManifest()
    for path in paths {
      if path.hasSuffix(".json") {
        let actions = try commitActions(path, storage)
        do throws(ParquetError) {
          manifest = try CheckpointManifest.apply(actions, to: &replay)
        } catch {
          throw corrupt(error, path, storage)
        }
        isBound = false
        continue
      }
      let reader = try open(path, storage)
      let isDeferred: Bool
      do throws(ParquetError) {
        let isSealed = try reader.isSealed()
        let isNamed = isSealed ? try names(version, reader) : false
        if !isNamed { isBound = false }
        // Checkpoints sealed by `lake` are known to be intact; in any other, every column must be decoded to
        // find damage.
        isDeferred = isSealed && !isWhole && paths.count == 1 && !hasVectors(reader)
      } catch {
        throw corrupt(error, path, storage)
      }
      for rowGroup in 0..<reader.rowGroupCount {
        let group = CheckpointRowGroup(reader, rowGroup)
        do throws(ParquetError) {
          try group.apply(to: &replay, isDeferred: isDeferred)
          try group.addManifest(to: &manifest)
        } catch {
          throw corrupt(error, path, storage)
        }
        if isDeferred { try group.deferFiles(to: &replay) }
      }
    }
    do throws(ParquetError) {
      try manifest.check(version, isNamedByUUID: isNamedByUUID)
    } catch {
      throw corrupt(error, paths[0], storage)
    }
    if !manifest.sidecars.isEmpty {
      try apply(manifest.sidecars, of: paths[0], to: &replay, storage)
    }
    return (replay, isBound)
  }

  /// The actions of a checkpoint in JSON.
  private static func commitActions(
    _ path: String, _ storage: any TableStorage
  ) throws(DeltaError) -> [Action] {
    let byteCount = try storing { () throws(StorageError) in
      try storage.attributes(path)?.byteCount ?? 0
    }
    return try CommitParser.parse(byteCount: byteCount, path: storage.name + "/" + path) {
      (range) throws(DeltaError) in
      try storing { () throws(StorageError) in try storage.read(path, range: range) }
    }
  }

  /// Whether a sealed checkpoint states its version; older ones do not.
  private static func names(
    _ version: Int, _ reader: ParquetReader
  ) throws(ParquetError) -> Bool {
    guard let said = reader.metadata.keyValueMetadata?.first(where: { $0.key == versionKey })
    else { return false }
    if said.value == "\(version)" { return true }
    throw ParquetError(
      .corrupt, "it is the checkpoint of version \(said.value ?? "?"), not of version \(version)")
  }

  /// Whether files may have deletion vectors, which are decoded with their files.
  private static func hasVectors(_ reader: ParquetReader) -> Bool {
    reader.leaves.contains { $0.path.starts(with: ["add", "deletionVector"]) }
  }

  static func open(
    _ path: String, _ storage: any TableStorage
  ) throws(DeltaError) -> ParquetReader {
    do throws(ParquetError) {
      if let local = storage.localPath(path) { return try ParquetReader(path: local) }
    } catch {
      throw corrupt(error, path, storage)
    }
    let bytes = try storing { () throws(StorageError) in try storage.read(path) }
    do throws(ParquetError) {
      return try ParquetReader(bytes: bytes, name: path)
    } catch {
      throw corrupt(error, path, storage)
    }
  }

  private static func corrupt(
    _ error: ParquetError, _ path: String, _ storage: any TableStorage
  ) -> DeltaError {
    corrupt(error, storage.name + "/" + path)
  }

  static func corrupt(_ error: ParquetError, _ path: String) -> DeltaError {
    DeltaError(
      .corrupt, "the checkpoint cannot be read: \(error.message)", path: error.placeText ?? path,
      remedy: "restore the file from a backup: the log has no other whole way to this version")
  }
}
