import Bytes

/// Pages out of a stream: JSON objects one behind the other, or a spool, where a line with its number
/// of bytes stands before each.
final class PageStream {
  /// Bytes of a page at most.
  static let pageByteCountMax = 64 << 20
  /// Digits of the line before a page at most.
  private static let sizeDigitMax = 12
  /// Bytes that are read before a page that may be incomplete is looked at.
  private static let eagerByteCount = 8 << 20

  /// Some programs of Windows write it before JSON.
  static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  private let supply: any ByteSupply
  private let buffer = ByteBuffer()
  private var hash = SHA256()
  private(set) var isAtEnd = false
  private(set) var contentHash: String?
  /// Of the buffer's first byte in the stream.
  private var bufferOffset = 0
  /// Position of the first byte that no page has taken.
  private var position = 0

  init(supply: any ByteSupply) { self.supply = supply }

  /// What is in memory, from the first byte that no page has taken. Valid until the next read.
  var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: buffer.base + position, count: buffer.count - position)
  }

  /// Offset in the stream of the first byte of `bytes`.
  var offset: Int { bufferOffset + position }

  func take(_ count: Int) { position += count }

  /// Reads on until `count` bytes are there, or the stream ends.
  func fill(_ count: Int) throws {
    while !isAtEnd && buffer.count - position < count {
      if position > 0 {
        let rest = buffer.count - position
        if rest > 0 { (buffer.base).copyMemory(from: buffer.base + position, byteCount: rest) }
        bufferOffset += position
        buffer.count = rest
        position = 0
      }
      // More is asked for than is needed, so that the end shows without another buffer.
      let wanted = max(count + 1, 1 << 16)
      buffer.reserve(wanted)
      let room = UnsafeMutableRawBufferPointer(
        start: buffer.base + buffer.count, count: wanted - buffer.count)
      let read = try supply.read(into: room)
      if read == 0 {
        isAtEnd = true
        contentHash = hash.finalHex()
        return
      }
      hash.update(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<read]))
      buffer.count += read
    }
  }

  /// Passes over white space, and over a mark of the byte order at the beginning; false at the end of the stream.
  func skipSpace() throws -> Bool {
    if offset == 0 {
      try fill(Self.byteOrderMark.count)
      if bytes.starts(with: Self.byteOrderMark) { take(Self.byteOrderMark.count) }
    }
    while true {
      try fill(1)
      if bytes.isEmpty { return false }
      var count = 0
      for byte in bytes {
        guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { break }
        count += 1
      }
      take(count)
      if !bytes.isEmpty { return true }
    }
  }

  /// The size that a spool says of the page that is next; nil where the page itself is next.
  func nextSize() throws -> Int? {
    guard let first = bytes.first, (0x30...0x39).contains(first) else { return nil }
    try fill(Self.sizeDigitMax + 1)
    let digits = bytes.prefix(Self.sizeDigitMax).prefix { (0x30...0x39).contains($0) }
    let line = digits.count
    guard line < bytes.count, bytes[line] == 0x0A,
      let size = Int(String(decoding: digits, as: UTF8.self)), size <= Self.pageByteCountMax
    else {
      throw SourceError(
        .unreadable, "no page, and no size of one, where one should begin",
        place: .init(byteOffset: offset))
    }
    take(line + 1)
    try fill(size)
    guard bytes.count >= size else {
      throw SourceError(
        .unreadable, "the file ends within a page", place: .init(byteOffset: offset),
        remedy: "fetch it again: it is not whole")
    }
    return size
  }

  /// Reads on after a page turned out to be longer than `bytes`; false where that is all.
  func grow() throws -> Bool {
    if isAtEnd { return false }
    let count = bytes.count
    if count >= Self.pageByteCountMax {
      throw SourceError(
        .recordTooLong, "a page is longer than \(Self.pageByteCountMax >> 20) MiB",
        place: .init(byteOffset: offset))
    }
    try fill(max(count * 2, Self.eagerByteCount))
    return bytes.count > count
  }

  /// Reads what is wanted before the first look at a page.
  func fillEagerly() throws { try fill(Self.eagerByteCount) }
}

/// Bytes that were read to tell what a stream is, and then the rest of it.
final class ReplayedSupply: ByteSupply {
  private let head: [UInt8]
  private var position = 0
  private let rest: any ByteSupply

  init(_ head: [UInt8], then rest: any ByteSupply) {
    self.head = head
    self.rest = rest
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = min(target.count, head.count - position)
    if count == 0 { return try rest.read(into: target) }
    head.withUnsafeBytes {
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
    }
    position += count
    let room = UnsafeMutableRawBufferPointer(rebasing: target[count...])
    return room.isEmpty ? count : count + (try rest.read(into: room))
  }
}
