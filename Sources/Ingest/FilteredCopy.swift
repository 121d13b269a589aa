import Bytes
import Catalog
import Columnar
import Ledger
import Parquet
import Tables

/// Writes a data file again without some of its rows.
struct FilteredCopy {
  /// Ends the name of a copy. The name that the file had is no part of it: copies of copies would outgrow what a
  /// file's name may be.
  static let suffix = ".zstd.parquet"

  private let reader: ParquetReader
  private let schema: TableSchema

  init(path: String, schema: TableSchema) throws {
    reader = try ParquetReader(path: path)
    self.schema = schema
  }

  /// What `body` makes of each row group's columns that tell rows apart.
  func masks(_ body: (RowColumns) throws -> [UInt8]) throws -> [[UInt8]] {
    let index = schema.indexColumn
    let names: Set = ["symbol", "requested_symbol", index, index + RemainderColumns.suffix]
    return try (0..<reader.rowGroupCount).map { rowGroup in
      try body(try RowColumns(reader, rowGroup: rowGroup, columns: names))
    }
  }

  /// Writes the rows whose bit of `rows` is not set, row group by row group, in order.
  ///
  /// - Returns: nil where no row is left.
  func write(
    without rows: [Int: Bitmap], day: Int, directory: String, fileName: String
  ) throws -> StagedSegment? {
    let left = (0..<reader.rowGroupCount).contains { rowGroup in
      (rows[rowGroup]?.setCount ?? 0) < reader.rowCount(rowGroup: rowGroup)
    }
    if !left { return nil }
    return try write(day: day, directory: directory, fileName: fileName) { rowGroup in
      let count = reader.rowCount(rowGroup: rowGroup)
      guard let gone = rows[rowGroup] else { return Array(0..<count) }
      return (0..<count).filter { !gone[$0] }
    }
  }

  /// Writes the rows whose byte of `masks` is 0, row group by row group, in order.
  func write(
    without masks: [[UInt8]], day: Int, directory: String, fileName: String
  ) throws -> StagedSegment {
    try write(day: day, directory: directory, fileName: fileName) { rowGroup in
      masks[rowGroup].indices.filter { masks[rowGroup][$0] == 0 }
    }
  }

  /// - Parameter keeping: The rows of a row group that stay.
  private func write(
    day: Int, directory: String, fileName: String, keeping: (Int) -> [Int]
  ) throws -> StagedSegment {
    let fields = schema.fileFields
    let columns = fields.map { WriterColumn($0) }
    var options = WriterOptions()
    options.sortingColumns = schema.sortingColumns(2)
    let path = directory + "/" + fileName
    let writer = try ParquetFileWriter(path: path, columns: columns, options: options)
    let encoders = columns.map { ColumnChunkEncoder(column: $0, options: options) }
    let remainders = RemainderColumns(fields: fields)
    var fingerprint = Fingerprint()
    var rowCount = 0
    for rowGroup in 0..<reader.rowGroupCount {
      let kept = keeping(rowGroup)
      if kept.isEmpty { continue }
      var sums = [UInt64](repeating: 0, count: 2 * kept.count)
      var chunks: [EncodedColumnChunk] = []
      for (field, encoder) in zip(fields, encoders) {
        let column = try column(field, rowGroup).rows(kept)
        chunks.append(try encoder.encode(column, rows: 0..<kept.count))
        if remainders.isRemainder(field.name) || StoredRows.isProvenance(field.name) { continue }
        var hashed = column
        if case .timestamp = field.type {
          hashed = try self.column(field, rowGroup)
          try remainders.combine(&hashed, name: field.name, reader: reader, rowGroup: rowGroup)
          hashed = hashed.rows(kept)
        }
        RowHash(name: field.name, type: field.type.hashName).add(hashed, sums: &sums)
      }
      try writer.append(rowGroup: chunks, rowCount: kept.count)
      rowCount += kept.count
      fingerprint &+= sums.withUnsafeBufferPointer { sums in
        sums.baseAddress.map { RowHash.fingerprint($0, count: kept.count) } ?? Fingerprint()
      }
    }
    let file = try writer.finish(isDurable: true)
    return StagedSegment(
      day: day, path: path, fileName: fileName, byteCount: file.byteCount, rowCount: rowCount,
      fingerprint: fingerprint, sentinelCount: 0, timeRange: nil, file: file)
  }

  /// A column of a row group; all null where the file is older than the column.
  private func column(_ field: Field, _ rowGroup: Int) throws -> Column {
    let rowCount = reader.rowCount(rowGroup: rowGroup)
    guard let leaf = reader.leafIndex(named: field.name) else {
      return Column(nulls: rowCount, of: field.type)
    }
    var column = Column(type: field.type, storage: .integers([]))
    try reader.readColumn(rowGroup: rowGroup, leaf: leaf, into: &column)
    column.type = field.type
    return column
  }
}
