import Bytes
import Parquet

/// A data file in staging, complete, that no table knows yet.
package struct StagedSegment: Sendable {
  /// Partition date, days since 1970.
  package var day: Int
  /// Where it lies now.
  package var path: String
  package var fileName: String
  package var byteCount: Int
  package var rowCount: Int
  package var fingerprint: Fingerprint
  package var sentinelCount: Int
  /// Index timestamps of its rows in ns.
  package var timeRange: ClosedRange<Int64>?
  /// Bounds and null counts by column name.
  package var file: WrittenParquetFile

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

/// Puts encoded row groups into one data file in staging.
package final class SegmentWriter {
  private let day: Int
  private let path: String
  private let fileName: String
  private let writer: ParquetFileWriter
  private var fingerprint = Fingerprint()
  private var rowCount = 0
  private var sentinelCount = 0
  private var earliest = Int64.max
  private var latest = Int64.min

  package init(
    directory: String, fileName: String, day: Int, columns: [WriterColumn], options: WriterOptions
  ) throws {
    self.day = day
    self.fileName = fileName
    path = directory + "/" + fileName
    writer = try ParquetFileWriter(path: path, columns: columns, options: options)
  }

  package func append(_ group: EncodedGroup) throws {
    try writer.append(rowGroup: group.chunks, rowCount: group.rowCount)
    fingerprint &+= group.fingerprint
    rowCount += group.rowCount
    sentinelCount += group.sentinelCount
    if let range = group.timeRange {
      earliest = min(earliest, range.lowerBound)
      latest = max(latest, range.upperBound)
    }
  }

  /// Ends the file.
  ///
  /// - Parameter isDurable: Whether its bytes are on the disk then; else the caller has to see to it
  ///   before any table names the file.
  package func finish(isDurable: Bool = true) throws -> StagedSegment {
    let file = try writer.finish(isDurable: isDurable)
    return StagedSegment(
      day: day, path: path, fileName: fileName, byteCount: file.byteCount, rowCount: rowCount,
      fingerprint: fingerprint, sentinelCount: sentinelCount,
      timeRange: earliest <= latest ? earliest...latest : nil,
      file: file)
  }
}
