import CSystem
import Columnar
import Glibc
import Parquet

/// Builds a query's table from a Parquet file, or from all Parquet files in a folder.
enum FolderTable {
  /// Files whose columns are read; columns that only later files have are not seen.
  static let schemaFileCountMax = 1_000

  /// - Parameter verifiesChecksums: Whether pages that carry a CRC-32 are checked against it.
  static func open(
    _ path: String, isFolder: Bool, verifiesChecksums: Bool = true
  ) throws -> QueryTable {
    var result = QueryTable(
      name: path, columns: [], defaultColumns: [], files: [],
      source: isFolder ? "the Parquet files in \(path)" : "the Parquet file \(path)")
    let paths = isFolder ? try FolderListing.files(in: path) : [path]
    if paths.isEmpty {
      throw QueryError(
        .badTable, "'\(path)' holds no Parquet file and no Delta table",
        remedy: "lake tables lists the tables of a lake")
    }
    let open: @Sendable (String) throws -> ParquetSegment = {
      // Microseconds cover the whole range of INT96; the remaining nanoseconds are read as a second column.
      try ParquetSegment(
        path: $0, int96Unit: .microseconds, verifiesChecksums: verifiesChecksums)
    }
    let keys = paths.map { Self.keys($0, below: isFolder ? path : "") }
    var columns = FolderColumns()
    for (path, keys) in zip(paths, keys).prefix(schemaFileCountMax) {
      let segment = try open(path)
      columns.add(segment)
      for (key, value) in keys {
        if let own = segment.value(of: key, otherThan: value ?? "") {
          result.contradictions.append("'\(key)=\(value ?? "")' of \(path), which says '\(own)'")
        }
      }
    }
    var fields = columns.fields
    result.skippedColumns = columns.skipped.names
    result.repeatedColumns = columns.repeated.names
    let partitions = try addPartitions(keys, paths, to: &fields)
    TableColumns.fill(
      &result, fields: fields, partitions: partitions,
      hints: TableColumns.Hints(int96: columns.int96.names, nested: columns.nested))
    let partitionColumns = partitions.compactMap { result.column(named: $0) }
    result.partitionColumns = partitionColumns
    result.files = zip(paths, keys).map { path, keys in
      var partition: [Int: BoundValue?] = [:]
      for index in partitionColumns {
        let column = result.columns[index]
        // If the path lacks the key, the file may have the column.
        guard let key = keys.first(where: { $0.key == column.name }) else { continue }
        partition[index] = .some(key.value.flatMap { PartitionText.value($0, column.type) })
      }
      return TableFile(
        path: path, byteCount: Self.byteCount(path), partition: partition,
        open: { try open(path) })
    }
    PartitionOrder.sort(&result.files, by: partitionColumns)
    return result
  }

  /// Adds a column for each Hive key in the paths, if no file has one.
  ///
  /// - Returns: The names of all keys. A column that files have too keeps the files' type, if all its values in
  ///   the paths have that type, since some file may have to supply it.
  private static func addPartitions(
    _ keys: [[(key: String, value: String?)]], _ paths: [String], to fields: inout [Field]
  ) throws -> [String] {
    var names: [String] = []
    for key in keys.joined() where !names.contains(key.key) { names.append(key.key) }
    for name in names {
      let texts = keys.compactMap { $0.first { $0.key == name }?.value ?? nil }
      guard let known = fields.firstIndex(where: { $0.name == name }) else {
        fields.append(Field(name, PartitionText.type(of: texts)))
        continue
      }
      let type = fields[known].type
      guard let odd = texts.first(where: { PartitionText.value($0, type) == nil }) else { continue }
      if let index = keys.firstIndex(where: { file in !file.contains { $0.key == name } }) {
        throw QueryError(
          .badTable,
          "the folders say '\(odd)' of column '\(name)', which is \(type.name) in this file",
          at: paths[index], remedy: "query the folders of one layout at a time")
      }
      fields[known] = Field(name, PartitionText.type(of: texts))
    }
    return names
  }

  /// Hive keys in a path's folders, outermost first.
  private static func keys(_ path: String, below root: String) -> [(key: String, value: String?)] {
    path.dropFirst(root.utf8.count).split(separator: "/").dropLast().compactMap {
      PartitionText.hive($0)
    }
  }

  static func isFolder(_ path: String) -> Bool {
    var info = stat()
    return lake_stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
  }

  static func exists(_ path: String) -> Bool { lake_access(path, F_OK) == 0 }

  private static func byteCount(_ path: String) -> Int {
    var info = stat()
    return lake_stat(path, &info) == 0 ? Int(info.st_size) : 0
  }
}

extension ParquetSegment {
  /// Bytes from which on bounds of texts may be shortened.
  private static let shortByteCount = 16

  /// A value that a text column certainly has and that differs from another one; nil if the footer tells of none.
  fileprivate func value(of column: String, otherThan value: String) -> String? {
    guard let leaf = leaf(column), reader.leaves[leaf].type == .string else { return nil }
    let other = Array(value.utf8)
    for rowGroup in rowGroupRowCounts.indices {
      guard let known = reader.statistics(rowGroup: rowGroup, leaf: leaf) else { continue }
      for (bound, isExact) in [
        (known.minimum, known.isMinimumExact), (known.maximum, known.isMaximumExact),
      ] {
        // Many writers do not say whether they shorten bounds; short ones are none that were.
        guard case .bytes(let text)? = bound, isExact || text.count < Self.shortByteCount,
          text != other
        else { continue }
        return String(decoding: text, as: UTF8.self)
      }
    }
    return nil
  }
}

/// Collects the columns of a folder's files, in the order of their first appearance. A file may have very many.
private struct FolderColumns {
  /// Names, each once.
  struct Names {
    private(set) var names: [String] = []
    private var seen: Set<String> = []

    @discardableResult
    mutating func add(_ name: String) -> Bool {
      guard seen.insert(name).inserted else { return false }
      names.append(name)
      return true
    }
  }

  private(set) var fields: [Field] = []
  private var flat = Names()
  /// The types of nested columns.
  private(set) var nested: [String: NestedType] = [:]
  /// Columns of types that cannot be read.
  private(set) var skipped = Names()
  /// Names that several columns of one file have.
  private(set) var repeated = Names()
  /// Columns that are INT96 times in some file.
  private(set) var int96 = Names()

  /// Adds the columns that earlier files did not have.
  mutating func add(_ segment: ParquetSegment) {
    var own: Set<String> = []
    for child in segment.reader.schema.children {
      let name = child.element.name
      if !own.insert(name).inserted {
        repeated.add(name)
      } else if let type = segment.nested[name]?.type {
        if flat.add(name) {
          fields.append(Field(name, .json))
          nested[name] = type
        } else if let index = fields.firstIndex(where: { $0.name == name && $0.type == .null }) {
          // No earlier file had a value.
          fields[index] = Field(name, .json)
          nested[name] = type
        } else {
          nested[name] = nested[name]?.merged(with: type)
        }
      } else if let type = segment.type(of: name) {
        if flat.add(name) { fields.append(Field(name, type)) } else { unite(name, type) }
        if segment.isInt96(name), int96.add(name) { widen(name) }
      } else {
        skipped.add(name)
      }
    }
  }

  /// Widens a column's type so that it holds a further file's values too, if such a type exists; else reading
  /// that file is an error.
  private mutating func unite(_ name: String, _ type: ColumnType) {
    // INT96 times are read as microseconds and remaining nanoseconds.
    guard !int96.names.contains(name),
      let index = fields.firstIndex(where: { $0.name == name }), fields[index].type != type
    else { return }
    fields[index] = Field(name, fields[index].type.united(with: type) ?? fields[index].type)
  }

  /// Makes a time column one of microseconds, as INT96 times are read.
  private mutating func widen(_ name: String) {
    guard let index = fields.firstIndex(where: { $0.name == name }),
      case .timestamp(_, let isUTC) = fields[index].type
    else { return }
    fields[index] = Field(name, .timestamp(.microseconds, isUTC: isUTC))
  }
}
