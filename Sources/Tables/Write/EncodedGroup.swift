import Bytes
import Parquet

/// A row group that is encoded and waits for its place in a segment.
package struct EncodedGroup: Sendable {
  package var chunks: [EncodedColumnChunk]
  package var rowCount: Int
  /// Sum of the rows' hashes.
  var fingerprint: Fingerprint
  /// Vendor's sentinels that became null.
  var sentinelCount: Int
  /// Index timestamps of the rows, in ns: first and last in time.
  var timeRange: ClosedRange<Int64>?

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
