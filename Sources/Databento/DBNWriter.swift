// DBN files: the header, then records that are already in their wire form.

import Compression

/// Writes one DBN file. It appears under its name when `finish` returns; see `PendingFile`.
public final class DBNWriter {
  /// zstd level for files that are read more often than written.
  public static let levelDefault = 3

  /// The file.
  public let path: String
  /// The header, already written.
  public let metadata: DBNMetadata
  /// Bytes of records written so far, uncompressed.
  public private(set) var byteCount = 0

  private let file: PendingFile

  /// Creates the file and writes the header.
  ///
  /// - Parameters:
  ///   - path: `-` is standard output.
  ///   - format: nil chooses by the name: zstd for `.zst`, gzip for `.gz`, else uncompressed.
  ///   - level: The codec's level.
  ///   - overwrites: Whether an existing file may be replaced.
  /// - Throws: `DBNError` or `CompressionError`.
  public init(
    path: String, metadata: DBNMetadata, format: StreamFormat? = nil,
    level: Int = DBNWriter.levelDefault, overwrites: Bool = false
  ) throws {
    let header = try metadata.serialized()
    file = try PendingFile(path: path, format: format, level: level, overwrites: overwrites)
    self.path = path
    self.metadata = metadata
    try header.withUnsafeBytes { try file.write($0) }
  }

  /// Writes whole records of the metadata's version.
  public func write(_ records: UnsafeRawBufferPointer) throws {
    try file.write(records)
    byteCount += records.count
  }

  /// Completes the file and renames it to its final name.
  public func finish() throws { try file.finish() }
}

extension DBNFields {
  /// A record with its length and type set, null in all fields that can be null, and zero elsewhere: a template
  /// for writers.
  public static func template(_ kind: RecordKind, version: Int, tsOut: Bool) -> [UInt8] {
    let byteCount = recordByteCount(kind, version: version, tsOut: tsOut)
    var record = [UInt8](repeating: 0, count: byteCount)
    for field in fields(kind, version: version, tsOut: tsOut) {
      guard var bits = field.nullSentinel else { continue }
      for index in 0..<field.form.byteCount {
        record[field.offset + index] = UInt8(truncatingIfNeeded: bits)
        bits >>= 8
      }
    }
    record[0] = UInt8(byteCount / 4)
    record[1] = kind.rtype
    return record
  }
}
