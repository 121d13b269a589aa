import CSystem
import CZlib
import CZstd
import Glibc
import Platform

/// Writes to an open file or standard output, optionally compressed. Call `finish` once at the end: until then
/// data may be buffered.
public final class OutputStream {
  static let chunkByteCount = 1 << 20

  /// The path as given; `-` is standard output.
  public let path: String
  /// The compression.
  public let format: StreamFormat
  /// Number of bytes passed to the system so far.
  public private(set) var writtenByteCount = 0

  private let descriptor: Int32
  private let ownsDescriptor: Bool
  private let chunk: UnsafeMutableRawPointer
  private var chunkCount = 0
  private var zstd: OpaquePointer?
  private var gzip: UnsafeMutablePointer<z_stream>?
  private var isFinished = false

  /// - Parameter level: The codec's compression level; nil is 3 for zstd and 6 for gzip.
  public init(
    fileDescriptor: Int32, path: String, ownsDescriptor: Bool, format: StreamFormat,
    level: Int? = nil
  ) throws(CompressionError) {
    self.path = path
    self.format = format
    descriptor = fileDescriptor
    self.ownsDescriptor = ownsDescriptor
    chunk = .allocate(byteCount: Self.chunkByteCount, alignment: 16)
    switch format {
    case .raw: break
    case .zstd:
      zstd = ZSTD_createCCtx()
      _ = ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, Int32(level ?? 3))
    case .gzip:
      let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
      stream.initialize(to: z_stream())
      lake_deflateInit2(stream, Int32(level ?? 6), Gzip.gzipWindowBits)
      gzip = stream
    }
  }

  deinit {
    ZSTD_freeCCtx(zstd)
    if let gzip {
      deflateEnd(gzip)
      gzip.deallocate()
    }
    chunk.deallocate()
    if ownsDescriptor { lake_close(descriptor) }
  }

  /// Writes data; it is compressed, and may be buffered until `finish`.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(CompressionError) {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    switch format {
    case .raw: try writeRaw(base, bytes.count)
    case .zstd: try writeZstd(base, bytes.count, ZSTD_e_continue)
    case .gzip: try writeGzip(base, bytes.count, Z_NO_FLUSH)
    }
  }

  /// Writes data; it is compressed, and may be buffered until `finish`.
  public func write(_ bytes: [UInt8]) throws(CompressionError) {
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(CompressionError) in try write(raw) }
    }
    try result.get()
  }

  /// Passes all data written so far to the system, without ending a frame.
  public func flush() throws(CompressionError) {
    switch format {
    case .raw: break
    case .zstd: try writeZstd(chunk, 0, ZSTD_e_flush)
    case .gzip: try writeGzip(chunk, 0, Z_SYNC_FLUSH)
    }
    try drain()
  }

  /// Ends the last frame and passes all data to the system. Further calls have no effect.
  public func finish() throws(CompressionError) {
    if isFinished { return }
    isFinished = true
    switch format {
    case .raw: break
    case .zstd: try writeZstd(chunk, 0, ZSTD_e_end)
    case .gzip: try writeGzip(chunk, 0, Z_FINISH)
    }
    try drain()
  }

  // MARK: - Formats

  private func writeRaw(_ bytes: UnsafeRawPointer, _ count: Int) throws(CompressionError) {
    if count > Self.chunkByteCount - chunkCount { try drain() }
    if count >= Self.chunkByteCount {
      try writeAll(bytes, count)
      return
    }
    (chunk + chunkCount).copyMemory(from: bytes, byteCount: count)
    chunkCount += count
  }

  private func writeZstd(
    _ bytes: UnsafeRawPointer, _ count: Int, _ directive: ZSTD_EndDirective
  ) throws(CompressionError) {
    var input = ZSTD_inBuffer(src: bytes, size: count, pos: 0)
    while true {
      var output = ZSTD_outBuffer(dst: chunk, size: Self.chunkByteCount, pos: chunkCount)
      let left = ZSTD_compressStream2(zstd, &output, &input, directive)
      if ZSTD_isError(left) != 0 {
        throw CompressionError(
          .size, "zstd: \(String(cString: ZSTD_getErrorName(left)))", path: path)
      }
      chunkCount = output.pos
      if chunkCount == Self.chunkByteCount { try drain() }
      let isDone = directive == ZSTD_e_continue ? input.pos == count : left == 0
      if isDone { return }
    }
  }

  private func writeGzip(
    _ bytes: UnsafeRawPointer, _ count: Int, _ flush: Int32
  ) throws(CompressionError) {
    guard let gzip else { return }
    var done = 0
    while true {
      let portion = Swift.min(count - done, 1 << 30)
      gzip.pointee.next_in = UnsafeMutablePointer(
        mutating: (bytes + done).assumingMemoryBound(to: UInt8.self))
      gzip.pointee.avail_in = UInt32(portion)
      gzip.pointee.next_out = (chunk + chunkCount).assumingMemoryBound(to: UInt8.self)
      gzip.pointee.avail_out = UInt32(Self.chunkByteCount - chunkCount)
      let status = deflate(gzip, done + portion == count ? flush : Z_NO_FLUSH)
      if status == Z_STREAM_ERROR {
        throw CompressionError(.size, "gzip: \(Gzip.message(status, gzip.pointee))", path: path)
      }
      done += portion - Int(gzip.pointee.avail_in)
      let isFull = gzip.pointee.avail_out == 0
      chunkCount = Self.chunkByteCount - Int(gzip.pointee.avail_out)
      if isFull { try drain() }
      let isDone = flush == Z_FINISH ? status == Z_STREAM_END : done == count && !isFull
      if isDone { return }
    }
  }

  // MARK: - The file

  private func drain() throws(CompressionError) {
    let count = chunkCount
    chunkCount = 0
    try writeAll(chunk, count)
  }

  private func writeAll(_ bytes: UnsafeRawPointer, _ count: Int) throws(CompressionError) {
    guard Transfer.write(descriptor, UnsafeRawBufferPointer(start: bytes, count: count)) else {
      let code = lake_errno()
      let reason = code == EINTR ? "interrupted" : String(cString: strerror(code))
      throw CompressionError(.file, "cannot write '\(path)': \(reason)", systemError: code)
    }
    writtenByteCount += count
  }
}
