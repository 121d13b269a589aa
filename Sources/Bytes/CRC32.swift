import CKernels

/// The CRC-32 of gzip, zip and Parquet pages (polynomial 0xEDB88320, reflected).
public enum CRC32 {
  /// Sixteen tables of 256 words, for sixteen bytes per step.
  private static let tables: [UInt32] = {
    var words = [UInt32](repeating: 0, count: 16 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
      words[byte] = crc
    }
    for slice in 1..<16 {
      for byte in 0..<256 {
        let previous = words[(slice - 1) * 256 + byte]
        words[slice * 256 + byte] = (previous >> 8) ^ words[Int(previous & 0xFF)]
      }
    }
    return words
  }()

  /// The checksum of `bytes`, continuing from `seed` (the checksum of the preceding bytes; initially 0).
  public static func checksum(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
    guard let base = bytes.baseAddress else { return seed }
    return tables.withUnsafeBufferPointer { buffer in
      guard let table = buffer.baseAddress else { return seed }
      return checksum(base, bytes.count, seed, table)
    }
  }

  /// Whether the processor has carry-less multiplication, which is seven times as fast as the tables.
  private static let canFold = lake_has_crc_folding() != 0

  private static func checksum(
    _ base: UnsafeRawPointer, _ count: Int, _ seed: UInt32, _ tables: UnsafePointer<UInt32>
  ) -> UInt32 {
    if count < 128 || !canFold { return ~step(base, count, ~seed, tables) }
    let whole = count & ~63
    let state = withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { folded in
      guard let start = folded.baseAddress else { return ~seed }
      lake_crc_fold(
        base.assumingMemoryBound(to: UInt8.self), whole, ~seed,
        start.assumingMemoryBound(to: UInt8.self))
      return step(start, 16, 0, tables)
    }
    return ~step(base + whole, count - whole, state, tables)
  }

  /// Advances the checksum's state over `count` bytes, using the tables.
  private static func step(
    _ base: UnsafeRawPointer, _ count: Int, _ state: UInt32, _ t: UnsafePointer<UInt32>
  ) -> UInt32 {
    var crc = state
    var at = 0
    @inline(__always) func look(_ slice: Int, _ word: UInt64, _ shift: UInt64) -> UInt32 {
      t[slice &* 256 &+ Int(truncatingIfNeeded: (word &>> shift) & 0xFF)]
    }
    while at &+ 16 <= count {
      let a = base.loadLE(at, as: UInt64.self) ^ UInt64(crc)
      let b = base.loadLE(at &+ 8, as: UInt64.self)
      let first = look(15, a, 0) ^ look(14, a, 8) ^ look(13, a, 16) ^ look(12, a, 24)
      let second = look(11, a, 32) ^ look(10, a, 40) ^ look(9, a, 48) ^ look(8, a, 56)
      let third = look(7, b, 0) ^ look(6, b, 8) ^ look(5, b, 16) ^ look(4, b, 24)
      let fourth = look(3, b, 32) ^ look(2, b, 40) ^ look(1, b, 48) ^ look(0, b, 56)
      crc = first ^ second ^ third ^ fourth
      at = at &+ 16
    }
    while at < count {
      let byte = UInt32(base.load(fromByteOffset: at, as: UInt8.self))
      crc = (crc &>> 8) ^ t[Int(truncatingIfNeeded: (crc ^ byte) & 0xFF)]
      at = at &+ 1
    }
    return crc
  }
}
