import Bytes
import CZlib

enum Gzip {
  /// `windowBits` that accept gzip and zlib headers.
  static let anyHeaderWindowBits: Int32 = 15 + 32
  /// `windowBits` that write a gzip header.
  static let gzipWindowBits: Int32 = 15 + 16

  /// Decompresses one or more concatenated members.
  static func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) -> Int {
    if source.isEmpty { return 0 }
    var stream = z_stream()
    if lake_inflateInit2(&stream, anyHeaderWindowBits) != Z_OK {
      throw CompressionError(.unavailable, "zlib cannot start")
    }
    defer { inflateEnd(&stream) }
    guard let available = UInt32(exactly: source.count), let room = UInt32(exactly: target.count)
    else { throw CompressionError(.size, "a gzip page of more than 4 GiB") }
    stream.next_in = UnsafeMutablePointer(
      mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.avail_in = available
    stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.avail_out = room
    var spare: UInt8 = 0
    if target.isEmpty { return try drain(&stream, &spare) }
    while true {
      let status = inflate(&stream, Z_NO_FLUSH)
      if status == Z_STREAM_END {
        if stream.avail_in == 0 || stream.avail_out == 0 { break }
        inflateReset(&stream)
        continue
      }
      if status != Z_OK {
        throw CompressionError(
          status == Z_BUF_ERROR ? .truncated : .corrupt,
          "gzip: \(message(status, stream))", offset: source.count - Int(stream.avail_in))
      }
      if stream.avail_out == 0 { return target.count + (try drain(&stream, &spare)) }
      if stream.avail_in == 0 {
        throw CompressionError(.truncated, "gzip data ends early", offset: source.count)
      }
    }
    return target.count - Int(stream.avail_out)
  }

  /// Continues past a full target, since the member's trailer must follow. Returns 1 if there is more output.
  private static func drain(
    _ stream: inout z_stream, _ spare: inout UInt8
  ) throws(CompressionError) -> Int {
    let (status, left) = withUnsafeMutablePointer(to: &spare) { pointer -> (Int32, UInt32) in
      stream.next_out = pointer
      stream.avail_out = 1
      return (inflate(&stream, Z_NO_FLUSH), stream.avail_out)
    }
    if left == 0 || status == Z_STREAM_END { return 1 - Int(left) }
    if status == Z_OK || status == Z_BUF_ERROR {
      throw CompressionError(.truncated, "gzip data ends early")
    }
    throw CompressionError(.corrupt, "gzip: \(message(status, stream))")
  }

  static func message(_ status: Int32, _ stream: z_stream) -> String {
    if let text = stream.msg { return String(cString: text) }
    return status == Z_BUF_ERROR ? "the data end early" : "status \(status)"
  }
}

/// Compresses buffers to gzip members.
public final class GzipEncoder {
  private var stream = z_stream()
  private let isReady: Bool

  /// - Parameter level: 1 (fastest) … 9 (smallest).
  public init(level: Int = 6) {
    isReady =
      lake_deflateInit2(&stream, Int32(Swift.min(Swift.max(level, 1), 9)), Gzip.gzipWindowBits)
      == Z_OK
  }

  deinit { if isReady { deflateEnd(&stream) } }

  /// Compresses `source` into one member, which is appended to `target`.
  public func compress(
    _ source: UnsafeRawBufferPointer, into target: ByteBuffer
  ) throws(CompressionError) {
    if !isReady { throw CompressionError(.unavailable, "zlib cannot start") }
    deflateReset(&stream)
    guard let count = UInt32(exactly: source.count) else {
      throw CompressionError(.size, "\(source.count) bytes are too many for one gzip call")
    }
    let bound = Int(deflateBound(&stream, UInt(count)))
    target.reserve(target.count + bound)
    stream.next_in = UnsafeMutablePointer(
      mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.avail_in = count
    stream.next_out = (target.base + target.count).assumingMemoryBound(to: UInt8.self)
    stream.avail_out = UInt32(clamping: bound)
    let status = deflate(&stream, Z_FINISH)
    if status != Z_STREAM_END {
      throw CompressionError(.size, "gzip: \(Gzip.message(status, stream))")
    }
    target.count += bound - Int(stream.avail_out)
  }
}
