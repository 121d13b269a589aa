// Run-length / bit-packing hybrid: levels, dictionary indices and booleans.
// Parquet Encodings.md, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)".

/// One run of a hybrid stream.
struct HybridRun {
  /// Values in the run, at least 1.
  var count: Int
  /// The value of a repeated run.
  var value: Int32
  /// The first group of a bit-packed run; nil for a repeated one.
  var groups: UnsafeRawPointer?
}

/// Reads a hybrid stream run by run.
struct HybridDecoder {
  /// Widest value the format can hold, in bits.
  static let bitWidthMax = 32

  let bitWidth: Int
  private var rest: PageBytes

  init(_ bytes: PageBytes, bitWidth: Int) throws(ParquetError) {
    if bitWidth < 0 || bitWidth > Self.bitWidthMax {
      throw ParquetError(
        .corrupt,
        "RLE bit width is \(bitWidth), the format allows 0...\(Self.bitWidthMax)")
    }
    self.bitWidth = bitWidth
    rest = bytes
  }

  mutating func nextRun() throws(ParquetError) -> HybridRun {
    // Values of zero bits are all zero; some writers then store no stream at all.
    if bitWidth == 0 { return HybridRun(count: .max, value: 0, groups: nil) }
    while true {
      let header = try rest.takeVarint()
      let run = header & 1 == 0 ? try repeated(header) : try packed(header)
      if run.count > 0 { return run }
    }
  }

  private mutating func repeated(_ header: UInt64) throws(ParquetError) -> HybridRun {
    let byteCount = (bitWidth &+ 7) &>> 3
    if rest.count < byteCount { throw Self.truncated }
    var value: UInt32 = 0
    for index in 0..<byteCount {
      let byte = rest.base.load(fromByteOffset: index, as: UInt8.self)
      value |= UInt32(byte) &<< UInt32(8 &* index)
    }
    rest = rest.dropping(byteCount)
    return HybridRun(
      count: Int(header &>> 1), value: Int32(bitPattern: value), groups: nil)
  }

  private mutating func packed(_ header: UInt64) throws(ParquetError) -> HybridRun {
    let (byteCount, overflow) = (header &>> 1).multipliedReportingOverflow(by: UInt64(bitWidth))
    if header &>> 1 == 0 { return HybridRun(count: 0, value: 0, groups: nil) }
    let start = rest.base
    // The last run may be truncated after its last value.
    if overflow || byteCount > UInt64(rest.count) {
      let count = rest.count &* 8 / bitWidth
      if count == 0 { throw Self.truncated }
      rest = rest.dropping(rest.count)
      return HybridRun(count: count, value: 0, groups: start)
    }
    rest = rest.dropping(Int(byteCount))
    return HybridRun(count: Int(header &>> 1) &* 8, value: 0, groups: start)
  }

  static let truncated = ParquetError(.truncated, "a page ends within its RLE runs")
}

extension HybridDecoder {
  /// Decodes `count` values of at most 32 bits.
  mutating func decode(
    _ count: Int, into target: UnsafeMutablePointer<Int32>
  ) throws(ParquetError) {
    var done = 0
    while done < count {
      let run = try nextRun()
      let wanted = Swift.min(run.count, count &- done)
      if let groups = run.groups {
        Self.unpack(groups, bitWidth, wanted, into: target + done)
      } else {
        (target + done).update(repeating: run.value, count: wanted)
      }
      done &+= wanted
    }
  }

  /// Unpacks `count` values, never storing more.
  static func unpack(
    _ source: UnsafeRawPointer, _ bitWidth: Int, _ count: Int,
    into target: UnsafeMutablePointer<Int32>
  ) {
    let groups = count &>> 3
    BitUnpack.unpack32(source, width: bitWidth, groups: groups, into: target)
    let tail = count & 7
    if tail == 0 { return }
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 8) { spare in
      guard let base = spare.baseAddress else { return }
      BitUnpack.unpack32(source + groups &* bitWidth, width: bitWidth, groups: 1, into: base)
      (target + groups &* 8).update(from: base, count: tail)
    }
  }
}
