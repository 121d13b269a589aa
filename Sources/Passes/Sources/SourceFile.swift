import Catalog
import Columnar
import Compression

/// A file that is open and understood: what its rows are, and the rows.
public struct OpenSource {
  public enum Format: String, Sendable { case csv, parquet, pages }

  public let source: any RowSource
  public let schema: TableSchema
  public let format: Format
}

/// Opens files of rows, whoever wrote them.
public enum SourceFile {
  /// Opens a CSV or Parquet file.
  ///
  /// - Parameters:
  ///   - input: The file's stream; Parquet is read from its path instead.
  ///   - lake: Whose own schema files are looked at first.
  /// - Throws: `SourceError`, `CatalogError` or `ParquetError` where the file as a whole is no
  ///   input: nothing is read of its rows then.
  public static func open(
    _ input: InputStream, options: SourceOptions, hint: KindHint, lake: Lake? = nil
  ) throws -> OpenSource {
    var chosen: TableSchema?
    func choose(_ columns: SourceColumnNames) throws -> SourceSchema {
      var columns = columns
      for mapping in options.columnMap {
        if let index = columns.names.firstIndex(of: mapping.theirs) {
          columns.names[index] = mapping.ours
        }
      }
      let kind = try SourceKind.detect(columns, hint: hint)
      let schema = try TableSchema.named(kind, in: lake)
      chosen = schema
      return SourceSchema(schema)
    }
    let isParquet = try input.path != "-" && isParquet(input.path)
    let source: any RowSource =
      isParquet
      ? try ParquetSource(path: input.path, options: options, schema: choose)
      : try CSVSource(supply: input, path: input.path, options: options, schema: choose)
    guard let chosen else {
      throw SourceError(.needsKind, "nothing tells what the rows are").at(input.path)
    }
    return OpenSource(source: source, schema: chosen, format: isParquet ? .parquet : .csv)
  }

  private static func isParquet(_ path: String) throws -> Bool {
    let supply = try FileSupply(path: path)
    var magic: [UInt8] = [0, 0, 0, 0]
    let count = try magic.withUnsafeMutableBytes { try supply.read(into: $0) }
    return count == 4 && magic.elementsEqual("PAR1".utf8)
  }
}
