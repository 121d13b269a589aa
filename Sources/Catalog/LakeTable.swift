import Columnar
import DeltaLog
import Storage

/// A table of a lake, or any Delta table folder.
public struct LakeTable: Sendable {
  /// nil for a folder that was named by its path.
  public let name: TableName?
  /// Absolute path of the folder.
  public let path: String
  /// The folder as Delta's log and data files see it.
  public let storage: DirectoryStorage

  /// - Parameter name: nil for a folder that is no table of a lake.
  public init(name: TableName?, path: String) {
    self.name = name
    self.path = path
    storage = DirectoryStorage(root: path)
  }

  /// The Delta table in a folder; nil if there is none.
  ///
  /// A folder at a table's path in a lake is that table, and its lake is found.
  ///
  /// - Parameters:
  ///   - text: A path, absolute or relative to `workingDirectory`.
  ///   - environment: Variables that override the lake's configuration.
  public static func atPath(
    _ text: String, workingDirectory: String, environment: [String: String]
  ) throws(CatalogError) -> (table: LakeTable, lake: Lake?)? {
    guard let path = try FileSystem.resolved(FileSystem.absolute(text, in: workingDirectory)),
      try FileSystem.isDirectory(path + "/_delta_log")
    else { return nil }
    let parts = path.split(separator: "/").map(String.init)
    let root = "/" + parts.dropLast(2).joined(separator: "/")
    if parts.count > 2, try FileSystem.isFile(root + "/" + Lake.configurationName),
      // A folder with a name that is invalid for tables belongs to somebody else.
      let name = try? TableName(layer: parts[parts.count - 2], name: parts[parts.count - 1])
    {
      return (
        LakeTable(name: name, path: path), try Lake(root: root, environment: environment)
      )
    }
    return (LakeTable(name: nil, path: path), nil)
  }

  /// The name in messages.
  public var displayName: String { name?.description ?? path }

  /// The table at a version, at a time, or now.
  ///
  /// - Parameters:
  ///   - asOf: Milliseconds since 1970 UTC: the newest version committed by then.
  ///   - applies: Which features of data files the caller applies; a table that uses others is refused.
  public func snapshot(
    version: Int? = nil, asOf: Int64? = nil, applies: FeatureSupport = .plainFiles
  ) throws(DeltaError) -> Snapshot {
    try Snapshot.load(storage, version: version, asOf: asOf, applies: applies)
  }

  /// The schema that the table was made with; nil for another program's table.
  public func schema(of snapshot: Snapshot, in lake: Lake?) throws(CatalogError) -> TableSchema? {
    guard let kind = snapshot.configuration[TableProperty.schema] else { return nil }
    let schema = try TableSchema.named(kind, in: lake)
    return schema.widened(schema.wideColumns(of: snapshot)).forLayer(name?.layer ?? "raw")
      .partitioned(by: try snapshot.partitionPeriod())
  }

  /// Parses a time for `--as-of`: an instant with its zone, or a date, which means the end of that day in UTC.
  ///
  /// - Returns: Milliseconds since 1970 UTC.
  public static func asOfMilliseconds(_ text: String) throws(CatalogError) -> Int64 {
    if let date = CivilDate(iso: text) {
      return (Int64(date.daysSinceEpoch) + 1) * 86_400_000 - 1
    }
    guard let time = TimeText.parseISO(text), time.hasZone else {
      throw CatalogError(
        .badTime, "'\(text)' is no time with a zone",
        remedy: "2024-01-02T14:30:00Z, or a date, which means the end of that day UTC")
    }
    let (quotient, remainder) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

extension Lake {
  /// Opens a table by name; the error suggests similar names.
  public func table(named text: String) throws(CatalogError) -> LakeTable {
    let name = try requireTable(named: text)
    return LakeTable(name: name, path: path(of: name))
  }

  /// Checks that rows bought for a table could be stored: that table, its quarantine and the ledger are usable.
  public func requireUsable(_ table: TableName) throws {
    for name in [table, .quarantine(for: table), .ledger("coverage")] {
      try requireLog(of: name)
      if hasTable(name) { try self.table(name).snapshot().requireWritable() }
    }
    if hasTable(table) { try self.table(table).snapshot().requireNotDerived(table) }
  }

  /// The table of that name, whether it exists or not.
  public func table(_ name: TableName) -> LakeTable {
    LakeTable(name: name, path: path(of: name))
  }

  /// Makes a table, or opens it if it exists, even if another process makes it at the same moment.
  ///
  /// A table that exists must have been made with the same record kind, partition zone and `properties`.
  public func openOrCreate(_ definition: TableDefinition) throws -> (LakeTable, Snapshot) {
    let table = table(definition.name)
    if try !Snapshot.exists(table.storage) {
      try requireLog(of: definition.name)
      var transaction = try definition.transaction(on: table.storage)
      _ = try transaction.commit()
    }
    let snapshot = try table.snapshot()
    try definition.requireMatch(snapshot)
    return (table, snapshot)
  }
}

extension Snapshot {
  /// Refuses external rows for a table that a pass fills: the pass would remove them, while their files would
  /// count as stored.
  public func requireNotDerived(_ name: TableName) throws(CatalogError) {
    guard let pass = configuration[TableProperty.pass] else { return }
    throw CatalogError(
      .tableMismatch,
      "table '\(name)' is derived: '\(pass)' makes it, and would replace what else is put into it",
      place: .init(table: name.description),
      remedy:
        "store into a table of its own: lake ingest --as raw.NAME, or lake download --as raw.NAME")
  }
}

extension TableDefinition {
  /// Refuses a table that was made with other settings.
  public func requireMatch(_ snapshot: Snapshot) throws(CatalogError) {
    let ignored = Set(TableProperty.retention.keys).union([TableProperty.statisticsColumns])
    for (key, value) in configuration.sorted(by: { $0.key < $1.key }) where !ignored.contains(key) {
      let found = snapshot.configuration[key]
      if found == value { continue }
      let stated = found.map { "is '\($0)'" } ?? "is not set"
      throw CatalogError(
        .tableMismatch,
        "table '\(name)' was made otherwise: '\(key)' \(stated), expected '\(value)'",
        place: .init(table: name.description),
        remedy: "store into another table: " + otherTable)
    }
    try requireWidths(snapshot)
  }

  /// Refuses a table whose numbers are narrower, or wider, than those that would be written into it.
  private func requireWidths(_ snapshot: Snapshot) throws(CatalogError) {
    let own = schema.wideColumnNames
    let theirs = Set(
      snapshot.schema.fields.filter { $0.type.columnType == TableSchema.wideType }.map(\.name))
    let known = Set(snapshot.schema.fields.map(\.name))
    let narrow = own.subtracting(theirs).intersection(known).sorted()
    let wide = theirs.subtracting(own).intersection(schema.columns.map(\.name)).sorted()
    if !narrow.isEmpty {
      throw CatalogError(
        .tableMismatch,
        "'\(narrow.joined(separator: "', '"))' of table '\(name)' keeps fewer digits than what is to be written",
        place: .init(table: name.description),
        remedy: "lake alter \(name) --widen \(narrow.joined(separator: ","))")
    }
    if !wide.isEmpty {
      let source = configuration[TableProperty.source] ?? "TABLE"
      throw CatalogError(
        .tableMismatch,
        "'\(wide.joined(separator: "', '"))' of table '\(name)' keeps more digits than what it is made of",
        place: .init(table: name.description),
        remedy: "lake alter \(source) --widen \(wide.joined(separator: ","))")
    }
  }

  /// The commands that write to another output table of the same layer, for a remedy.
  private var otherTable: String {
    name.layer == "raw"
      ? "lake ingest --as raw.NAME, or lake download --as raw.NAME"
      : "lake resample --as \(name.layer).NAME"
  }
}
