import Catalog
import Tables

extension FilteredCopy {
  /// Maps the region columns of each row group to a mask.
  func masks(_ body: (RowColumns) throws -> [UInt8]) throws -> [[UInt8]] {
    try reader.rowGroups.map {
      try body(try RowColumns(reader, $0, columns: schema.regionColumns))
    }
  }

  /// Writes the rows whose bit in `rows` is not set, row group by row group, in order.
  ///
  /// - Returns: nil if no row is left.
  func write(
    without rows: [Int: Bitmap], day: Int, directory: String, fileName: String
  ) throws -> StagedSegment? {
    let left = reader.rowGroups.contains { (rows[$0.rowGroup]?.setCount ?? 0) < $0.count }
    if !left { return nil }
    return try write(day: day, directory: directory, fileName: fileName) { _, group in
      guard let gone = rows[group.rowGroup] else { return Array(group.rows) }
      return group.rows.filter { !gone[$0] }
    }
  }

  /// Writes the rows whose byte of `masks` is 0, row group by row group, in order.
  func write(
    without masks: [[UInt8]], day: Int, directory: String, fileName: String
  ) throws -> StagedSegment {
    try write(day: day, directory: directory, fileName: fileName) { _, group in
      group.rows.filter { masks[group.rowGroup][$0] == 0 }
    }
  }
}
