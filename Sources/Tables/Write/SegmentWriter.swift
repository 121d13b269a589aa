import Bytes
import Parquet

/// Writes encoded row groups into one data file in staging. Every segment of every table is written by it.
package final class SegmentWriter {
  /// Ends the name of every segment.
  package static let suffix = ".zstd.parquet"

  private let day: Int
  private let path: String
  private let fileName: String
  private let writer: ParquetFileWriter
  private var fingerprint = Fingerprint()
  private var rowCount = 0
  private var sentinelCount = 0
  private var earliest = Int64.max
  private var latest = Int64.min

  /// Creates the file `directory/fileName`.
  ///
  /// - Parameters:
  ///   - day: First day of the partition's period, days since 1970.
  ///   - columns: In the order in which every group's chunks will come.
  package init(
    directory: String, fileName: String, day: Int, columns: [WriterColumn], options: WriterOptions
  ) throws {
    self.day = day
    self.fileName = fileName
    path = directory + "/" + fileName
    writer = try ParquetFileWriter(path: path, columns: columns, options: options)
  }

  /// Writes a row group behind those before it and adds its rows to the segment's figures.
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

  /// Completes the file.
  ///
  /// - Parameter isDurable: Whether the file is synced to disk; if not, the caller must sync it before any
  ///   table names it.
  package func finish(isDurable: Bool = true) throws -> StagedSegment {
    let file = try writer.finish(isDurable: isDurable)
    return StagedSegment(
      day: day, path: path, fileName: fileName, byteCount: file.byteCount, rowCount: rowCount,
      fingerprint: fingerprint, sentinelCount: sentinelCount,
      timeRange: earliest <= latest ? earliest...latest : nil,
      file: file)
  }
}
