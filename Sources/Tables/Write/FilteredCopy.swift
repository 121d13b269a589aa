import Catalog
import Columnar
import Parquet

/// Writes a data file again without some of its rows.
package struct FilteredCopy {
  /// The file that is copied.
  package let reader: SegmentReader
  /// The table's, so that the copy is sorted and hashed like its other segments.
  package let schema: TableSchema

  /// Opens the file at `path`. Columns that another program added to the table are copied, too.
  ///
  /// - Throws: If the file has nested columns, which would be lost.
  package init(path: String, schema: TableSchema) throws {
    let stored = try SegmentReader(path: path)
    guard !stored.hasNestedColumns else {
      throw PassError(
        .input, "the file has nested columns, which a copy of some of its rows would lack",
        place: path,
        remedy: "take them out with the program that wrote them")
    }
    let known = Set(schema.fileFields.map(\.name) + [schema.partitionColumn])
    reader = try SegmentReader(
      path: path, fields: schema.fileFields + stored.fields.filter { !known.contains($0.name) })
    self.schema = schema
  }

  /// Writes rows that stay, row group by row group, in order.
  ///
  /// - Parameters:
  ///   - day: First day of the partition's period.
  ///   - keeping: Says which rows of a row group stay: ascending indexes in it.
  package func write(
    day: Int, directory: String, fileName: String,
    keeping: (SegmentReader, StoredSpan) throws -> [Int]
  ) throws -> StagedSegment {
    var options = WriterOptions()
    options.sortingColumns = schema.sortingColumns(2)
    let writer = try SegmentWriter(
      directory: directory, fileName: fileName, day: day,
      columns: reader.fields.map { WriterColumn($0) }, options: options)
    let encoder = GroupEncoder(
      fields: reader.fields, options: options, unhashed: schema.impliedColumns)
    for group in reader.rowGroups {
      let kept = try keeping(reader, group)
      if kept.isEmpty { continue }
      try writer.append(
        try encoder.encode(rowCount: kept.count) { try reader.column($0, group).rows(kept) })
    }
    return try writer.finish()
  }
}
