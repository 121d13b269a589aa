import Catalog
import Columnar
import DeltaLog
import Parquet
import Storage

/// Builds a query's table from the snapshot of a Delta table.
enum DeltaTable {
  static func open(
    _ table: LakeTable, version: Int?, asOf: Int64?, allowsOutside: Bool,
    verifiesChecksums: Bool = true
  ) throws -> QueryTable {
    try open(
      table, table.snapshot(version: version, asOf: asOf, applies: .allFeatures),
      allowsOutside: allowsOutside, verifiesChecksums: verifiesChecksums)
  }

  /// - Parameter snapshot: Of the table, by a caller that applies all features.
  static func open(
    _ table: LakeTable, _ snapshot: Snapshot, allowsOutside: Bool, verifiesChecksums: Bool
  ) throws -> QueryTable {
    let mapping = snapshot.columnMapping
    var result = QueryTable(
      name: table.displayName, columns: [], defaultColumns: [], files: [],
      source: "version \(snapshot.version) of \(table.path)", version: snapshot.version)
    let properties = snapshot.configuration
    let kind = properties[TableProperty.schema]
    var fields: [Field] = []
    var nested: [String: NestedType] = [:]
    for field in snapshot.schema.fields {
      if let type = field.type.columnType {
        fields.append(Field(field.name, type, isNullable: field.isNullable))
      } else if let type = field.type.nestedType(mapping) {
        fields.append(Field(field.name, .json, isNullable: field.isNullable))
        nested[field.name] = type
      }
    }
    TableColumns.fill(
      &result, fields: fields, partitions: snapshot.partitionColumns,
      hints: TableColumns.Hints(
        index: properties[TableProperty.index], kind: kind, nested: nested))
    if mapping != nil { Self.locate(&result.columns, snapshot.schema) }
    result.aliases = Self.aliases(kind, result.columns)
    result.skippedColumns = snapshot.schema.fields.map(\.name).filter {
      result.column(named: $0) == nil
    }
    if let zone = properties[TableProperty.partitionTimezone] {
      result.zoneName = zone
      setDates(&result, snapshot)
    }
    let partitionColumns = snapshot.partitionColumns.compactMap { result.column(named: $0) }
    result.partitionColumns = partitionColumns
    let folder = DataFolder(root: table.path, allowsOutside: allowsOutside)
    let fieldIDs = mapping == .id ? Self.fieldIDs(snapshot.schema) : nil
    result.files = try snapshot.files.map { file in
      var opened = try Self.file(file, result.columns, partitionColumns, folder) {
        // Delta's times are microseconds, however its files store them.
        try ParquetSegment(
          path: folder.path(of: file), int96Unit: .microseconds,
          verifiesChecksums: verifiesChecksums, fieldIDs: fieldIDs)
      }
      if let vector = file.deletionVector {
        opened.deletions = { try vector.rows(in: folder, rowCount: $0) }
      }
      return opened
    }
    PartitionOrder.sort(&result.files, by: partitionColumns)
    return result
  }

  /// Sets the columns that hold a row's date, if the table guarantees it.
  private static func setDates(_ table: inout QueryTable, _ snapshot: Snapshot) {
    // With an unknown period, no partition is pruned.
    guard let period = try? snapshot.partitionPeriod(),
      let column = table.column(named: period.column), table.columns[column].type == .date
    else { return }
    table.dateColumn = column
    table.period = period
    guard period != .date, let date = table.column(named: TableSchema.dateColumn),
      table.columns[date].type == .date
    else { return }
    table.storedDateColumn = date
    table.defaultColumns.removeAll { $0 == date }
  }

  /// Other names that a record kind's schema gives its columns, if such a name is unambiguous.
  private static func aliases(_ kind: String?, _ columns: [QueryColumn]) -> [String: Int] {
    // A record kind that only another version knows has no other names.
    guard let kind, let schema = try? TableSchema.named(kind) else { return [:] }
    var found: [String: Int] = [:]
    var repeated: Set<String> = []
    for column in schema.columns {
      guard let index = columns.firstIndex(where: { $0.name == column.name }) else { continue }
      for name in column.aliases + (column.source.map { [$0] } ?? [])
      where name != column.name && name != "-" {
        if found.updateValue(index, forKey: name) != nil { repeated.insert(name) }
      }
    }
    return found.filter { !repeated.contains($0.key) }
  }

  private static func file(
    _ add: AddFile, _ columns: [QueryColumn], _ partitionColumns: [Int], _ folder: DataFolder,
    open: @escaping @Sendable () throws -> any Segment
  ) throws -> TableFile {
    let path = try folder.nominalPath(of: add)
    var partition: [Int: BoundValue?] = [:]
    for index in partitionColumns {
      let column = columns[index]
      guard let text = add.partitionValue(column.name) else {
        partition[index] = .some(nil)
        continue
      }
      guard let value = PartitionText.value(text, column.type) else {
        throw QueryError(
          .badTable,
          "partition value '\(text)' of column '\(column.name)' is no \(column.type.name)",
          at: path)
      }
      partition[index] = .some(value)
    }
    return TableFile(
      path: path, byteCount: Int(add.size), rowCount: nil, partition: partition, log: add,
      open: open)
  }

  /// Names the columns as a table's files do that map their columns.
  private static func locate(_ columns: inout [QueryColumn], _ schema: DeltaSchema) {
    var names: [String: String] = [:]
    for field in schema.fields { names[field.name] = field.physicalName }
    for index in columns.indices {
      if case .file(let name) = columns[index].origin {
        columns[index].origin = .file(names[name] ?? name)
      }
      // A remainder of INT96 times is no column of the schema, and Delta's tables have none.
      columns[index].plusName = columns[index].plusName.map { names[$0] ?? $0 }
    }
  }

  /// The field ids of the columns, by the names under which `locate` lets them be asked for.
  private static func fieldIDs(_ schema: DeltaSchema) -> [String: Int32] {
    var ids: [String: Int32] = [:]
    for field in schema.fields { ids[field.physicalName ?? field.name] = field.columnID }
    return ids
  }
}

/// The log's statistics, in the domains of a query's columns.
extension TableFile {
  func logBounds(_ column: QueryColumn, _ statistics: FileStatistics) -> FilterBounds? {
    let known = statistics.bounds(of: column.name, type: column.type)
    if known.minimum == nil, known.maximum == nil, known.nullCount == nil { return nil }
    // Bounds of a long that holds unsigned bits were computed in signed order.
    let isUsable = !column.isUnsigned
    return FilterBounds(
      low: isUsable ? known.minimum.flatMap { BoundValue($0, column, isHigh: false) } : nil,
      high: isUsable && !known.maximumIsPrefix
        ? known.maximum.flatMap { BoundValue($0, column, isHigh: true) }
        : known.maximum.flatMap { BoundValue(prefixEnd: $0) },
      nullCount: known.nullCount.map { Int($0) },
      rowCount: statistics.rowCount.map { Int($0) } ?? -1,
      // Files of lake have no bounds if there is a NaN.
      mayHoldNaN: column.type.storage == .doubles && log?.taggedRowHash == nil)
  }
}

extension BoundValue {
  init?(_ value: StatValue, _ column: QueryColumn, isHigh: Bool) {
    switch value {
    case .integer(let integer):
      var number = Int128(integer)
      if case .timestamp(let unit, _) = column.type {
        number = TimeUnitChange.floor(number, from: .microseconds, to: unit)
      }
      // The log's microseconds stand for all nanoseconds within.
      if column.isPair { number = number * 1_000 + (isHigh ? 999 : 0) }
      self = .number(number)
    case .decimal(let decimal): self = .number(decimal)
    case .double(let double):
      let value = double == 0 ? (isHigh ? 0.0 : -0.0) : double
      self = .number(ValueDomain.key(value))
    case .string(let text): self = .bytes(Array(text.utf8))
    }
  }

  /// An upper bound of everything that begins with a text: the text and a byte that UTF-8 never has.
  init?(prefixEnd value: StatValue) {
    guard case .string(let text) = value else { return nil }
    self = .bytes(Array(text.utf8) + [0xFF])
  }
}

extension DeltaType {
  /// The matching Parquet type; nil if it is unknown, or a map has nested keys.
  ///
  /// - Parameter mapping: How fields are found in the files; nil if by their names.
  fileprivate func nestedType(_ mapping: ColumnMapping?) -> NestedType? {
    switch self {
    case .array(let element, _): return element.nestedType(mapping).map { .list($0) }
    case .map(let key, let value, _):
      guard let key = key.columnType, let value = value.nestedType(mapping) else { return nil }
      return .map(key: key, value: value)
    case .structure(let schema):
      var fields: [NestedField] = []
      for field in schema.fields {
        guard let type = field.type.nestedType(mapping) else { return nil }
        var nested = NestedField(field.name, type)
        if mapping != nil { nested.storedName = field.physicalName }
        if mapping == .id { nested.fieldID = field.columnID }
        fields.append(nested)
      }
      return .structure(fields)
    case .variant:
      return .structure([NestedField("metadata", .binary), NestedField("value", .binary)])
    default: return columnType.map { .primitive($0) }
    }
  }
}
