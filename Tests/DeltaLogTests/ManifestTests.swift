import JSON
import Parquet
import Storage
import TestSupport
import Testing

@testable import DeltaLog

/// V2 checkpoints: manifests in JSON, and sidecars.
@Suite struct ManifestTests {
  private static let uuid = "80a083e8-7026-4e79-81be-64bd76c43a11"
  private static let path = "_delta_log/00000000000000000001.checkpoint.\(uuid).json"

  /// A log of two commits, of which only the checkpoint of the second is left.
  ///
  /// - Parameter lines: Of the checkpoint, beside protocol and metadata.
  private func builder(_ lines: [String]) -> TableBuilder {
    let builder = TableBuilder(birth: [])
    let head = String(decoding: CommitWriter.bytes(of: TableBuilder.birth), as: UTF8.self)
    builder.storage.set(Self.path, Array((head + lines.joined(separator: "\n") + "\n").utf8))
    return builder
  }

  private func sidecar(_ path: String, _ byteCount: Int?) -> String {
    "{\"sidecar\":{\"path\":\"\(path)\",\(byteCount.map { "\"sizeInBytes\":\($0)," } ?? "")\"modificationTime\":1}}"
  }

  private static let version = "{\"checkpointMetadata\":{\"version\":1}}"

  /// Writes a checkpoint of these files as a sidecar, and returns its size.
  private func write(_ name: String, _ files: [String], to builder: TableBuilder) throws -> Int {
    let other = TableBuilder()
    other.commit(1, files.map { other.add($0) })
    try CheckpointWriter.write(try other.load(), other.storage)
    let bytes = try other.storage.read(LogFile.checkpointPath(1))
    builder.storage.set("_delta_log/_sidecars/" + name, bytes)
    return bytes.count
  }

  @Test func theFilesOfSidecarsAreLive() throws {
    // A sidecar's own protocol and metadata don't count.
    let draft = builder([])
    let sizes = (
      try write("a.parquet", ["x", "y"], to: draft), try write("b c.parquet", ["z"], to: draft)
    )
    let lines = [
      Self.version, sidecar("a.parquet", sizes.0),
      sidecar("file:///elsewhere/_delta_log/_sidecars/b%20c.parquet", sizes.1),
    ]
    let whole = builder(lines)
    for name in ["a.parquet", "b c.parquet"] {
      whole.storage.set(
        "_delta_log/_sidecars/" + name, try draft.storage.read("_delta_log/_sidecars/" + name))
    }
    #expect(try names(whole.load()) == ["x", "y", "z"])
    whole.commit(2, [whole.remove("y"), whole.add("w")])
    #expect(try names(whole.load()) == ["x", "z", "w"])
    #expect(try names(whole.load(version: 1)) == ["x", "y", "z"])
    let gone = #expect(throws: DeltaError.self) { try whole.load(version: 0) }
    #expect(gone?.code == .versionNotFound || gone?.code == .gap)
  }

  @Test func aCheckpointInJSONNeedsNoSidecar() throws {
    let add =
      #"{"add":{"path":"q.parquet","size":1,"modificationTime":1,"dataChange":false,"partitionValues":{}}}"#
    let builder = builder([Self.version, add, #"{"txn":{"appId":"me","version":7}}"#])
    let snapshot = try builder.load()
    #expect(try snapshot.files.map(\.path) == ["q.parquet"])
    #expect(snapshot.txns["me"]?.version == 7)
    #expect(snapshot.checkpointVersion == 1)
  }

  @Test(arguments: [
    "../a.parquet", "..", ".", "", "/etc/passwd", "x/a.parquet", "_sidecars/a.parquet",
    "%2e%2e/a.parquet",
    "..%2Fa.parquet", "/t/_delta_log/_sidecars/../a.parquet", "/t/_delta_log/_sidecars/",
    "_delta_log/_sidecars/a.parquet", "s3://b/a.parquet", "a\\u0000.parquet",
  ])
  func aSidecarOutsideItsFolderIsNeverRead(_ path: String) throws {
    let builder = builder([Self.version, sidecar(path, nil)])
    _ = try write("a.parquet", ["x"], to: builder)
    let error = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(error?.code == .corrupt)
    #expect(error?.message.contains("which is no file of '_delta_log/_sidecars'") == true)
  }

  @Test func aManifestThatIsNoneIsAnError() throws {
    func told(_ lines: [String]) throws -> String {
      let builder = builder(lines)
      _ = try write("a.parquet", ["x"], to: builder)
      let error = #expect(throws: DeltaError.self) { try builder.load() }
      #expect(error?.code == .corrupt)
      return error?.message ?? ""
    }
    let add =
      #"{"add":{"path":"q.parquet","size":1,"modificationTime":1,"dataChange":false,"partitionValues":{}}}"#
    #expect(try told([]).contains("it has no 'checkpointMetadata'"))
    #expect(try told([#"{"checkpointMetadata":{}}"#]).contains("has no version"))
    #expect(try told([Self.version, Self.version]).contains("a 'checkpointMetadata' twice"))
    #expect(
      try told([#"{"checkpointMetadata":{"version":2}}"#])
        .contains("checkpoint of version 2, not of version 1"))
    #expect(try told([Self.version, add, add]).contains("twice"))
    #expect(
      try told([Self.version, #"{"sidecar":{"sizeInBytes":1}}"#]).contains("a sidecar has no path"))
    #expect(
      try told([Self.version, sidecar("a.parquet", 3)]).contains("and the checkpoint says 3"))
    #expect(
      try told([Self.version, sidecar("a.parquet", nil), sidecar("a.parquet", nil)])
        .contains("twice"))
  }

  @Test func aDamagedManifestIsWorkedAroundByCommits() throws {
    let builder = builder([Self.version, sidecar("gone.parquet", 5)])
    builder.commit(0, TableBuilder.birth)
    builder.commit(1, [builder.add("a")])
    builder.commit(2, [builder.add("b")])
    let snapshot = try builder.load()
    #expect(try names(snapshot) == ["a", "b"])
    #expect(snapshot.checkpointVersion == nil && snapshot.workedAround != nil)
  }

  @Test func aManifestMustAgreeWithItsCommit() throws {
    let builder = builder([Self.version])
    builder.commit(0, TableBuilder.birth)
    builder.commit(1, [builder.add("a")])
    let snapshot = try builder.load()
    #expect(try names(snapshot) == ["a"])
    #expect(snapshot.workedAround?.message.contains("it lacks the file") == true)
  }
}
