// Definition and repetition levels, one byte each.

import Bytes

/// The levels of a page.
enum Levels {
  /// One run covers the page: nothing is stored.
  case uniform(UInt8)
  /// Stored, one byte each.
  case mixed
}

enum LevelDecoder {
  /// Values unpacked between two narrowings.
  static let portion = 512

  static func bitWidth(maximum: Int) -> Int {
    Int.bitWidth - maximum.leadingZeroBitCount
  }

  /// Decodes `count` levels of a hybrid stream into bytes.
  ///
  /// - Parameter target: Room for `count` bytes and 8 more.
  /// - Throws: `ParquetError.corrupt` if a level is above `maximum`.
  static func decodeHybrid(
    _ bytes: PageBytes, maximum: Int, count: Int, into target: UnsafeMutablePointer<UInt8>
  ) throws(ParquetError) -> Levels {
    let width = bitWidth(maximum: maximum)
    var decoder = try HybridDecoder(bytes, bitWidth: width)
    var done = 0
    while done < count {
      let run = try decoder.nextRun()
      let wanted = Swift.min(run.count, count &- done)
      if let groups = run.groups {
        if width == 1 {
          expandBits(groups, wanted, into: target + done)
        } else {
          try unpackNarrow(groups, width, maximum, wanted, into: target + done)
        }
      } else {
        if run.value < 0 || run.value > maximum { throw aboveMaximum(Int(run.value), maximum) }
        let level = UInt8(truncatingIfNeeded: run.value)
        if wanted == count { return .uniform(level) }
        (target + done).update(repeating: level, count: wanted)
      }
      done &+= wanted
    }
    return .mixed
  }

  /// Decodes the deprecated BIT_PACKED form: most significant bit first, no runs.
  static func decodeBitPacked(
    _ bytes: PageBytes, maximum: Int, count: Int, into target: UnsafeMutablePointer<UInt8>
  ) throws(ParquetError) -> Levels {
    let width = bitWidth(maximum: maximum)
    var bit = 0
    for index in 0..<count {
      var level = 0
      for _ in 0..<width {
        let byte = bytes.base.load(fromByteOffset: bit &>> 3, as: UInt8.self)
        level = level &<< 1 | Int((byte &>> UInt8(7 &- (bit & 7))) & 1)
        bit &+= 1
      }
      if level > maximum { throw aboveMaximum(level, maximum) }
      target[index] = UInt8(truncatingIfNeeded: level)
    }
    return .mixed
  }

  /// Bytes that `count` levels take in the deprecated form.
  static func bitPackedByteCount(maximum: Int, count: Int) -> Int {
    (bitWidth(maximum: maximum) * count + 7) / 8
  }

  /// The number of levels equal to `level`.
  static func occurrences(
    of level: UInt8, in levels: UnsafePointer<UInt8>, count: Int
  ) -> Int {
    var total = 0
    var at = 0
    // A byte counter per lane holds up to 255.
    while at < count {
      let stop = Swift.min(at &+ 128, count)
      var part: UInt8 = 0
      while at < stop {
        part &+= levels[at] == level ? 1 : 0
        at &+= 1
      }
      total &+= Int(part)
    }
    return total
  }

  /// Eight bits to eight bytes of 0 or 1; stores up to 7 bytes past `count`.
  private static func expandBits(
    _ source: UnsafeRawPointer, _ count: Int, into target: UnsafeMutablePointer<UInt8>
  ) {
    let raw = UnsafeMutableRawPointer(target)
    var at = 0
    var byte = 0
    while at < count {
      let bits = UInt64(source.load(fromByteOffset: byte, as: UInt8.self))
      // Each byte of the product's selection keeps one of the eight bits.
      let spread = (bits &* 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201
      let ones = ((spread &+ 0x0040_6070_787C_7E7F) &>> 7) & 0x0101_0101_0101_0101
      raw.storeLE(ones, at)
      at &+= 8
      byte &+= 1
    }
  }

  private static func unpackNarrow(
    _ source: UnsafeRawPointer, _ width: Int, _ maximum: Int, _ count: Int,
    into target: UnsafeMutablePointer<UInt8>
  ) throws(ParquetError) {
    let highest = withUnsafeTemporaryAllocation(of: Int32.self, capacity: portion) { spare in
      guard let base = spare.baseAddress else { return Int32(0) }
      var highest: Int32 = 0
      var at = 0
      while at < count {
        let wanted = Swift.min(portion, count &- at)
        HybridDecoder.unpack(source + (at &>> 3) &* width, width, wanted, into: base)
        for index in 0..<wanted {
          let level = base[index]
          highest = level > highest ? level : highest
          target[at &+ index] = UInt8(truncatingIfNeeded: level)
        }
        at &+= wanted
      }
      return highest
    }
    if Int(highest) > maximum { throw aboveMaximum(Int(highest), maximum) }
  }

  private static func aboveMaximum(_ level: Int, _ maximum: Int) -> ParquetError {
    ParquetError(.corrupt, "a level of \(level), the schema allows 0...\(maximum)")
  }
}
