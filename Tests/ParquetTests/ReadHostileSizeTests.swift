import Compression
import TestSupport
import Testing

@testable import Parquet

/// A file of one dictionary page whose header states `promised` bytes.
private func pages(
  _ stored: [UInt8], _ codec: CompressionCodec, promised: Int,
  pageByteCountMax: Int = Limits.pageByteCountMax
) throws -> ChunkPages {
  func zigzag(_ value: Int) -> [UInt8] {
    var rest = value << 1
    var bytes: [UInt8] = []
    while rest > 127 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
  // Thrift compact encoding: type, both sizes, then the dictionary's count and encoding.
  let header =
    [0x15, 0x04, 0x15] + zigzag(promised) + [0x15] + zigzag(stored.count)
    + [0x4C, 0x15, 0x02, 0x15, 0x00, 0x00, 0x00]
  let bytes = Array("PAR1".utf8) + header + stored
  return try ChunkPages(
    file: FileBytes(bytes: bytes), footerOffset: bytes.count,
    leaf: LeafColumn(
      path: ["text"], type: .string, physicalType: .byteArray, typeLength: 0,
      maxDefinitionLevel: 0, maxRepetitionLevel: 0),
    metadata: ColumnMetadata(
      type: .byteArray, encodings: [.plain], path: ["text"], codec: codec, valueCount: 1,
      totalUncompressedByteCount: Int64(promised), totalCompressedByteCount: Int64(bytes.count - 4),
      dataPageOffset: 4),
    verifiesChecksums: false, pageByteCountMax: pageByteCountMax)
}

/// 1 MiB of zeros.
private let brotliMebibyte: [UInt8] = [
  0x5B, 0xFF, 0xFF, 0x0F, 0x40, 0x02, 0x20, 0x1E, 0x0B, 0x24, 0xF7, 0xFE, 0x01,
]
/// A frame that states 1 GiB, with one uncompressed block.
private let zstdLie: [UInt8] = [
  0x28, 0xB5, 0x2F, 0xFD, 0xA0, 0x00, 0x00, 0x00, 0x40, 0x09, 0x00, 0x00, 0x61,
]

@Suite struct ReadHostileSizeTests {
  @Test func aPageIsNotBelievedToHoldWhatItsBytesCannot() throws {
    // Snappy's own length also states 1 GiB.
    let snappyLie: [UInt8] = [0x80, 0x80, 0x80, 0x80, 0x04, 0x00, 0x61]
    let cases: [(codec: CompressionCodec, stored: [UInt8])] = [
      (.snappy, snappyLie), (.gzip, [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, 3, 0]),
      (.lz4, [0x40, 0, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]), (.lz4Raw, [0xFF, 0xFF, 0xFF, 0xFF]),
      (.zstd, zstdLie), (.brotli, brotliMebibyte), (.uncompressed, [1, 2, 3, 4]),
    ]
    for (codec, stored) in cases {
      for promised in [1 << 30, Int(Int32.max), (1 << 20) + 1] {
        let scratch = DecodeScratch()
        var pages = try pages(stored, codec, promised: promised)
        let span = try #require(try pages.next())
        let error = #expect(throws: ParquetError.self, "\(codec.name), \(promised) bytes") {
          _ = try pages.dictionary(span, scratch)
        }
        #expect(error?.code == .corrupt)
        #expect(scratch.page.capacity < 1 << 20, "\(codec.name) reserved its promise")
      }
    }
  }

  @Test func aPageOfFewBytesThatHoldManyIsRead() throws {
    let scratch = DecodeScratch()
    var pages = try pages(brotliMebibyte, .brotli, promised: 1 << 20)
    let span = try #require(try pages.next())
    #expect(try pages.dictionary(span, scratch).count == 1 << 20)
  }

  @Test func aReaderMayAllowLessThanTheFormatDoes() throws {
    var pages = try pages(brotliMebibyte, .brotli, promised: 1 << 20, pageByteCountMax: 1 << 19)
    let error = #expect(throws: ParquetError.self) { _ = try pages.next() }
    #expect(error?.code == .unsupported)
    #expect(
      error?.message == "a page of 1048576 bytes, more than the 524288 bytes that are allowed")
  }
}
