import Bytes

/// A checksum of a whole Parquet file, footer and page headers included, which its pages' checksums leave
/// out. Kept in the footer's key-value metadata, where other readers pass it over.
///
/// Whoever finds it right may leave columns undecoded until they are wanted: they are what was written.
public enum FileSeal {
  private static let mark = Array("lake.seal.crc32=".utf8)
  /// What stands for the checksum while it is computed.
  private static let blank = Array("????????".utf8)

  /// What the footer of a file that is to be sealed has among its metadata.
  public static let metadata = KeyValue(
    key: "lake.seal", value: String(decoding: mark + blank, as: UTF8.self))

  /// Puts the checksum into a whole file that has `metadata`.
  public static func seal(_ file: inout [UInt8]) {
    let found = file.withUnsafeBytes { range(in: $0) }
    guard let found else { return }
    let digits = file.withUnsafeBytes { text(checksum($0, found)) }
    file.replaceSubrange(found, with: digits)
  }

  /// Whether a file has a seal.
  ///
  /// - Throws: `checksum` where it is not that of the file's bytes.
  static func isSealed(_ file: UnsafeRawBufferPointer) throws(ParquetError) -> Bool {
    guard let range = range(in: file) else { return false }
    if !file[range].elementsEqual(text(checksum(file, range))) {
      throw ParquetError(
        .checksum, "the file's bytes are not what its checksum says",
        place: .init(offset: range.lowerBound), remedy: "restore the file: its bytes were changed")
    }
    return true
  }

  /// Offsets of the checksum's digits, searched from the end of the footer; nil where there is no seal.
  private static func range(in file: UnsafeRawBufferPointer) -> Range<Int>? {
    guard file.count >= ParquetReader.byteCountMin, let base = file.baseAddress else { return nil }
    let length = Int(base.loadLE(file.count - 8, as: UInt32.self))
    guard length <= file.count - ParquetReader.byteCountMin else { return nil }
    let end = file.count - 8
    var start = end - mark.count - blank.count
    while start >= end - length {
      if file[start] == mark[0], file[start..<(start + mark.count)].elementsEqual(mark) {
        return (start + mark.count)..<(start + mark.count + blank.count)
      }
      start -= 1
    }
    return nil
  }

  private static func checksum(
    _ file: UnsafeRawBufferPointer, _ range: Range<Int>
  ) -> UInt32 {
    let head = CRC32.checksum(UnsafeRawBufferPointer(rebasing: file[..<range.lowerBound]))
    let middle = blank.withUnsafeBytes { CRC32.checksum($0, seed: head) }
    return CRC32.checksum(UnsafeRawBufferPointer(rebasing: file[range.upperBound...]), seed: middle)
  }

  private static func text(_ checksum: UInt32) -> [UInt8] {
    let digits = String(checksum, radix: 16)
    return Array((String(repeating: "0", count: 8 - digits.utf8.count) + digits).utf8)
  }
}

extension ParquetReader {
  /// Whether the file has a checksum of all its bytes.
  ///
  /// - Throws: `checksum` where it is not right.
  public func isSealed() throws(ParquetError) -> Bool {
    do throws(ParquetError) {
      return try FileSeal.isSealed(UnsafeRawBufferPointer(start: file.base, count: file.count))
    } catch {
      throw error.at(path: name)
    }
  }
}
