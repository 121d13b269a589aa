import JSON
import Parquet
import Storage

/// What a V2 checkpoint says beyond a table's state: its version, and the files that hold the rest of the state.
///
/// - Spec: Delta PROTOCOL.md, "V2 Spec", "Sidecar File Information" and "Checkpoint Metadata".
struct CheckpointManifest: Sendable {
  /// A Parquet file with some of the live files and tombstones.
  struct Sidecar: Hashable, Sendable {
    /// As in the checkpoint: a URI.
    var path: String
    /// nil if the checkpoint does not say.
    var byteCount: Int64?
  }

  /// Sidecars accepted in a checkpoint; no writer makes so many.
  static let sidecarCountMax = 100_000
  /// Folder of the sidecars, below the table's root.
  static let directory = LogFile.directory + "/_sidecars"

  /// nil if the checkpoint has no `checkpointMetadata`.
  var version: Int64?
  var sidecars: [Sidecar] = []

  /// - Throws: `corrupt` if it is not the manifest of a checkpoint that a file of this name is.
  func check(
    _ checkpoint: Int, isNamedByUUID: Bool
  ) throws(ParquetError) {
    if let version, version != Int64(checkpoint) {
      throw ParquetError(
        .corrupt, "it is the checkpoint of version \(version), not of version \(checkpoint)")
    }
    if version == nil, isNamedByUUID {
      throw ParquetError(.corrupt, "it has no 'checkpointMetadata'")
    }
    if sidecars.count > Self.sidecarCountMax {
      throw ParquetError(
        .corrupt, "it has \(sidecars.count) sidecars, at most \(Self.sidecarCountMax) are read")
    }
  }

  /// The file of a sidecar, below the table's root.
  ///
  /// All of them lie in one folder of the log. A path is a name in it, or ends with that folder and a name, as an
  /// absolute one does.
  ///
  /// - Throws: `corrupt` for any other path.
  static func path(of sidecar: Sidecar) throws(ParquetError) -> String {
    let decoded = DataPath.decoded(sidecar.path)
    let parts = decoded.split(separator: "/", omittingEmptySubsequences: false)
    let isAbsolute = decoded.hasPrefix("/") || DataPath.hasScheme(decoded)
    let isBelow =
      isAbsolute && parts.count > 3
      && parts.suffix(3).dropLast().joined(separator: "/") == directory
    guard parts.count == 1 || isBelow, let name = parts.last, !name.isEmpty, name != ".",
      name != "..", !name.utf8.contains(0)
    else {
      throw ParquetError(
        .corrupt, "it names the sidecar '\(sidecar.path)', which is no file of '\(directory)'")
    }
    return directory + "/" + name
  }

  // MARK: - JSON

  /// Applies the actions of a checkpoint in JSON.
  static func apply(
    _ actions: [Action], to replay: inout LogReplay
  ) throws(ParquetError) -> CheckpointManifest {
    var manifest = CheckpointManifest()
    replay.checkpointActionCount = replay.checkpointActionCount.adding(clamped: actions.count)
    for action in actions {
      switch action {
      case .add(let file): try replay.applyOnce(file)
      case .remove(let file): try replay.applyOnce(file)
      case .unknown(let json): try manifest.take(json)
      case .protocol where replay.table != nil: throw ParquetError.twice("a 'protocol'")
      case .metadata where replay.metadata != nil: throw ParquetError.twice("a 'metaData'")
      case .txn(let txn) where replay.txns[txn.appId] != nil:
        throw ParquetError.twice("the application '\(txn.appId)'")
      case .domainMetadata(let domain) where replay.domains[domain.domain] != nil:
        throw ParquetError.twice("the domain '\(domain.domain)'")
      case .protocol, .metadata, .txn, .domainMetadata: replay.apply(action)
      case .commitInfo, .changeData: break
      }
    }
    return manifest
  }

  private mutating func take(_ json: JSONValue) throws(ParquetError) {
    if let metadata = json["checkpointMetadata"] {
      if version != nil { throw ParquetError.twice("a 'checkpointMetadata'") }
      guard let said = metadata["version"]?.int64 else {
        throw ParquetError(.corrupt, "its 'checkpointMetadata' has no version")
      }
      version = said
    }
    if let sidecar = json["sidecar"] {
      guard let path = sidecar["path"]?.string else {
        throw ParquetError(.corrupt, "a sidecar has no path")
      }
      sidecars.append(Sidecar(path: path, byteCount: sidecar["sizeInBytes"]?.int64))
    }
  }
}

extension CheckpointReader {
  /// Adds the live files and tombstones of a checkpoint's sidecars.
  ///
  /// - Parameter checkpoint: Path of the checkpoint, for errors.
  static func apply(
    _ sidecars: [CheckpointManifest.Sidecar], of checkpoint: String, to replay: inout LogReplay,
    _ storage: any TableStorage
  ) throws(DeltaError) {
    for sidecar in sidecars {
      let path: String
      do throws(ParquetError) {
        path = try CheckpointManifest.path(of: sidecar)
      } catch {
        throw corrupt(error, storage.name + "/" + checkpoint)
      }
      if storage.localPath(path) != nil {
        do throws(DeltaError) {
          _ = try DataFolder(root: storage.name).path(of: path, "sidecar")
        } catch {
          throw corrupt(ParquetError(.corrupt, error.message), storage.name + "/" + checkpoint)
        }
      }
      let found = try storing { () throws(StorageError) in try storage.attributes(path) }
      guard let byteCount = found?.byteCount else {
        throw corrupt(
          ParquetError(.corrupt, "there is no such sidecar"), storage.name + "/" + path)
      }
      if let said = sidecar.byteCount, said != Int64(byteCount) {
        throw corrupt(
          ParquetError(
            .corrupt, "the sidecar has \(byteCount) bytes, and the checkpoint says \(said)"),
          storage.name + "/" + path)
      }
      let reader = try open(path, storage)
      do throws(ParquetError) {
        for rowGroup in 0..<reader.rowGroupCount {
          try CheckpointRowGroup(reader, rowGroup).applyFiles(to: &replay)
        }
      } catch {
        throw corrupt(error, storage.name + "/" + path)
      }
    }
  }
}
