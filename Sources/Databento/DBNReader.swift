// Files and streams of records, block by block: decompression, header, scanning. The caller owns the memory of
// blocks, so that several threads can each have one.

import Bytes
import CSystem
import Compression
import Glibc
import Platform

/// A block of a stream: whole records, by runs.
public final class DBNBlock {
  /// The records, in decompressed form.
  public let bytes = ByteBuffer()
  /// Runs of one kind in stream order.
  public internal(set) var runs: [RecordRun] = []
  /// Index in the stream of the block's first record.
  public internal(set) var firstRecord = 0
  /// Offset of the block's first byte in the decompressed stream.
  public internal(set) var byteOffset = 0

  /// An empty block.
  public init() {}

  /// Records in all runs.
  public var recordCount: Int { runs.reduce(0) { $0 + $1.count } }
}

/// Reads a DBN file (`.dbn`, `.dbn.zst`, `.dbn.gz`), a header-less fragment, or standard input.
///
/// A stream that ends inside a record, or has an invalid record, is an error; the records before it are
/// returned first.
public final class DBNReader {
  /// Decompressed bytes read at once.
  public static let blockByteCountDefault = 1 << 20

  /// As given; `-` is standard input.
  public let path: String
  /// The header; nil for a fragment.
  public let metadata: DBNMetadata?
  /// Version of the format.
  public let version: Int
  /// Whether records end with the time at which the gateway sent them.
  public let tsOut: Bool
  /// Size of the file as stored; nil if unknown.
  public var fileByteCount: Int? { input.fileByteCount }
  /// Bytes read so far of the file as stored.
  public var compressedOffset: Int { input.compressedOffset }

  private let input: InputStream
  private var scanner: DBNScanner
  private let carry = ByteBuffer()
  private var isAtEnd = false
  private var failure: DBNError?

  /// Opens a file and reads its header.
  ///
  /// - Parameters:
  ///   - path: `-` is standard input.
  ///   - fragmentVersion: Version of the format of records without a header; nil if there must be a header.
  ///     a header.
  /// - Throws: `DBNError` or `CompressionError`.
  public init(path: String, fragmentVersion: Int? = nil) throws {
    try Self.refuseLegacyFile(path)
    let input = try InputStream(path: path)
    do {
      let header = try Self.readHeader(input, into: carry, fragmentVersion: fragmentVersion)
      metadata = header.metadata
      version = header.version
      tsOut = header.metadata?.tsOut ?? false
      scanner = DBNScanner(
        version: header.version, tsOut: tsOut, schema: header.metadata?.schema,
        byteOffset: header.byteCount)
    } catch let error as DBNError {
      throw error.inFile(path)
    }
    self.path = path
    self.input = input
  }

  /// Fills `block` with the next records.
  ///
  /// - Parameter byteCount: Decompressed bytes to read at most, besides the rest of the last block.
  /// - Returns: false at the end of the stream.
  /// - Throws: `DBNError` or `CompressionError`, after all records before the damage were returned.
  public func read(
    into block: DBNBlock, byteCount: Int = DBNReader.blockByteCountDefault
  ) throws -> Bool {
    block.runs.removeAll(keepingCapacity: true)
    while failure == nil {
      if isAtEnd {
        do throws(DBNError) {
          try scanner.finish(remaining: carry.count)
          return false
        } catch {
          failure = error
          break
        }
      }
      try fill(block, byteCount)
      if !block.runs.isEmpty { return true }
    }
    throw (failure ?? DBNError(.corrupt, "unreadable")).inFile(path)
  }

  private func fill(_ block: DBNBlock, _ byteCount: Int) throws {
    let bytes = block.bytes
    bytes.removeAll()
    bytes.append(carry.bytes)
    bytes.reserve(carry.count + byteCount)
    let room = UnsafeMutableRawBufferPointer(start: bytes.base + carry.count, count: byteCount)
    let count = try input.read(into: room)
    if count < byteCount { isAtEnd = true }
    bytes.count = carry.count + count
    carry.removeAll()
    block.firstRecord = scanner.recordCount
    block.byteOffset = scanner.byteOffset
    var consumed = 0
    do throws(DBNError) {
      consumed = try scanner.scan(bytes.bytes, runs: &block.runs)
    } catch {
      failure = error
      return
    }
    carry.append(bytes.base + consumed, bytes.count - consumed)
  }

  // MARK: - The header

  private static func readHeader(
    _ input: InputStream, into carry: ByteBuffer, fragmentVersion: Int?
  ) throws -> (metadata: DBNMetadata?, version: Int, byteCount: Int) {
    try readMore(input, into: carry, until: DBNMetadata.preludeByteCount)
    guard carry.count > 0 else {
      throw DBNError(.truncated, "the file is empty", remedy: "download it again")
    }
    if !DBNMetadata.isPrelude(carry.bytes) {
      if let fragmentVersion { return (nil, fragmentVersion, 0) }
      throw headerless(carry)
    }
    let (version, byteCount) = try DBNMetadata.parsePrelude(carry.bytes)
    if let fragmentVersion, fragmentVersion != version {
      throw DBNError(
        .unsupported, "the file's header says version \(version), not \(fragmentVersion)", at: 3,
        remedy: "leave out --dbn-version: it is for records without a header")
    }
    try readMore(input, into: carry, until: byteCount)
    let metadata = try DBNMetadata.parse(carry.bytes).metadata
    // Bytes after the header are the beginning of the records.
    let rest = carry.count - byteCount
    memmove(carry.base, carry.base + byteCount, rest)
    carry.count = rest
    return (metadata, version, byteCount)
  }

  /// Reads more, in steps that grow only as bytes really arrive.
  private static func readMore(
    _ input: InputStream, into carry: ByteBuffer, until byteCount: Int
  ) throws {
    while carry.count < byteCount {
      let step = min(byteCount - carry.count, max(4096, carry.count))
      carry.reserve(carry.count + step)
      let count = try input.read(
        into: UnsafeMutableRawBufferPointer(start: carry.base + carry.count, count: step))
      carry.count += count
      if count < step { return }
    }
  }

  private static func headerless(_ carry: ByteBuffer) -> DBNError {
    let isRecord = carry.count >= 2 && RecordKind(rtype: carry.bytes[1], schema: nil) != nil
    return DBNError(
      isRecord ? .versionNeeded : .corrupt,
      isRecord
        ? "no DBN header: these may be records alone, and their version is not known"
        : "not a DBN file: it does not begin with 'DBN'", at: 0,
      remedy: isRecord ? "--dbn-version 1, 2 or 3" : "check that it is a file from Databento")
  }

  /// A `.dbz` file begins with a skippable zstd frame with the old header.
  private static func refuseLegacyFile(_ path: String) throws(DBNError) {
    guard path != "-" else { return }
    let descriptor = Waiting.openForReading(path)
    guard descriptor >= 0 else { return }
    defer { lake_close(descriptor) }
    // Bytes taken from a pipe could not be read again.
    guard Waiting.isRegularFile(descriptor) else { return }
    var start = [UInt8](repeating: 0, count: 12)
    let count = start.withUnsafeMutableBytes { lake_pread(descriptor, $0.baseAddress, 12, 0) }
    guard count == 12, start[1...3].elementsEqual([0x2A, 0x4D, 0x18]),
      start[8...10].elementsEqual([0x44, 0x42, 0x5A])
    else { return }
    throw DBNError(
      .unsupported, "this is a DBZ file, the format before DBN, which is not read", at: 8,
      remedy: "convert it with Databento's dbn tool 0.15, or download the data again"
    ).inFile(path)
  }
}
