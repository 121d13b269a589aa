import Catalog
import Columnar
import DeltaLog
import Ledger
import Market
import Parquet
import Platform
import Storage
import Synchronization
import Tables

/// A segment on its way into a table, with what its log entry will say.
struct PendingSegment: Sendable {
  var staged: StagedSegment
  var tags: [String: String]
}

/// A table that rows are written to: its snapshot, and segments that wait for the commit.
final class TableTarget {
  let name: TableName
  let schema: TableSchema
  private let lake: Lake
  let root: String
  let dataset: String
  private(set) var timeZone: String
  private(set) var snapshot: Snapshot?
  /// The version that our last commit made.
  private(set) var committedVersion: Int?
  /// A commit of ours came since the snapshot.
  private var isBehind = false
  /// The snapshot's files by partition date, once they are asked for.
  private var filesByDate: DatedFiles?
  private let knownSources = KnownSources()
  /// Inputs whose rows wait for the commit.
  private(set) var pendingInputs: [PendingInput] = []
  private let properties: [String: String]
  private let storage: DirectoryStorage

  /// - Parameters:
  ///   - timeZone: Zone of the partition dates of a new table; one that exists keeps its own.
  ///   - properties: Properties of a new table; one that exists must have the same.
  ///   - snapshot: The table as it was looked at a moment ago; a commit finds out what came since.
  init(
    name: TableName, schema: TableSchema, lake: Lake, dataset: String, timeZone: String,
    properties: [String: String] = [:], snapshot: Snapshot? = nil
  ) throws {
    self.properties = properties
    self.snapshot = snapshot
    self.name = name
    self.schema = schema.forLayer(name.layer)
    self.dataset = dataset
    self.timeZone = timeZone
    self.lake = lake
    root = lake.path(of: name)
    storage = DirectoryStorage(root: root)
    if snapshot == nil { try reload() } else { try check() }
  }

  func reload() throws {
    filesByDate = nil
    isBehind = false
    if let known = snapshot {
      snapshot = try known.refreshed(storage)
    } else {
      snapshot = try Snapshot.loadIfPresent(storage)
      if snapshot == nil { try lake.requireLog(of: name) }
    }
    try check()
  }

  /// The table as it is with our last commit: for whoever plans more by it.
  func caughtUp() throws -> TableTarget {
    if isBehind { try reload() }
    return self
  }

  private func check() throws {
    guard let snapshot else { return }
    try snapshot.requireWritable()
    timeZone = snapshot.configuration[TableProperty.partitionTimezone] ?? timeZone
    try definition.requireMatch(snapshot)
  }

  /// Rows of another kind, or with other properties, have no place in the table, whether it is
  /// committed or still pending.
  func requireSame(_ schema: TableSchema, properties: [String: String]) throws(PassError) {
    var found: (what: String, own: String, other: String)?
    if schema.kind != self.schema.kind {
      found = (TableProperty.schema, self.schema.kind, schema.kind)
    } else if let key = properties.keys.sorted().first(where: {
      property($0) != properties[$0]
    }) {
      found = (key, property(key) ?? "", properties[key] ?? "")
    }
    guard let (what, own, other) = found else { return }
    throw PassError(
      .input,
      "table '\(name)' was made otherwise: '\(what)' is '\(own)', expected '\(other)'",
      place: "table '\(name)'", remedy: "store into another table: --as raw.NAME")
  }

  private func property(_ key: String) -> String? {
    snapshot?.configuration[key] ?? properties[key]
  }

  /// Whether the rows of an input are in the table, or pending.
  func has(input appId: String) -> Bool {
    snapshot?.txns[appId] != nil || pendingInputs.contains { $0.appId == appId }
  }

  /// Whether the table has rows of some content, however it was read.
  func has(content sha256: String) -> Bool {
    let start = InputIdentity.prefix + sha256
    return snapshot?.txns.contains(prefix: start) ?? false
      || pendingInputs.contains { $0.appId.hasPrefix(start) }
  }

  func add(_ input: PendingInput) { pendingInputs.append(input) }

  /// Segments that wait for the commit.
  var pending: [PendingSegment] { pendingInputs.flatMap(\.segments) }

  /// Stored files that go when the pending ones come.
  private var pendingRemovals: [AddFile] { pendingInputs.flatMap(\.removals) }

  /// Stored files of a date that no pending work takes away.
  func storedFiles(day: Int) throws -> [AddFile] {
    let gone = Set(pendingRemovals.map(\.filePath))
    let files = try storedFilesByDate().files(date: CivilDate(daysSinceEpoch: day).iso)
    return files.filter { !gone.contains($0.filePath) }
  }

  private func storedFilesByDate() -> DatedFiles {
    if let filesByDate { return filesByDate }
    let files = DatedFiles(snapshot)
    filesByDate = files
    return files
  }

  /// What the table holds now.
  ///
  /// - Parameters:
  ///   - probe: Tells the hash of the input's content; nil where it can't be told before it was read.
  ///   - reading: How the input is read.
  func lookup(_ probe: ContentProbe? = nil, reading: InputReading = .none) throws -> StoredLookup {
    let (txns, name) = (snapshot?.txns, name)
    let waiting = Set(pendingInputs.map(\.appId))
    return StoredLookup(
      schema: StoredSchema(
        fields: schema.fileFields, keyColumns: schema.keyColumns, indexColumn: schema.indexColumn),
      isInput: {
        guard let probe else { return false }
        let appId = InputIdentity.appId(sha256: try probe.sha256(), reading: reading, table: name)
        return txns?[appId] != nil || waiting.contains(appId)
      }, files: try fileLister())
  }

  /// The files of a date as they are now, whatever is added later.
  private func fileLister() throws -> @Sendable (Int) throws -> [StoredFileSource] {
    let gone = Set(pendingRemovals.map(\.filePath))
    let (stored, root, indexColumn) = (storedFilesByDate(), root, schema.indexColumn)
    let waiting = Dictionary(grouping: pending) { $0.staged.day }
    let (name, zoneName, zone) = (name, timeZone, try TimeZoneRules.named(timeZone))
    let known = knownSources
    return { day in
      let date = CivilDate(daysSinceEpoch: day).iso
      let span = FileBounds.microseconds(ofDay: day, in: zone)
      let old = try stored.files(date: date).filter { !gone.contains($0.filePath) }.map { file in
        let source = try known.source(file) {
          StoredFileSource(
            path: try file.localPath(in: root), bounds: FileBounds(file, indexColumn: indexColumn),
            logPath: file.filePath, columns: file.tag(ColumnSet.tag).map { ColumnSet(tag: $0) },
            isSorted: file.taggedRowCount != nil)
        }
        // Rows of one event would lie in two dates, and never be found to be the same.
        guard source.bounds.isWithin(span) else {
          throw PassError(
            .input,
            "a file of \(date) holds rows of other dates by the zone '\(zoneName)': the dates were cut by another zone before '\(TableProperty.partitionTimezone)' was changed",
            place: "table '\(name)', \(file.filePath)",
            remedy: "set the property back, or store into another table: --as raw.NAME")
        }
        return source
      }
      let new = (waiting[day] ?? []).map { segment in
        StoredFileSource(
          path: segment.staged.path, bounds: FileBounds(segment.staged),
          columns: segment.tags[ColumnSet.tag].map { ColumnSet(tag: $0) }, isSorted: true)
      }
      return old + new
    }
  }

  // MARK: - Committing

  /// Puts the pending segments into the table.
  ///
  /// - Parameters:
  ///   - stamp: Gives events the times at which they are recorded.
  ///   - didCommit: Takes the events of what is in the table now.
  /// - Returns: nil when they are in; else the outcome that kept them out, with the files withdrawn
  ///   from the table's folder again and everything still pending.
  func commit(
    _ run: StagingRun, parameters: [(name: String, value: String)],
    stamp: ([CoverageEvent]) -> [CoverageEvent] = { $0 },
    didCommit: ([CoverageEvent]) throws -> Void = { _ in }
  ) throws -> CommitOutcome? {
    if pendingInputs.isEmpty { return nil }
    let folder = name.layer + "/" + name.name + "/"
    var files: [AddFile] = []
    var moves: [(from: String, to: String)] = []
    var days: Set<Int> = []
    for segment in pending {
      let file = addFile(segment)
      files.append(file)
      moves.append((segment.staged.path, folder + file.path))
      days.insert(segment.staged.day)
    }
    if snapshot == nil {
      try DirectoryStorage(root: run.lakeRoot).createDirectory(folder + "_delta_log")
    }
    let events = stamp(pendingInputs.flatMap(\.events))
    let outcome = try run.publish(moves) {
      try commit(files, days, parameters + CoverageRecovery.parameters(events))
    }
    guard case .committed(let version) = outcome else { return outcome }
    pendingInputs = []
    // What the table is now is read when more is to go into it: most commands end here.
    isBehind = true
    committedVersion = version
    try didCommit(events)
    return nil
  }

  /// The log entry of published files.
  private func commit(
    _ files: [AddFile], _ days: Set<Int>, _ parameters: [(name: String, value: String)]
  ) throws -> CommitOutcome {
    var days = days
    let removals = pendingRemovals
    var transaction =
      snapshot == nil
      ? try definition.transaction(on: storage)
      : Transaction(snapshot: snapshot, storage: storage)
    try transaction.addColumns(missingColumns())
    transaction.operation = "WRITE"
    transaction.operationParameters =
      [("mode", removals.isEmpty ? "Append" : "Overwrite")] + parameters
    let changes = pendingInputs.compactMap(\.change)
    if !changes.isEmpty {
      transaction.operationMetrics = changes.reduce(RowChange()) { $0 + $1 }.metrics
    }
    transaction.remove(removals)
    for file in removals {
      if let day = file.partitionValue("date").flatMap({ CivilDate(iso: $0) }) {
        days.insert(day.daysSinceEpoch)
      }
    }
    transaction.append(files)
    days.formUnion(pendingInputs.flatMap(\.dates.days))
    for day in days {
      transaction.readPartitions.insert(
        PartitionKey(date: CivilDate(daysSinceEpoch: day).iso))
    }
    for input in pendingInputs { transaction.setApplication(input.appId, version: 1) }
    return try transaction.commit()
  }

  /// Columns of the files that the table does not declare: its schema has got them since.
  private func missingColumns() throws -> [Field] {
    guard let snapshot else { return [] }
    let declared = try DeltaSchema(parsing: snapshot.metadata.schemaString)
    let names = Set(declared.fields.map { $0.name.lowercased() })
    return schema.fileFields.filter { !names.contains($0.name.lowercased()) }
  }

  /// Drops inputs that will be read again, or are done.
  ///
  /// - Returns: What was dropped.
  func drop(_ appIds: Set<String>) -> [PendingInput] {
    let dropped = pendingInputs.filter { appIds.contains($0.appId) }
    pendingInputs.removeAll { appIds.contains($0.appId) }
    return dropped
  }

  private var definition: TableDefinition {
    TableDefinition(
      name, schema: schema, timezone: timeZone, dataset: dataset.isEmpty ? nil : dataset,
      properties: properties)
  }

  private func addFile(_ segment: PendingSegment) -> AddFile {
    let staged = segment.staged
    let date = CivilDate(daysSinceEpoch: staged.day).iso
    return AddFile(
      path: PartitionKey(date: date).folder([TableSchema.partitionColumn]) + "/" + staged.fileName,
      partitionValues: [TableSchema.partitionColumn: date], size: Int64(staged.byteCount),
      modificationTime: Clock.milliseconds(),
      stats: staged.logStatistics(schema).json, tags: segment.tags)
  }
}

/// What is known of stored files, so that the log's words on each are read once, however many inputs meet it.
private final class KnownSources: Sendable {
  /// By path: a file's bytes never change.
  private let sources = Mutex<[String: StoredFileSource]>([:])

  func source(
    _ file: AddFile, make: () throws -> StoredFileSource
  ) rethrows -> StoredFileSource {
    if let known = sources.withLock({ $0[file.filePath] }) { return known }
    let fresh = try make()
    sources.withLock { $0[file.filePath] = fresh }
    return fresh
  }
}
