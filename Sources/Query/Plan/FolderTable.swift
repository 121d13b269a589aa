import CSystem
import Columnar
import Glibc
import Parquet

/// A query's table from a Parquet file, or from all Parquet files in a folder.
enum FolderTable {
  /// Most files that a folder may have, and levels of folders below it.
  static let fileCountMax = 1_000_000
  static let depthMax = 16
  /// Files whose columns are looked at: columns that only later ones have are not seen.
  static let schemaFileCountMax = 1_000

  static func open(_ path: String, isFolder: Bool) throws -> QueryTable {
    var result = QueryTable(
      name: path, columns: [], defaultColumns: [], files: [],
      source: isFolder ? "the Parquet files in \(path)" : "the Parquet file \(path)")
    var paths = [path]
    if isFolder {
      paths = []
      try list(path, below: path, depth: 0, into: &paths)
      if paths.isEmpty {
        throw QueryError(
          .badTable, "'\(path)' holds no Parquet file and no Delta table",
          remedy: "lake tables lists the tables of a lake")
      }
    }
    let keys = paths.map { Self.keys($0, below: isFolder ? path : "") }
    var columns = FolderColumns()
    for path in paths.prefix(schemaFileCountMax) {
      try columns.add(ParquetSegment(path: path))
    }
    var fields = columns.fields
    result.skippedColumns = columns.skipped.names
    result.repeatedColumns = columns.repeated.names
    var partitions: [String] = []
    for (name, _) in keys[0] where !fields.contains(where: { $0.name == name }) {
      let texts = keys.compactMap { $0.first { $0.key == name }?.value ?? nil }
      fields.append(Field(name, PartitionText.type(of: texts)))
      partitions.append(name)
    }
    TableColumns.fill(
      &result, fields: fields, partitions: partitions, hints: TableColumns.Hints())
    let partitionColumns = partitions.compactMap { result.column(named: $0) }
    result.partitionColumns = partitionColumns
    result.files = zip(paths, keys).map { path, keys in
      var partition: [Int: BoundValue?] = [:]
      for index in partitionColumns {
        let column = result.columns[index]
        let text = keys.first { $0.key == column.name }?.value ?? nil
        partition[index] = .some(text.flatMap { PartitionText.value($0, column.type) })
      }
      return TableFile(
        path: path, byteCount: Self.byteCount(path), partition: partition,
        open: { try ParquetSegment(path: path) })
    }
    PartitionOrder.sort(&result.files, by: partitionColumns)
    return result
  }

  /// Hive keys in the folders of a path, outermost first.
  private static func keys(_ path: String, below root: String) -> [(key: String, value: String?)] {
    path.dropFirst(root.utf8.count).split(separator: "/").dropLast().compactMap {
      PartitionText.hive($0)
    }
  }

  private static func list(
    _ folder: String, below root: String, depth: Int, into paths: inout [String]
  ) throws {
    if depth > depthMax { return }
    guard let handle = lake_opendir(folder) else { throw unlistable(folder, lake_errno()) }
    defer { closedir(handle) }
    var folders: [String] = []
    while true {
      guard let entry = lake_readdir(handle) else {
        if lake_errno() == 0 { break }
        throw unlistable(folder, lake_errno())
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name == "_delta_log" {
        throw QueryError(
          .badTable, "'\(root)' holds a Delta table in '\(folder)'",
          remedy: "name that folder: what its files hold is for its log to say")
      }
      // Hidden files and those that engines leave half done are no data.
      if name.hasPrefix(".") || name.hasPrefix("_") { continue }
      let path = folder + "/" + name
      if isFolder(path) {
        folders.append(path)
      } else if name.hasSuffix(".parquet") || name.hasSuffix(".pq") {
        paths.append(path)
        if paths.count > fileCountMax {
          throw QueryError(.badTable, "more than \(fileCountMax) Parquet files below '\(folder)'")
        }
      }
    }
    for path in folders { try list(path, below: root, depth: depth + 1, into: &paths) }
    if depth == 0 { paths.sort() }
  }

  /// What its files hold would be left out of the answer unnoticed.
  private static func unlistable(_ folder: String, _ number: Int32) -> QueryError {
    QueryError(
      .badTable, "cannot list the folder: " + String(cString: strerror(number)).lowercased(),
      at: folder, remedy: "check the owner and mode of the folder")
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

/// The columns of a folder's files, each where it came first. A file may have very many.
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
  /// Nested columns.
  private(set) var skipped = Names()
  /// Names that several columns of one file share.
  private(set) var repeated = Names()

  /// Adds the columns that earlier files did not have.
  mutating func add(_ segment: ParquetSegment) {
    var own: Set<String> = []
    for child in segment.reader.schema.children {
      let name = child.element.name
      if !own.insert(name).inserted {
        repeated.add(name)
      } else if let type = segment.type(of: name) {
        if flat.add(name) { fields.append(Field(name, type)) }
      } else {
        skipped.add(name)
      }
    }
  }
}
