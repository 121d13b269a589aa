import Bytes
import Parquet

/// A complete data file in staging that no table knows yet.
package struct StagedSegment: Sendable {
  /// First day of its partition's period, days since 1970.
  package var day: Int
  /// Where the file is now.
  package var path: String
  /// Last component of `path`, and of the path that it will have in its table.
  package var fileName: String
  /// Size on disk.
  package var byteCount: Int
  /// Rows in it.
  package var rowCount: Int
  /// Sum of the rows' hashes, for the tag `lake.rowHash2`.
  package var fingerprint: Fingerprint
  /// Vendor's sentinels that became null in it.
  package var sentinelCount: Int
  /// Index timestamps of its rows in ns.
  package var timeRange: ClosedRange<Int64>?
  /// Bounds and null counts by column name.
  package var file: WrittenParquetFile

  /// - Parameter file: What the writer reported when the file was finished.
  package init(
    day: Int, path: String, fileName: String, byteCount: Int, rowCount: Int,
    fingerprint: Fingerprint, sentinelCount: Int, timeRange: ClosedRange<Int64>? = nil,
    file: WrittenParquetFile
  ) {
    self.day = day
    self.path = path
    self.fileName = fileName
    self.byteCount = byteCount
    self.rowCount = rowCount
    self.fingerprint = fingerprint
    self.sentinelCount = sentinelCount
    self.timeRange = timeRange
    self.file = file
  }
}
