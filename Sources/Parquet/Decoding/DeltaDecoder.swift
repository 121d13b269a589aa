// Parquet Encodings.md, "Delta Encoding (DELTA_BINARY_PACKED = 5)".

/// Decodes one DELTA_BINARY_PACKED stream.
enum DeltaDecoder {
  /// Values per block at most; writers use 128 to 4096.
  static let blockValueCountMax = 1 << 20

  /// The header of a stream.
  struct Header {
    var miniblockCount: Int
    var valuesPerMiniblock: Int
    var valueCount: Int
    var first: Int64
  }

  static func takeHeader(_ bytes: inout PageBytes) throws(ParquetError) -> Header {
    let block = try bytes.takeVarint()
    let miniblocks = try bytes.takeVarint()
    let total = try bytes.takeVarint()
    let first = try bytes.takeZigZag()
    if block == 0 || block > UInt64(blockValueCountMax) || block % 8 != 0 {
      throw ParquetError(.corrupt, "delta blocks of \(block) values")
    }
    if miniblocks == 0 || miniblocks > block || block % miniblocks != 0
      || (block / miniblocks) % 8 != 0
    {
      throw ParquetError(
        .corrupt, "\(miniblocks) delta miniblocks in a block of \(block) values")
    }
    if total > UInt64(Limits.pageValueCountMax) {
      throw ParquetError(
        .corrupt,
        "a delta stream of \(total) values, pages hold at most \(Limits.pageValueCountMax)")
    }
    return Header(
      miniblockCount: Int(miniblocks), valuesPerMiniblock: Int(block / miniblocks),
      valueCount: Int(total), first: first)
  }

  /// Decodes `count` values, which the stream must have, and moves `bytes` past the stream.
  ///
  /// - Parameter exactly: Whether further values in the stream are an error: required if something follows the
  ///   stream.
  static func decode(
    _ bytes: inout PageBytes, count: Int, exactly: Bool, into target: UnsafeMutablePointer<Int64>
  ) throws(ParquetError) {
    // A page of nulls may have no stream at all.
    if count == 0 && bytes.count == 0 { return }
    let header = try takeHeader(&bytes)
    if header.valueCount < count || (exactly && header.valueCount != count) {
      throw ParquetError(
        .corrupt, "a delta stream of \(header.valueCount) values, the page has \(count)")
    }
    if count == 0 { return }
    target[0] = header.first
    var done = 1
    var last = header.first
    while done < count {
      let least = try bytes.takeZigZag()
      let widths = try bytes.prefix(header.miniblockCount, "delta bit widths").base
      bytes = bytes.dropping(header.miniblockCount)
      var miniblock = 0
      while miniblock < header.miniblockCount && done < count {
        let width = Int(widths.load(fromByteOffset: miniblock, as: UInt8.self))
        let wanted = Swift.min(header.valuesPerMiniblock, count &- done)
        last = try takeMiniblock(
          &bytes, header.valuesPerMiniblock, width, wanted, least, last, into: target + done)
        done &+= wanted
        miniblock &+= 1
      }
    }
  }

  @inline(__always)
  private static func takeMiniblock(
    _ bytes: inout PageBytes, _ values: Int, _ width: Int, _ wanted: Int, _ least: Int64,
    _ last: Int64, into target: UnsafeMutablePointer<Int64>
  ) throws(ParquetError) -> Int64 {
    if width > 64 { throw ParquetError(.corrupt, "deltas of \(width) bits") }
    let byteCount = (values &>> 3) &* width
    if byteCount > bytes.count {
      return try takeCutMiniblock(&bytes, width, wanted, least, last, into: target)
    }
    let groups = wanted &>> 3
    var sum = BitUnpack.sumDeltas(
      bytes.base, width: width, groups: groups, least: least, last: last, into: target)
    if wanted & 7 != 0 {
      sum = sumTail(
        bytes.base + groups &* width, width, wanted & 7, least, sum, into: target + groups &* 8)
    }
    bytes = bytes.dropping(byteCount)
    return sum
  }

  private static func sumTail(
    _ source: UnsafeRawPointer, _ width: Int, _ count: Int, _ least: Int64, _ last: Int64,
    into target: UnsafeMutablePointer<Int64>
  ) -> Int64 {
    withUnsafeTemporaryAllocation(of: Int64.self, capacity: 8) { spare in
      guard let base = spare.baseAddress else { return last }
      _ = BitUnpack.sumDeltas(
        source, width: width, groups: 1, least: least, last: last, into: base)
      target.update(from: base, count: count)
      return base[count &- 1]
    }
  }

  /// Some writers end the last miniblock with the last value instead of padding it.
  private static func takeCutMiniblock(
    _ bytes: inout PageBytes, _ width: Int, _ wanted: Int, _ least: Int64, _ last: Int64,
    into target: UnsafeMutablePointer<Int64>
  ) throws(ParquetError) -> Int64 {
    if (wanted &* width &+ 7) / 8 > bytes.count {
      throw ParquetError(.truncated, "a page ends within its deltas")
    }
    var sum = last
    var bit = 0
    for index in 0..<wanted {
      var delta: UInt64 = 0
      for step in 0..<width {
        let byte = bytes.base.load(fromByteOffset: bit &>> 3, as: UInt8.self)
        delta |= UInt64((byte &>> UInt8(bit & 7)) & 1) &<< UInt64(step)
        bit &+= 1
      }
      sum = sum &+ Int64(bitPattern: delta) &+ least
      target[index] = sum
    }
    bytes = bytes.dropping(bytes.count)
    return sum
  }
}
