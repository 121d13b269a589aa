import Columnar
import Parquet
import Storage
import Synchronization

/// A table at one version. Immutable.
public struct Snapshot: Sendable {
  /// The table's folder, as given by the caller.
  public let tableName: String
  /// The version of the log.
  public let version: Int
  /// What a client must support to use the table.
  public let `protocol`: TableProtocol
  /// The table's description.
  public let metadata: TableMetadata
  /// The columns.
  public let schema: DeltaSchema
  /// Live files, partly undecoded.
  let live: LiveFiles
  /// How columns are found in the files; nil if under their own names.
  public let columnMapping: ColumnMapping?
  /// How the log tells of the columns; nil if as they are.
  private let loggedColumns: LoggedColumns?
  /// Which features of the files the caller applies.
  let applies: FeatureSupport
  /// Whether files, live or removed, may have deletion vectors.
  let mayHaveVectors: Bool
  /// All live files, decoded on first use.
  private let allFiles: KeptFiles
  /// Tombstones, decoded on first use.
  let storedTombstones: Tombstones
  /// By application id.
  public let txns: Applications
  /// By domain; removed ones are left out.
  public let domainMetadata: [String: DomainMetadata]
  /// `commitInfo` of this version; nil if the version was read from a checkpoint alone.
  public let commitInfo: CommitInfo?
  /// Version of the checkpoint that this was built from; nil if from commits alone.
  public let checkpointVersion: Int?
  /// Add and remove actions in the commits since that checkpoint.
  public let tailActionCount: Int
  /// Actions in that checkpoint.
  let checkpointActionCount: Int
  /// Why an older checkpoint, or commits alone, were used instead of the newest checkpoint; nil if it was used.
  public let workedAround: DeltaError?
  /// Whether the next commit must write a checkpoint, due or not, since other readers can't use the present
  /// one.
  let needsCheckpoint: Bool
  /// What was found out about the log, if this is its newest version: for the next commit's hint.
  private(set) var known: KnownLog?

  /// Reads a table's state.
  ///
  /// - Parameters:
  ///   - version: The version; nil for the newest.
  ///   - asOf: Milliseconds since 1970 UTC: the newest version committed by then.
  ///   - listsLog: Lists the log whatever is known of it: for callers that delete files by the result.
  ///   - applies: Which features of data files the caller applies; a table that uses others is refused.
  public static func load(
    _ storage: any TableStorage, version: Int? = nil, asOf: Int64? = nil, listsLog: Bool = false,
    applies: FeatureSupport = .plainFiles
  ) throws(DeltaError) -> Snapshot {
    if version == nil, asOf == nil, !listsLog, let newest = hinted(storage, applies) {
      return newest
    }
    let listing = try LogListing(storage)
    var target = listing.latest
    if let version {
      target = version
    } else if let asOf {
      target = try TimeTravel.version(at: asOf, listing, storage)
    }
    return try load(target, listing, storage, applies)
  }

  /// The newest version; nil if there is no table.
  public static func loadIfPresent(
    _ storage: any TableStorage, applies: FeatureSupport = .plainFiles
  ) throws(DeltaError) -> Snapshot? {
    if let newest = hinted(storage, applies) { return newest }
    let listing: LogListing
    do throws(DeltaError) {
      listing = try LogListing(storage)
    } catch {
      if error.code == .noTable { return nil }
      throw error
    }
    return try load(listing.latest, listing, storage, applies)
  }

  /// The newest version without listing the log; nil if it must be listed.
  private static func hinted(
    _ storage: any TableStorage, _ applies: FeatureSupport
  ) -> Snapshot? {
    guard let (listing, lastCheckpoint) = ListingHint.listing(storage) else { return nil }
    let segment = LogSegment(checkpoint: listing.checkpoints.first, target: listing.latest)
    // Whatever is wrong: listing the log works around it, or reports it.
    guard
      var replay = try? segment.checkpoint.map({ (checkpoint) throws(DeltaError) in
        try CheckpointReader.read(checkpoint, lastCheckpoint, listing, storage)
      }) ?? LogReplay()
    else { return nil }
    replay.applies = applies
    // As above.
    return try? load(segment, onto: replay, listing, storage)
  }

  private static func load(
    _ target: Int, _ listing: LogListing, _ storage: any TableStorage, _ applies: FeatureSupport
  ) throws(DeltaError) -> Snapshot {
    let hint = LastCheckpoint.read(storage)
    var failure: DeltaError?
    for segment in try listing.segments(upTo: target, storage) {
      var replay = LogReplay()
      if let checkpoint = segment.checkpoint {
        do throws(DeltaError) {
          replay = try CheckpointReader.read(checkpoint, hint, listing, storage)
        } catch {
          // A damaged checkpoint can be worked around if older ones or commits are intact.
          guard error.code == .corrupt else { throw error }
          failure = failure ?? error
          continue
        }
      }
      replay.applies = applies
      replay.needsCheckpoint = failure != nil || listing.contradicts(hint)
      replay.workedAround = failure.map(Self.workedAround)
      if let warning = replay.workedAround { LogWarnings.report(warning) }
      return try load(segment, onto: replay, listing, storage)
    }
    throw failure ?? LogListing.noTable(storage)
  }

  private static func load(
    _ segment: LogSegment, onto replay: consuming LogReplay, checkpoint: Int? = nil,
    _ listing: LogListing, _ storage: any TableStorage
  ) throws(DeltaError) -> Snapshot {
    var snapshot = try SnapshotLoader(storage, segment).load(onto: replay, checkpoint: checkpoint)
    if snapshot.version == listing.latest { snapshot.known = listing.known }
    return snapshot
  }

  private static func workedAround(_ failure: DeltaError) -> DeltaError {
    DeltaError(
      failure.code,
      "a checkpoint was passed over, and older ones and commits were read in its place: "
        + failure.message, path: failure.path,
      remedy: "nothing is missing; the next commit of lake writes a new checkpoint")
  }

  /// The newest version, reading only commits since this one.
  public func refreshed(_ storage: any TableStorage) throws(DeltaError) -> Snapshot {
    if let listing = ListingHint.listing(storage)?.listing {
      if listing.latest == version { return self }
      // As for a snapshot that was loaded by the hint.
      if listing.hasCommits(after: version, through: listing.latest), listing.latest > version,
        let later = try? advanced(to: listing.latest, listing, storage)
      {
        return later
      }
    }
    let listing = try LogListing(storage)
    if listing.latest == version { return self }
    return try advanced(to: listing.latest, listing, storage)
  }

  /// A later version.
  func advanced(
    to target: Int, _ listing: LogListing, _ storage: any TableStorage
  ) throws(DeltaError) -> Snapshot {
    guard target > version, listing.hasCommits(after: version, through: target) else {
      return try Snapshot.load(storage, version: target, applies: applies)
    }
    var segment = LogSegment(checkpoint: nil, target: target)
    segment.base = version
    var replay = LogReplay(self)
    // Even if this process wrote one: the next is due counted from the newest checkpoint.
    var last = checkpointVersion
    if let newer = listing.checkpoints.first(where: { $0.version <= target })?.version,
      newer > last ?? -1
    {
      last = newer
      replay.checkpointActionCount = Swift.max(
        checkpointActionCount, live.countBound + txns.countBound)
      if newer == version { replay.tailActionCount = 0 }
      if newer > version { replay.needsCheckpoint = false }
    }
    return try Self.load(segment, onto: replay, checkpoint: last, listing, storage)
  }

  /// The newest version, without reading it.
  public static func latestVersion(_ storage: any TableStorage) throws(DeltaError) -> Int {
    if let newest = ListingHint.latest(storage) { return newest }
    return try LogListing(storage).latest
  }

  /// Whether there is a Delta table.
  public static func exists(_ storage: any TableStorage) throws(DeltaError) -> Bool {
    do throws(DeltaError) {
      _ = try LogListing(storage)
      return true
    } catch {
      if error.code == .noTable { return false }
      throw error
    }
  }

  /// The flat columns of the schema, partition columns included.
  public var fields: [Field] { schema.flatFields }

  /// The partition columns, in order.
  public var partitionColumns: [String] { metadata.partitionColumns }

  /// Table properties.
  public var configuration: [String: String] { metadata.configuration }

  /// Live files, roughly in log order: a checkpoint sorts them by date. Cost: the first call decodes all of
  /// them.
  ///
  /// - Throws: `corrupt` if a checkpoint with a valid checksum cannot be decoded.
  public var files: [AddFile] {
    get throws(DeltaError) {
      try allFiles.get { () throws(DeltaError) in withColumns(try eachOnce(live.all())) }
    }
  }

  /// The live files with this value of a partition column, in the order of `files`. Cost: little is decoded of
  /// other files.
  ///
  /// - Parameter value: As in the log: a date is `2024-01-02`.
  public func files(where column: String, is value: String) throws(DeltaError) -> [AddFile] {
    withColumns(
      try eachOnce(live.files(where: loggedColumns?.name(of: column) ?? column, is: value)))
  }

  /// Refuses files of which the log has two live entries: they differ in which rows are deleted, and nothing says which
  /// one counts.
  private func eachOnce(_ files: [AddFile]) throws(DeltaError) -> [AddFile] {
    guard mayHaveVectors else { return files }
    var seen: Set<String> = []
    for file in files where !seen.insert(LogReplay.key(file.path, nil)).inserted {
      throw DeltaError(
        .corrupt,
        "the log has two live entries of the file '\(file.path)', with different deletion vectors: nothing says which rows are deleted",
        path: tableName)
    }
    return files
  }

  /// Files that know how the log tells of the columns.
  private func withColumns(_ files: [AddFile]) -> [AddFile] {
    guard let loggedColumns else { return files }
    var files = files
    for index in files.indices { files[index].columns = loggedColumns }
    return files
  }

  /// Why a part of a checkpoint could not be decoded; nil if nothing failed.
  var failure: ParquetError? {
    live.stored.lazy.compactMap(\.failure).first ?? txns.failure
  }

  /// Removed files whose bytes may still exist.
  public var tombstones: [RemoveFile] {
    get throws(DeltaError) { try storedTombstones.values() }
  }

  /// Refuses a table with writer requirements that are not supported.
  public func requireWritable() throws(DeltaError) {
    try TableFeatures.checkWrite(self.protocol, metadata, tableName)
    if mayHaveVectors, let file = try files.first(where: { $0.deletionVector != nil }) {
      throw TableFeatures.unwritable(
        "deletionVectors (file '\(file.path)' has one)", tableName)
    }
  }

  init(_ replay: consuming LogReplay, version: Int, checkpoint: Int?, _ name: String)
    throws(DeltaError)
  {
    guard let table = replay.table else {
      throw DeltaError(.corrupt, "the log has no 'protocol' action", path: name)
    }
    guard let metadata = replay.metadata else {
      throw DeltaError(.corrupt, "the log has no 'metaData' action", path: name)
    }
    if metadata.schemaString.isEmpty {
      throw DeltaError(.corrupt, "the newest 'metaData' has no 'schemaString'", path: name)
    }
    applies = replay.applies
    try TableFeatures.checkRead(table, metadata, name, applies)
    live = replay.files
    allFiles = KeptFiles()
    mayHaveVectors = replay.hasDeletionVectors
    // Removed files don't matter.
    if applies == .plainFiles, replay.hasDeletionVectors,
      let file = try live.all().first(where: { $0.deletionVectorID != nil })
    {
      throw TableFeatures.onlyQueried(
        "deletionVectors", name, because: "file '\(file.path)' has one")
    }
    columnMapping = try ColumnMapping.of(metadata, table, name)
    do throws(DeltaError) {
      schema = try DeltaSchema(parsing: metadata.schemaString)
      try columnMapping?.check(schema)
    } catch { throw error.at(name) }
    if applies == .plainFiles, let column = schema.widenedColumn {
      throw TableFeatures.onlyQueried(
        "typeWidening", name, because: "column '\(column)' was widened")
    }
    loggedColumns = LoggedColumns(schema, columnMapping)
    tableName = name
    self.version = version
    self.protocol = table
    self.metadata = metadata
    storedTombstones = replay.tombstones
    txns = replay.txns
    domainMetadata = replay.domains
    commitInfo = replay.commitInfo
    checkpointVersion = checkpoint
    tailActionCount = replay.tailActionCount
    checkpointActionCount = replay.checkpointActionCount
    workedAround = replay.workedAround
    needsCheckpoint = replay.needsCheckpoint
  }
}

/// The files of a snapshot, decoded once for all of its copies.
private final class KeptFiles: Sendable {
  private let files = Mutex<[AddFile]?>(nil)

  func get(_ make: () throws(DeltaError) -> [AddFile]) throws(DeltaError) -> [AddFile] {
    let result = files.withLock { files -> Result<[AddFile], DeltaError> in
      if let files { return .success(files) }
      do throws(DeltaError) {
        let made = try make()
        files = made
        return .success(made)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
