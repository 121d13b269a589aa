import Bytes
import Catalog
import Columnar
import Parquet
import Tables

/// Writes a data file again without some of its rows.
struct FilteredCopy {
  private let reader: SegmentReader
  private let schema: TableSchema

  init(path: String, schema: TableSchema) throws {
    reader = try SegmentReader(path: path, fields: schema.fileFields)
    self.schema = schema
  }

  /// What `body` makes of each row group's columns that tell rows apart.
  func masks(_ body: (RowColumns) throws -> [UInt8]) throws -> [[UInt8]] {
    try reader.rowGroups.map {
      try body(try RowColumns(reader, $0, columns: schema.regionColumns))
    }
  }

  /// Writes the rows whose bit of `rows` is not set, row group by row group, in order.
  ///
  /// - Returns: nil where no row is left.
  func write(
    without rows: [Int: Bitmap], day: Int, directory: String, fileName: String
  ) throws -> StagedSegment? {
    let left = reader.rowGroups.contains { (rows[$0.rowGroup]?.setCount ?? 0) < $0.count }
    if !left { return nil }
    return try write(day: day, directory: directory, fileName: fileName) { group in
      guard let gone = rows[group.rowGroup] else { return Array(group.rows) }
      return group.rows.filter { !gone[$0] }
    }
  }

  /// Writes the rows whose byte of `masks` is 0, row group by row group, in order.
  func write(
    without masks: [[UInt8]], day: Int, directory: String, fileName: String
  ) throws -> StagedSegment {
    try write(day: day, directory: directory, fileName: fileName) { group in
      group.rows.filter { masks[group.rowGroup][$0] == 0 }
    }
  }

  /// - Parameter keeping: The rows of a row group that stay.
  private func write(
    day: Int, directory: String, fileName: String, keeping: (StoredSpan) -> [Int]
  ) throws -> StagedSegment {
    var options = WriterOptions()
    options.sortingColumns = schema.sortingColumns(2)
    let writer = try SegmentWriter(
      directory: directory, fileName: fileName, day: day,
      columns: reader.fields.map { WriterColumn($0) }, options: options)
    let encoder = GroupEncoder(fields: reader.fields, options: options)
    for group in reader.rowGroups {
      let kept = keeping(group)
      if kept.isEmpty { continue }
      try writer.append(
        try encoder.encode(rowCount: kept.count) { try reader.column($0, group).rows(kept) })
    }
    return try writer.finish()
  }
}
