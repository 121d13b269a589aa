import Bytes
import CSystem
import Compression
import Glibc
import Tables

/// A sorted run of packed rows of one symbol and date in a spill file.
package struct SpillFragment: Sendable {
  let file: SpillFile
  let offset: Int
  let rowCount: Int
  let first: SortKey
  let last: SortKey
}

/// A temporary file of packed rows: blocks of up to `blockRowCount` rows, LZ4-compressed if that helps. Its
/// name is removed once it is open, so a crash leaves nothing behind.
package final class SpillFile: @unchecked Sendable {
  static let blockRowCount = 1024
  /// Header of a block: row count and stored size; the top bit of the latter means "compressed".
  private static let blockHeaderByteCount = 8

  let stride: Int
  /// Its former path.
  private let path: String
  private let descriptor: Int32
  private(set) var byteCount = 0
  private let encoder: Lz4Encoder
  private let stored = ByteBuffer()

  /// - Parameter directory: The run's staging folder.
  package convenience init(directory: String, stride: Int) throws {
    try self.init(path: directory + "/spill", O_TRUNC, stride: stride)
  }

  /// For commands that only read a lake.
  ///
  /// - Parameter folder: May be writable by others.
  package convenience init(inTemporary folder: String, stride: Int) throws {
    let name = "/.lake-spill-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    try self.init(path: folder + name, O_EXCL | O_NOFOLLOW, stride: stride)
  }

  private init(path: String, _ flags: Int32, stride: Int) throws {
    self.stride = stride
    self.path = path
    descriptor = lake_open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0o600)
    guard descriptor >= 0 else { throw PassError.system("open", path: path) }
    lake_unlink(path)
    encoder = Lz4Encoder()
  }

  deinit { lake_close(descriptor) }

  /// Writes rows of one symbol, in order. `rows` is read once, from first to last.
  package func write(_ rows: [UnsafeRawPointer], order: RowOrder) throws -> SpillFragment {
    guard let first = rows.first, let last = rows.last else {
      preconditionFailure("a fragment has rows")
    }
    let offset = byteCount
    let plain = ByteBuffer(capacity: min(rows.count, Self.blockRowCount) * stride)
    var at = 0
    while at < rows.count {
      let count = min(Self.blockRowCount, rows.count - at)
      plain.removeAll()
      for row in at..<(at + count) { plain.append(rows[row], stride) }
      try writeBlock(plain, rowCount: count)
      at += count
    }
    return SpillFragment(
      file: self, offset: offset, rowCount: rows.count, first: order.key(first),
      last: order.key(last))
  }

  private func writeBlock(_ plain: ByteBuffer, rowCount: Int) throws {
    stored.removeAll()
    stored.append(littleEndian: UInt32(rowCount))
    stored.append(littleEndian: UInt32(0))
    try encoder.compress(plain.bytes, into: stored)
    var word = UInt32(stored.count - Self.blockHeaderByteCount) | 0x8000_0000
    if stored.count - Self.blockHeaderByteCount >= plain.count {
      stored.count = Self.blockHeaderByteCount
      stored.append(plain.bytes)
      word = UInt32(plain.count)
    }
    stored.base.storeLE(word, 4)
    try writeAll(descriptor, stored.bytes, at: byteCount, path: path)
    byteCount += stored.count
  }

  /// Reads the block at `offset` into `rows`.
  ///
  /// - Returns: Its row count, and the offset of the next block.
  func readBlock(at offset: Int, into rows: ByteBuffer, scratch: ByteBuffer) throws -> (Int, Int) {
    scratch.reserve(Self.blockHeaderByteCount)
    try readAll(descriptor, scratch.base, Self.blockHeaderByteCount, at: offset, path: path)
    let rowCount = Int(scratch.base.loadUnaligned(as: UInt32.self))
    let word = scratch.base.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
    let storedCount = Int(word & 0x7FFF_FFFF)
    scratch.reserve(storedCount)
    let begin = offset + Self.blockHeaderByteCount
    try readAll(descriptor, scratch.base, storedCount, at: begin, path: path)
    rows.reserve(rowCount * stride)
    rows.count = rowCount * stride
    let source = UnsafeRawBufferPointer(start: scratch.base, count: storedCount)
    let target = UnsafeMutableRawBufferPointer(start: rows.base, count: rows.count)
    if word & 0x8000_0000 != 0 {
      try Codec.lz4Raw.decompress(source, into: target)
    } else {
      target.copyMemory(from: source)
    }
    return (rowCount, begin + storedCount)
  }
}

/// Rows of one fragment, one after the other.
struct FragmentCursor {
  private let fragment: SpillFragment
  private let stride: Int
  private let rows = ByteBuffer()
  private let scratch = ByteBuffer()
  private var offset: Int
  private var rowsLeft: Int
  private var at = 0
  private var inBlock = 0

  init(_ fragment: SpillFragment) throws {
    self.fragment = fragment
    stride = fragment.file.stride
    offset = fragment.offset
    rowsLeft = fragment.rowCount
    try refill()
  }

  /// The current row; nil at the end. Valid until `advance`.
  var row: UnsafeRawPointer? { at < inBlock ? UnsafeRawPointer(rows.base) + at * stride : nil }

  mutating func advance() throws {
    at += 1
    if at == inBlock { try refill() }
  }

  private mutating func refill() throws {
    at = 0
    inBlock = 0
    if rowsLeft == 0 { return }
    (inBlock, offset) = try fragment.file.readBlock(at: offset, into: rows, scratch: scratch)
    rowsLeft -= inBlock
  }
}
