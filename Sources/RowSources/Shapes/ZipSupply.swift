import CZlib

/// The one file in a ZIP archive, unpacked as it is read.
///
/// What identifies the input is the content of that file: the same file unpacked, or packed otherwise, is the same.
///
/// - Spec: APPNOTE.TXT, "Local file header" and "Data descriptor".
final class ZipSupply: ByteSupply {
  private static let headerByteCount = 30
  private static let fileMagic: UInt64 = 0x0403_4B50
  private static let descriptorMagic: UInt64 = 0x0807_4B50
  private static let listMagic: UInt64 = 0x0201_4B50
  /// Most bytes of a folder's data, which are none: packed, and with their sum.
  private static let emptyByteCountMax = 32
  private static let chunkByteCount = 1 << 16

  /// The file's name in the archive.
  let name: String
  private let archive: any ByteSupply
  private let isDeflated: Bool
  /// The CRC and the sizes come after the data.
  private let hasDescriptor: Bool
  private let expectedCRC: UInt64
  /// Bytes of a stored file that are still to come.
  private var storedByteCount: Int
  private var stream = z_stream()
  private var chunk: [UInt8] = []
  private var at = 0
  private var crc: UInt = 0
  private var isDone = false

  /// - Parameter head: The archive's first bytes.
  /// - Returns: nil for anything that is not an archive of a table: spreadsheets are ZIP archives too.
  init?(_ head: [UInt8], _ supply: any ByteSupply) throws {
    guard let entry = Self.firstFile(head) else { return nil }
    let (flags, method, start) = (entry.flags, entry.method, entry.start)
    guard flags & 1 == 0, method == 8 || (method == 0 && flags & 8 == 0) else { return nil }
    let name = entry.name
    self.name = name
    let isTable = [".csv", ".txt", ".tsv", ".json", ".jsonl"].contains {
      name.lowercased().hasSuffix($0)
    }
    guard isTable else { return nil }
    isDeflated = method == 8
    hasDescriptor = flags & 8 != 0
    expectedCRC = entry.crc
    storedByteCount = entry.byteCount
    archive = supply
    // Raw data, without zlib's own header.
    if isDeflated, lake_inflateInit2(&stream, -15) != Z_OK {
      throw SourceError(.unreadable, "zlib cannot start")
    }
    for _ in 0..<start { _ = try byte() }
  }

  /// What stands in front of an entry's data.
  private struct Entry {
    var name: String
    var flags: UInt64
    var method: UInt64
    var crc: UInt64
    /// Of its data as they are packed; 0 where they come first.
    var byteCount: Int
    /// Where its data begin.
    var start: Int

    var isFolder: Bool { name.hasSuffix("/") }

    /// - Returns: nil where no entry begins, or not all of it is there.
    init?(_ bytes: [UInt8], at: Int) {
      guard bytes.count - at > headerByteCount, number(bytes, at, 4) == fileMagic else {
        return nil
      }
      flags = number(bytes, at + 6, 2)
      method = number(bytes, at + 8, 2)
      crc = number(bytes, at + 14, 4)
      byteCount = Int(number(bytes, at + 18, 4))
      let nameEnd = at + headerByteCount + Int(number(bytes, at + 26, 2))
      start = nameEnd + Int(number(bytes, at + 28, 2))
      guard start <= bytes.count else { return nil }
      name = String(decoding: bytes[(at + headerByteCount)..<nameEnd], as: UTF8.self)
    }
  }

  /// The first entry that is no folder.
  private static func firstFile(_ head: [UInt8]) -> Entry? {
    var at = 0
    while let entry = Entry(head, at: at) {
      if !entry.isFolder { return entry }
      at = entry.start
      // A folder has no data; some programs pack that, or write their sum behind it.
      let end = min(head.count - 4, at + emptyByteCountMax)
      while at < end, number(head, at, 4) != fileMagic { at += 1 }
    }
    return nil
  }

  deinit { if isDeflated { inflateEnd(&stream) } }

  func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    guard let base = target.baseAddress, target.count > 0 else { return 0 }
    var written = 0
    while written < target.count, !isDone {
      if at == chunk.count { try refill() }
      let room = min(target.count - written, 1 << 30)
      let count =
        isDeflated ? try inflate(base + written, room) : try copy(base + written, room)
      crc = crc32(crc, (base + written).assumingMemoryBound(to: UInt8.self), UInt32(count))
      written += count
    }
    if isDone, !isChecked { try checkEnd() }
    return written
  }

  private var isChecked = false

  private func inflate(_ target: UnsafeMutableRawPointer, _ room: Int) throws -> Int {
    let (status, left) = chunk.withUnsafeMutableBytes { bytes -> (Int32, (UInt32, UInt32)) in
      guard let source = bytes.baseAddress else { return (Z_BUF_ERROR, (0, UInt32(room))) }
      stream.next_in = (source + at).assumingMemoryBound(to: UInt8.self)
      stream.avail_in = UInt32(bytes.count - at)
      stream.next_out = target.assumingMemoryBound(to: UInt8.self)
      stream.avail_out = UInt32(room)
      let status = CZlib.inflate(&stream, Z_NO_FLUSH)
      return (status, (stream.avail_in, stream.avail_out))
    }
    at = chunk.count - Int(left.0)
    if status == Z_STREAM_END {
      isDone = true
    } else if status != Z_OK && status != Z_BUF_ERROR {
      throw damaged("its data cannot be unpacked")
    }
    return room - Int(left.1)
  }

  private func copy(_ target: UnsafeMutableRawPointer, _ room: Int) throws -> Int {
    let count = min(room, chunk.count - at, storedByteCount)
    chunk.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress { target.copyMemory(from: source + at, byteCount: count) }
    }
    at += count
    storedByteCount -= count
    if storedByteCount == 0 { isDone = true }
    return count
  }

  /// Holds the data against its CRC, and makes sure that nothing else is in the archive.
  private func checkEnd() throws {
    isChecked = true
    var expected = expectedCRC
    if hasDescriptor {
      expected = try word()
      if expected == Self.descriptorMagic { expected = try word() }
      _ = try word()
      _ = try word()
    }
    if UInt64(crc) != expected { throw damaged("its CRC is not that of its data") }
    var magic = try word()
    while magic == Self.fileMagic {
      guard try skipsEntry() else {
        throw SourceError(
          .unsupported, "the ZIP archive holds several files", remedy: "unpack it, and ingest them")
      }
      magic = try nextMagic()
    }
  }

  /// Reads the header of an entry behind the file.
  ///
  /// - Returns: Whether it is a folder.
  private func skipsEntry() throws -> Bool {
    var header = [UInt8](repeating: 0, count: Self.headerByteCount)
    for index in 4..<header.count { header[index] = try byte() }
    var name: [UInt8] = []
    for _ in 0..<Self.number(header, 26, 2) { name.append(try byte()) }
    for _ in 0..<Self.number(header, 28, 2) { _ = try byte() }
    return name.last == 0x2F
  }

  /// What begins behind a folder: the next entry, or the archive's list of entries.
  private func nextMagic() throws -> UInt64 {
    var magic = try word()
    for _ in 0..<Self.emptyByteCountMax
    where magic != Self.fileMagic && magic != Self.listMagic {
      magic = magic >> 8 | UInt64(try byte()) << 24
    }
    return magic
  }

  private func damaged(_ why: String) -> SourceError {
    SourceError(
      .unsupported, "the ZIP archive is damaged: \(why)", remedy: "fetch it again")
  }

  private func byte() throws -> UInt8 {
    if at == chunk.count { try refill() }
    at += 1
    return chunk[at - 1]
  }

  private func word() throws -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<4 { value |= UInt64(try byte()) << UInt64(index * 8) }
    return value
  }

  private func refill() throws {
    guard try fill() else { throw damaged("it ends early") }
  }

  /// - Returns: false at the archive's end.
  private func fill() throws -> Bool {
    chunk = [UInt8](repeating: 0, count: Self.chunkByteCount)
    let count = try chunk.withUnsafeMutableBytes { try archive.read(into: $0) }
    chunk.removeSubrange(count...)
    at = 0
    return count > 0
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> UInt64 {
    (0..<width).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64($1 * 8) }
  }
}
