import Bytes
import TestSupport

@testable import Compression

/// "lake " forty times, then the bytes 0…31; compressed by the codecs' own libraries.
enum Vectors {
  static let plain = Array(String(repeating: "lake ", count: 40).utf8) + Array(0..<32)
  private static let tail: [UInt8] = Array(0..<32)

  static let snappy: [UInt8] =
    [0xE8, 0x01, 0x10, 0x6C, 0x61, 0x6B, 0x65, 0x20, 0xFE, 0x05, 0x00, 0xFE, 0x05, 0x00]
    + [0xEE, 0x05, 0x00, 0x0D, 0x05, 0x7C] + tail
  static let gzip: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xCB, 0x49, 0xCC, 0x4E, 0x55,
    0xC8, 0x19, 0xFA, 0x04, 0x03, 0x23, 0x13, 0x33, 0x0B, 0x2B, 0x1B, 0x3B, 0x07, 0x27, 0x17,
    0x37, 0x0F, 0x2F, 0x1F, 0xBF, 0x80, 0xA0, 0x90, 0xB0, 0x88, 0xA8, 0x98, 0xB8, 0x84, 0xA4,
    0x94, 0xB4, 0x8C, 0xAC, 0x9C, 0x3C, 0x00, 0x24, 0xB2, 0xDA, 0xB5, 0xE8, 0x00, 0x00, 0x00,
  ]
  static let lz4Raw: [UInt8] =
    [0x5F, 0x6C, 0x61, 0x6B, 0x65, 0x20, 0x05, 0x00, 0xB0, 0xF0, 0x11] + tail
  static let lz4Hadoop: [UInt8] = [0, 0, 0, 0xE8, 0, 0, 0, 43] + lz4Raw
  static let lz4Frame: [UInt8] =
    [0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82, 0x2B, 0x00, 0x00, 0x00] + lz4Raw + [0, 0, 0, 0]
  static let zstd: [UInt8] =
    [0x28, 0xB5, 0x2F, 0xFD, 0x20, 0xE8, 0x6D, 0x01, 0x00, 0x54, 0x02, 0x6C, 0x61, 0x6B, 0x65]
    + [0x20] + tail + [0x01, 0x00, 0x40, 0x50, 0x45, 0x0B]
  static let brotli: [UInt8] = [
    0x1B, 0xE7, 0x00, 0x00, 0xC4, 0x0D, 0xC6, 0x68, 0xCF, 0xB5, 0x05, 0x31, 0xC4, 0x17, 0xC5,
    0x24, 0xC8, 0x15, 0x3C, 0xBB, 0xFF, 0x02, 0xCA, 0xE9, 0x0E, 0x31, 0x39, 0x13, 0x36,
  ]
  /// 1 MiB of zeros.
  static let brotliMebibyte: [UInt8] = [
    0x5B, 0xFF, 0xFF, 0x0F, 0x40, 0x02, 0x20, 0x1E, 0x0B, 0x24, 0xF7, 0xFE, 0x01,
  ]

  static let all: [(codec: Codec, bytes: [UInt8])] = [
    (.uncompressed, plain), (.snappy, snappy), (.gzip, gzip), (.lz4Raw, lz4Raw),
    (.lz4Hadoop, lz4Hadoop), (.lz4Hadoop, lz4Frame), (.lz4Hadoop, lz4Raw), (.zstd, zstd),
    (.brotli, brotli),
  ]
}

/// Thrown if a decoder writes past its target.
struct Overrun: Error {}

/// Decompresses into a target of `count` bytes, with guard bytes after it.
func unpack(_ bytes: [UInt8], _ codec: Codec, _ count: Int) throws -> [UInt8] {
  let marked = 64
  var target = [UInt8](repeating: 0xA5, count: count + marked)
  var failure: (any Error)?
  bytes.withUnsafeBytes { source in
    target.withUnsafeMutableBytes { room in
      do {
        try codec.decompress(source, into: UnsafeMutableRawBufferPointer(rebasing: room[..<count]))
      } catch { failure = error }
    }
  }
  if target[count...].contains(where: { $0 != 0xA5 }) { throw Overrun() }
  if let failure { throw failure }
  return Array(target[..<count])
}

/// The error of `body`; nil if it succeeds.
func errorOf(_ body: () throws -> Void) -> CompressionError? {
  do { try body() } catch { return error as? CompressionError }
  return nil
}

/// Compressible text of any length.
func sample(_ count: Int, seed: UInt64 = 5) -> [UInt8] {
  var random = SeededGenerator(seed: seed)
  return (0..<count).map { _ in UInt8(65 + Int(random.next() >> 59) * Int(random.next() >> 63)) }
}

func zstdFrame(_ bytes: [UInt8]) throws -> [UInt8] {
  let buffer = ByteBuffer()
  let encoder = ZstdEncoder(level: 1)
  try bytes.withUnsafeBytes { try encoder.compress($0, into: buffer) }
  return Array(buffer.bytes)
}

func gzipMember(_ bytes: [UInt8]) throws -> [UInt8] {
  let buffer = ByteBuffer()
  let encoder = GzipEncoder(level: 6)
  try bytes.withUnsafeBytes { try encoder.compress($0, into: buffer) }
  return Array(buffer.bytes)
}
