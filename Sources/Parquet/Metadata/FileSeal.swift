import Bytes

/// A checksum of a whole Parquet file, including footer and page headers, which page checksums do not cover. It
/// is in the footer's key-value metadata, which other readers ignore.
///
/// If it is right, columns may be left undecoded until they are needed: the file is intact.
public enum FileSeal {
  private static let mark = Array("lake.seal.crc32=".utf8)
  /// The digits while the checksum is computed.
  private static let blank = Array("????????".utf8)

  /// The metadata entry that a file needs to be sealed.
  public static let metadata = KeyValue(
    key: "lake.seal", value: String(decoding: mark + blank, as: UTF8.self))

  /// Writes the checksum into a complete file that has `metadata`.
  public static func seal(_ file: inout [UInt8]) {
    let found = file.withUnsafeBytes { range(in: $0) }
    guard let found else { return }
    let digits = file.withUnsafeBytes { text(checksum($0, found)) }
    file.replaceSubrange(found, with: digits)
  }

  /// Whether a file has a seal.
  ///
  /// - Throws: `checksum` if it does not match the file's bytes.
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
  /// Whether the file has a valid seal.
  ///
  /// - Throws: `checksum` if it is wrong.
  public func isSealed() throws(ParquetError) -> Bool {
    do throws(ParquetError) {
      return try FileSeal.isSealed(UnsafeRawBufferPointer(start: file.base, count: file.count))
    } catch {
      throw error.at(path: name)
    }
  }
}
