import Bytes
import CSystem
import CZlib
import CZstd
import Glibc
import Platform

/// Compression of a byte stream.
public enum StreamFormat: String, Hashable, Sendable { case raw, zstd, gzip }

/// Reads a file or standard input, decompressing it if its first bytes are those of zstd or gzip. Concatenated
/// frames or members, and skippable frames, are read as one stream.
public final class InputStream {
  /// Bytes per read call.
  static let chunkByteCount = 128 << 10

  /// Called at the end of a growing file with the offset; waits and returns whether more data may follow.
  public typealias GrowthWait = (Int) throws(CompressionError) -> Bool

  /// The path as given; `-` is standard input.
  public let path: String
  /// The compression, detected from the first bytes.
  public let format: StreamFormat
  /// Size of a regular file; nil for anything else.
  public let fileByteCount: Int?
  /// Whether opening the path again gives the same data: not for a pipe or a terminal.
  public var canBeReadAgain: Bool { path != "-" && fileByteCount != nil }
  /// Number of bytes consumed of the compressed stream.
  public var compressedOffset: Int { chunkOffset + at }

  private let descriptor: Int32
  private let ownsDescriptor: Bool
  private let waitForMore: GrowthWait?
  private let chunk: UnsafeMutableRawPointer
  private var chunkOffset = 0
  private var chunkCount = 0
  private var at = 0
  private var reachedEnd = false
  /// Whether a frame or member has begun but not ended.
  private var isInsideFrame = false
  private var zstd: OpaquePointer?
  /// Logarithm of libzstd's default limit for the window: 128 MiB.
  private static let zstdWindowLog = 27
  private var gzip: UnsafeMutablePointer<z_stream>?

  /// Opens a file, or standard input for `-`.
  public convenience init(path: String) throws(CompressionError) {
    if path == "-" {
      try self.init(fileDescriptor: 0, path: path, ownsDescriptor: false)
      return
    }
    let descriptor = Waiting.openForReading(path)
    if descriptor < 0 {
      let code = lake_errno()
      throw CompressionError(
        .file, "cannot open '\(path)': \(String(cString: strerror(code)))",
        remedy: code == ENOENT ? DanglingLink.remedy(path) : nil, systemError: code)
    }
    try self.init(fileDescriptor: descriptor, path: path, ownsDescriptor: true)
  }

  /// Reads an open descriptor, and closes it at the end if `ownsDescriptor`.
  ///
  /// - Parameter waitForMore: For a file that is still being written: called at its current end, it waits and
  ///   returns whether more data may follow. The stream ends when it returns false.
  public init(
    fileDescriptor: Int32, path: String, ownsDescriptor: Bool,
    waitForMore: GrowthWait? = nil
  ) throws(CompressionError) {
    self.path = path
    self.waitForMore = waitForMore
    descriptor = fileDescriptor
    self.ownsDescriptor = ownsDescriptor
    chunk = .allocate(byteCount: Self.chunkByteCount, alignment: 16)
    var status = stat()
    let isKnown = lake_fstat(fileDescriptor, &status) == 0
    fileByteCount =
      isKnown && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    do throws(CompressionError) {
      if isKnown && status.st_mode & S_IFMT == S_IFDIR {
        throw CompressionError(
          .file, "'\(path)' is a folder, expected a file", systemError: EISDIR)
      }
      // Through a pipe, the magic bytes may arrive in pieces.
      while chunkCount < 4 {
        let count = try Self.readSome(
          descriptor, fileByteCount != nil, chunk + chunkCount, Self.chunkByteCount - chunkCount,
          path, waitForMore)
        if count == 0 { break }
        chunkCount += count
      }
    } catch {
      chunk.deallocate()
      if ownsDescriptor { lake_close(fileDescriptor) }
      throw error
    }
    format = Self.sniff(UnsafeRawBufferPointer(start: chunk, count: chunkCount))
    reachedEnd = chunkCount == 0
    if format == .zstd { zstd = ZSTD_createDCtx() }
    if format == .gzip {
      let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
      stream.initialize(to: z_stream())
      lake_inflateInit2(stream, Gzip.gzipWindowBits)
      gzip = stream
    }
  }

  deinit {
    ZSTD_freeDCtx(zstd)
    if let gzip {
      inflateEnd(gzip)
      gzip.deallocate()
    }
    chunk.deallocate()
    if ownsDescriptor { lake_close(descriptor) }
  }

  /// Detects the format from the first bytes. A skippable zstd frame counts as zstd.
  public static func sniff(_ bytes: UnsafeRawBufferPointer) -> StreamFormat {
    if bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B { return .gzip }
    if bytes.count < 4 { return .raw }
    let magic = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
    if magic == 0xFD2F_B528 || magic & 0xFFFF_FFF0 == 0x184D_2A50 { return .zstd }
    return .raw
  }

  /// Fills `target` with decompressed data, up to the end of the stream.
  ///
  /// - Returns: Number of bytes written: less than the size of `target` only at the end of the stream, 0 after
  ///   it.
  /// - Throws: `CompressionError.truncated` with the offset of an incomplete frame.
  public func read(into target: UnsafeMutableRawBufferPointer) throws(CompressionError) -> Int {
    guard let base = target.baseAddress, target.count > 0 else { return 0 }
    switch format {
    case .raw: return try readRaw(base, target.count)
    case .zstd: return try readZstd(base, target.count)
    case .gzip: return try readGzip(base, target.count)
    }
  }

  // MARK: - Formats

  private func readRaw(
    _ target: UnsafeMutableRawPointer, _ room: Int
  ) throws(CompressionError) -> Int {
    var written = Swift.min(chunkCount - at, room)
    target.copyMemory(from: chunk + at, byteCount: written)
    at += written
    // Large reads bypass the chunk and go directly to the caller.
    while written < room && !reachedEnd {
      let count = try Self.readSome(
        descriptor, fileByteCount != nil, target + written, room - written, path, waitForMore)
      if count == 0 { reachedEnd = true }
      written += count
      chunkOffset += count
    }
    return written
  }

  private func readZstd(
    _ target: UnsafeMutableRawPointer, _ room: Int
  ) throws(CompressionError) -> Int {
    var output = ZSTD_outBuffer(dst: target, size: room, pos: 0)
    while output.pos < room {
      if at == chunkCount && !reachedEnd { try refill() }
      let before = output.pos
      var input = ZSTD_inBuffer(src: chunk, size: chunkCount, pos: at)
      if at == chunkCount && !isInsideFrame { break }
      let result = ZSTD_decompressStream(zstd, &output, &input)
      if ZSTD_isError(result) != 0 { throw zstdError(result, frameBegun: isInsideFrame) }
      let isIdle = input.pos == at && output.pos == before
      at = input.pos
      isInsideFrame = result != 0
      if isIdle && at == chunkCount && reachedEnd {
        if isInsideFrame { throw cutOff("zstd frame") }
        break
      }
    }
    return output.pos
  }

  private func zstdError(_ result: Int, frameBegun: Bool) -> CompressionError {
    switch ZSTD_getErrorCode(result) {
    case ZSTD_error_frameParameter_windowTooLarge:
      return CompressionError(
        .unreadable,
        "the zstd frame needs a window of more than \(1 << (Self.zstdWindowLog - 20)) MiB, the most that is allowed",
        path: path, offset: compressedOffset,
        remedy: "make it again with a smaller one: zstd -dc --long=31 FILE | zstd > SMALLER.zst")
    case ZSTD_error_dictionary_wrong:
      return CompressionError(
        .unreadable, "the zstd frame was made with a dictionary, which is not here", path: path,
        offset: compressedOffset,
        remedy: "make it again without: zstd -dc -D DICTIONARY FILE | zstd > OTHER.zst")
    default: break
    }
    let name = String(cString: ZSTD_getErrorName(result))
    if ZSTD_getErrorCode(result) == ZSTD_error_prefix_unknown && !frameBegun {
      return CompressionError(
        .corrupt, "bytes after the last zstd frame are no frame", path: path,
        offset: compressedOffset)
    }
    return CompressionError(.corrupt, "zstd: \(name)", path: path, offset: compressedOffset)
  }

  private func readGzip(
    _ target: UnsafeMutableRawPointer, _ room: Int
  ) throws(CompressionError) -> Int {
    guard let gzip else { return 0 }
    var written = 0
    while written < room {
      if at == chunkCount && !reachedEnd { try refill() }
      if at == chunkCount {
        if isInsideFrame { throw cutOff("gzip member") }
        break
      }
      if !isInsideFrame && chunkOffset + at > 0 {
        // Zeros after a member are padding, as on tapes; anything else must be another member.
        if chunk.load(fromByteOffset: at, as: UInt8.self) == 0 {
          at += 1
          continue
        }
        inflateReset(gzip)
      }
      isInsideFrame = true
      gzip.pointee.next_in = (chunk + at).assumingMemoryBound(to: UInt8.self)
      gzip.pointee.avail_in = UInt32(chunkCount - at)
      let portion = Swift.min(room - written, 1 << 30)
      gzip.pointee.next_out = (target + written).assumingMemoryBound(to: UInt8.self)
      gzip.pointee.avail_out = UInt32(portion)
      let status = inflate(gzip, Z_NO_FLUSH)
      at = chunkCount - Int(gzip.pointee.avail_in)
      written += portion - Int(gzip.pointee.avail_out)
      if status == Z_STREAM_END {
        isInsideFrame = false
      } else if status != Z_OK && status != Z_BUF_ERROR {
        throw CompressionError(
          .corrupt, "gzip: \(Gzip.message(status, gzip.pointee))", path: path,
          offset: compressedOffset)
      }
    }
    return written
  }

  private func cutOff(_ what: String) -> CompressionError {
    CompressionError(
      .truncated, "the file ends within a \(what)", path: path, offset: compressedOffset,
      remedy: "fetch the file again: it is not whole")
  }

  // MARK: - The file

  private func refill() throws(CompressionError) {
    chunkOffset += chunkCount
    at = 0
    chunkCount = 0
    chunkCount = try Self.readSome(
      descriptor, fileByteCount != nil, chunk, Self.chunkByteCount, path, waitForMore)
    if chunkCount == 0 { reachedEnd = true }
  }

  private static func readSome(
    _ descriptor: Int32, _ isFile: Bool, _ target: UnsafeMutableRawPointer, _ room: Int,
    _ path: String, _ waitForMore: GrowthWait?
  ) throws(CompressionError) -> Int {
    while true {
      let count = Waiting.read(descriptor, target, Swift.min(room, 1 << 30), isFile: isFile)
      if count > 0 { return count }
      if count == 0 {
        guard let waitForMore,
          try waitForMore(Int(lseek(descriptor, 0, SEEK_CUR)))
        else { return 0 }
        continue
      }
      let code = lake_errno()
      if code == EINTR {
        throw CompressionError(.file, "interrupted", path: path, systemError: code)
      }
      throw CompressionError(
        .file, "cannot read '\(path)': \(String(cString: strerror(code)))", systemError: code)
    }
  }
}
