import Bytes
import Parquet

/// An encoded row group that is not in a segment yet.
package struct EncodedGroup: Sendable {
  /// One a column, in the order of the file's schema.
  package var chunks: [EncodedColumnChunk]
  /// Rows of the group; every chunk has as many.
  package var rowCount: Int
  /// Sum of the rows' hashes.
  var fingerprint: Fingerprint
  /// Vendor's sentinels that became null.
  var sentinelCount: Int
  /// Index timestamps of the first and last row in time, in ns.
  var timeRange: ClosedRange<Int64>?

  /// - Parameter timeRange: nil if nobody needs the file's times.
  package init(
    chunks: [EncodedColumnChunk], rowCount: Int, fingerprint: Fingerprint, sentinelCount: Int,
    timeRange: ClosedRange<Int64>? = nil
  ) {
    self.chunks = chunks
    self.rowCount = rowCount
    self.fingerprint = fingerprint
    self.sentinelCount = sentinelCount
    self.timeRange = timeRange
  }
}
