import Catalog
import DeltaLog
import Parquet
import Platform

/// The live files of a Delta table, each as a Parquet file that has all columns of the table under their names, and
/// no row that is deleted.
///
/// A file that is so already is used as it is; any other one is copied: partition values become columns.
public struct DeltaFiles: Sendable {
  /// A live file.
  public struct File: Sendable {
    /// The path below the table, or as its log has it.
    public let name: String
    /// The file itself, if it needs no copy.
    public let path: String?
    fileprivate let file: TableFile
  }

  /// In the order of partitions and paths.
  public let files: [File]
  /// Columns of types that are not copied.
  public let skippedColumns: [String]
  private let table: QueryTable

  /// Reads the log, and the footers of files that may need no copy.
  ///
  /// - Parameter path: The table's folder.
  /// - Throws: `DeltaError` for a table that cannot be read; `QueryError.badTable` for one of a lake.
  public init(path: String) throws {
    let snapshot = try LakeTable(name: nil, path: path).snapshot(applies: .allFeatures)
    if snapshot.configuration[TableProperty.schema] != nil {
      throw QueryError(
        .badTable, "'\(path)' is a table of a lake: its rows are in one already", at: path,
        remedy:
          "lake query \(ShellText.quoted(path)) -o rows.parquet copies rows; then lake ingest rows.parquet"
      )
    }
    var table = try DeltaTable.open(
      LakeTable(name: nil, path: path), snapshot, allowsOutside: false, verifiesChecksums: true)
    // In stored order, and every column as it is stored.
    table.indexColumn = nil
    table.symbolColumn = nil
    table.tieColumns = []
    for index in table.columns.indices { table.columns[index].plusName = nil }
    table.defaultColumns = Array(table.columns.indices)
    skippedColumns = table.skippedColumns
    let isPlain =
      snapshot.columnMapping == nil && table.partitionColumns.isEmpty && skippedColumns.isEmpty
    let names = Set(table.columns.map(\.name))
    let types = table.columns
    files = try table.files.map { file in
      let name = file.log?.filePath ?? file.path
      guard isPlain, file.deletions == nil, let segment = try file.open() as? ParquetSegment,
        segment.reader.schema.children.allSatisfy({ names.contains($0.name) }),
        types.allSatisfy({ column in
          column.nested != nil || segment.type(of: column.name).map { $0 == column.type } ?? true
        })
      else { return File(name: name, path: nil, file: file) }
      return File(name: name, path: segment.name, file: file)
    }
    self.table = table
  }

  /// Copies the rows of a file.
  ///
  /// - Parameters:
  ///   - isInterrupted: Polled now and then.
  /// - Returns: False if it was interrupted: then there is no copy.
  public func copy(
    _ file: File, to path: String, isInterrupted: @escaping @Sendable () -> Bool
  ) throws -> Bool {
    var one = table
    one.files = [file.file]
    let query = Query(plan: try QueryPlan(QueryRequest(table: table.name), one))
    let outcome = try query.run(
      to: QueryOutput(path: path, format: .parquet), isInterrupted: isInterrupted)
    return !outcome.isInterrupted
  }
}
