import Catalog
import Columnar
import DeltaLog
import Ledger
import Market
import Platform
import Synchronization
import Tables

/// A segment on its way into a table, with its log entry.
struct PendingSegment: Sendable {
  var staged: StagedSegment
  var tags: [String: String]
}

/// A table that an ingest writes to: its content, and the inputs that wait for the commit.
final class TableTarget {
  let name: TableName
  /// With the table's own period, if it exists.
  private(set) var schema: TableSchema
  let dataset: String
  private(set) var timeZone: String
  /// Inputs whose rows wait for the commit.
  private(set) var pendingInputs: [PendingInput] = []
  private let writer: TableWriter
  /// The snapshot's files by partition date, once they are asked for.
  private var filesByDate: DatedFiles?
  private let knownSources = KnownSources()
  private let properties: [String: String]
  /// The partitions in which our last commit left so many small segments that some are merged, by the first
  /// days of their periods.
  private(set) var crowdedDays: Set<Int> = []
  /// Number of our commits, to make file names of a run unique.
  private(set) var committedCount = 0

  /// The table as read, and how it was partitioned.
  struct Look {
    var snapshot: Snapshot?
    var zone: String
    var period: PartitionPeriod
  }

  /// - Parameters:
  ///   - timeZone: Zone of the partition dates of a new table; an existing table keeps its own.
  ///   - properties: Properties of a new table; an existing table must have the same.
  ///   - snapshot: The table as read a moment ago; a commit finds out what was added since.
  init(
    name: TableName, schema: TableSchema, lake: Lake, dataset: String, timeZone: String,
    properties: [String: String] = [:], snapshot: Snapshot? = nil
  ) throws {
    self.properties = properties
    self.name = name
    self.schema = schema.forLayer(name.layer)
    self.dataset = dataset
    self.timeZone = timeZone
    writer = TableWriter(name, lake: lake, snapshot: snapshot)
    if snapshot == nil { try writer.load() }
    try check()
  }

  var root: String { writer.root }
  var snapshot: Snapshot? { writer.snapshot }

  /// The table including our last commit: for planning further changes.
  func caughtUp() throws -> TableTarget {
    if try writer.catchUp() { try check() }
    return self
  }

  /// Must be called whenever the table was read again.
  private func check() throws {
    filesByDate = nil
    timeZone = snapshot?.configuration[TableProperty.partitionTimezone] ?? timeZone
    try snapshot?.requireNotDerived(name)
    if let snapshot {
      schema = schema.widened(schema.wideColumns(of: snapshot))
        .partitioned(by: try snapshot.partitionPeriod())
    }
    try writer.requireMatch(definition)
  }

  /// Refuses rows of another kind, or with other properties, whether the table is committed or still pending.
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

  /// Stored files that pending inputs remove.
  private var pendingRemovals: [AddFile] { pendingInputs.flatMap(\.removals) }

  /// Stored files of the period that begins on a day, except those that pending inputs remove.
  func storedFiles(day: Int) throws -> [AddFile] {
    let gone = Set(pendingRemovals.map(\.filePath))
    let files = try storedFilesByDate().files(date: CivilDate(daysSinceEpoch: day).iso)
    return files.filter { !gone.contains($0.filePath) }
  }

  private func storedFilesByDate() -> DatedFiles {
    if let filesByDate { return filesByDate }
    let files = DatedFiles(snapshot, by: schema.partitionColumn)
    filesByDate = files
    return files
  }

  /// What the table holds now.
  ///
  /// - Parameters:
  ///   - probe: Computes the hash of the input's content; nil if that is impossible before reading it.
  ///   - reading: How the input is read.
  func lookup(_ probe: ContentProbe? = nil, reading: InputReading = .none) throws -> StoredLookup {
    let (txns, name) = (snapshot?.txns, name)
    let waiting = Set(pendingInputs.map(\.appId))
    return StoredLookup(
      schema: StoredSchema(
        fields: schema.rowFields, keyColumns: schema.keyColumns, indexColumn: schema.indexColumn),
      isInput: {
        guard let probe else { return false }
        let appId = InputIdentity.appId(sha256: try probe.sha256(), reading: reading, table: name)
        return txns?[appId] != nil || waiting.contains(appId)
      }, files: try fileLister())
  }

  /// The files of a period now, whatever is added later.
  private func fileLister() throws -> @Sendable (Int) throws -> [StoredFileSource] {
    let gone = Set(pendingRemovals.map(\.filePath))
    let (stored, root, indexColumn) = (storedFilesByDate(), root, schema.indexColumn)
    let waiting = Dictionary(grouping: pending) { $0.staged.day }
    let (name, zoneName, zone) = (name, timeZone, try TimeZoneRules.named(timeZone))
    let (known, period) = (knownSources, schema.period)
    return { day in
      let date = CivilDate(daysSinceEpoch: day).iso
      let span = FileBounds.microseconds(of: period.days(around: day), in: zone)
      let old = try stored.files(date: date).filter { !gone.contains($0.filePath) }.map { file in
        let source = try known.source(file) {
          StoredFileSource(
            path: try file.localPath(in: root), bounds: FileBounds(file, indexColumn: indexColumn),
            logPath: file.filePath, columns: file.tag(ColumnSet.tag).map { ColumnSet(tag: $0) },
            isSorted: file.taggedRowCount != nil)
        }
        // Rows of one event would be in two dates, and never be compared.
        guard source.bounds.isWithin(span) else {
          throw PassError(
            .input,
            "a file of \(period.column) \(date) holds rows of other dates by the zone '\(zoneName)': the dates were cut by another zone before '\(TableProperty.partitionTimezone)' was changed",
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

  /// Commits the pending inputs, until no other writer's commit comes first.
  ///
  /// - Parameters:
  ///   - stamp: Gives events their recording times.
  ///   - lostRace: Called after each lost race, with the table before and now: it drops inputs that are done or
  ///     must be read again, and may add others.
  ///     inputs that are done, or are to be read again, and may add others.
  /// - Returns: The version and the events of what is stored now; nil if nothing was left to commit.
  func commit(
    _ run: StagingRun, stamp: ([CoverageEvent]) -> [CoverageEvent],
    lostRace: (CommitOutcome, _ before: Look) throws -> Void
  ) throws -> (version: Int, events: [CoverageEvent])? {
    var events: [CoverageEvent] = []
    func look() -> Look { Look(snapshot: snapshot, zone: timeZone, period: schema.period) }
    var seen = look()
    var crowded: Set<Int> = []
    let version = try writer.commit(run: run) { lost in
      if let lost {
        try check()
        try lostRace(lost, seen)
      }
      if pendingInputs.isEmpty { return nil }
      events = stamp(pendingInputs.flatMap(\.events))
      seen = look()
      let change = try change(run, events)
      crowded = try crowdedDays(with: change.segments.map(\.file))
      return (change, definition)
    }
    guard let version else { return nil }
    pendingInputs = []
    crowdedDays = crowded
    committedCount += 1
    return (version, events)
  }

  /// The change that the pending inputs make.
  private func change(_ run: StagingRun, _ events: [CoverageEvent]) throws -> TableChange {
    let segments = try pending.map { segment in
      var tags = segment.tags
      if schema.period != .date {
        tags[SegmentUnits.tag] =
          try SegmentUnits(path: segment.staged.path, fields: schema.rowFields).text
      }
      return segment.staged.placed(schema, tags: tags)
    }
    let removals = pendingRemovals
    var days = Set(pending.map(\.staged.day))
    for file in removals {
      if let day = schema.period.start(of: file) { days.insert(day) }
    }
    days.formUnion(pendingInputs.flatMap(\.dates.days))
    let keys = days.map { schema.period.key(startingOn: $0) }
    var change = TableChange(.merge(.some(Set(keys))))
    change.parameters =
      [
        ("mode", removals.isEmpty ? "Append" : "Overwrite"), ("inputs", "\(pendingInputs.count)"),
        ("run", run.id),
      ] + CoverageRecovery.parameters(events)
    let changes = pendingInputs.compactMap(\.change)
    if !changes.isEmpty { change.metrics = changes.reduce(RowChange()) { $0 + $1 }.metrics }
    change.segments = segments
    change.removed = removals
    change.applications = pendingInputs.map { ($0.appId, 1) }
    return change
  }

  /// The days of partitions in which a commit of these files leaves many small segments.
  private func crowdedDays(with added: [AddFile]) throws -> Set<Int> {
    let byDay = Dictionary(grouping: added) { schema.period.start(of: $0) }
    var crowded: Set<Int> = []
    for case (let day?, let files) in byDay {
      let all = files + (try storedFiles(day: day))
      guard all.count > SmallSegments.countMax else { continue }
      if SegmentMerger.groups(all).contains(where: { !SmallSegments.choice($0).isEmpty }) {
        crowded.insert(day)
      }
    }
    return crowded
  }

  /// Tries to commit a change that was computed from the current table.
  ///
  /// - Returns: false if another commit came first.
  func commitOnce(_ change: TableChange, _ run: StagingRun) throws -> Bool {
    guard case .committed = try writer.commit(change, nil, run: run) else { return false }
    return true
  }

  /// Drops inputs that will be read again, or are done.
  ///
  /// - Returns: The dropped inputs.
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
}

/// What is known about stored files, so that each log entry is decoded once, however many inputs need it.
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
