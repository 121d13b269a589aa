import Bytes
import Columnar

/// Reads bars as the vendor writes them: `{"v":1,"vw":2.5,"o":…}` without white space, plain numbers.
///
/// Anything written otherwise is left to `RecordParser`, which reads all of JSON: this is only a fast path.
struct BarScanner {
  /// Bytes after a member's start that the scanner may load.
  static let reach = 64

  private static let t: UInt32 = 1
  private static let o: UInt32 = 2
  private static let h: UInt32 = 4
  private static let l: UInt32 = 8
  private static let c: UInt32 = 16
  private static let v: UInt32 = 32
  private static let vw: UInt32 = 64
  private static let n: UInt32 = 128
  private static let required: UInt32 = 31
  /// Latest time whose nanoseconds fit into 64 bits.
  private static let millisecondsMax: UInt64 = 9_223_372_036_854

  /// The name of a member: a letter, or 0 for `vw`; nil for any other.
  @inline(__always)
  private static func name(_ at: UnsafeRawPointer) -> (letter: UInt8, end: UnsafeRawPointer)? {
    let word = at.loadLE(0, as: UInt32.self)
    if word & 0xFFFF_00FF == 0x3A22_0022 {
      return (UInt8(truncatingIfNeeded: word &>> 8), at + 4)
    }
    if word == 0x2277_7622 && at.loadLE(4, as: UInt8.self) == 0x3A { return (0, at + 5) }
    return nil
  }

  /// Reads one bar of a stock or an option.
  ///
  /// - Parameters:
  ///   - start: At the opening brace.
  ///   - limit: The end of what may be read.
  ///   - row: Overwritten, even if nil is returned.
  /// - Returns: The address after the closing brace; nil if the bar is written otherwise.
  @inline(__always)
  static func bar(
    _ start: UnsafeRawPointer, limit: UnsafeRawPointer, into row: UnsafeMutableRawPointer
  ) -> UnsafeRawPointer? {
    var at = start + 1
    var seen: UInt32 = 0
    while true {
      if limit - at < reach { return nil }
      guard let (letter, begin) = name(at) else { return nil }
      let number = scanNumber(begin)
      if !number.isPlain { return nil }
      let bit: UInt32
      switch letter {
      case 0x6F, 0x68, 0x6C, 0x63, 0:
        if number.wholeCount > 9 || number.fractionCount > 9 { return nil }
        let value =
          number.whole &* 1_000_000_000 &+ number.fraction &* tensTable(9 &- number.fractionCount)
        switch letter {
        case 0x6F:
          bit = o
          row.storeLE(value, MassiveLayout.Bar.open)
        case 0x68:
          bit = h
          row.storeLE(value, MassiveLayout.Bar.high)
        case 0x6C:
          bit = l
          row.storeLE(value, MassiveLayout.Bar.low)
        case 0x63:
          bit = c
          row.storeLE(value, MassiveLayout.Bar.close)
        default:
          bit = vw
          row.storeLE(value, MassiveLayout.Bar.vwap)
        }
      case 0x76:
        if number.wholeCount > 12 || number.fractionCount > 6 { return nil }
        bit = v
        let value =
          number.whole &* 1_000_000 &+ number.fraction &* tensTable(6 &- number.fractionCount)
        row.storeLE(value, MassiveLayout.Bar.volume)
      case 0x6E:
        if number.fractionCount > 0 { return nil }
        bit = n
        row.storeLE(number.whole, MassiveLayout.Bar.transactions)
      case 0x74:
        if number.fractionCount > 0 || number.whole > millisecondsMax { return nil }
        bit = t
        row.storeLE(number.whole &* 1_000_000, MassiveLayout.Bar.time)
      default: return nil
      }
      if seen & bit != 0 { return nil }
      seen |= bit
      let next = number.end.loadLE(0, as: UInt8.self)
      at = number.end + 1
      if next == 0x2C { continue }
      if next != 0x7D { return nil }
      if seen & required != required { return nil }
      finish(row, seen)
      return at
    }
  }

  /// Missing values are null, and zero.
  @inline(__always)
  private static func finish(_ row: UnsafeMutableRawPointer, _ seen: UInt32) {
    // v, vw and n are the bits 5…7 here and 0…2 in the row.
    row.storeLE(seen &>> 5, 0)
    row.storeLE(UInt64(0), MassiveLayout.Bar.extra)
    if seen & v == 0 { row.storeLE(UInt64(0), MassiveLayout.Bar.volume) }
    if seen & n == 0 { row.storeLE(UInt64(0), MassiveLayout.Bar.transactions) }
    if seen & vw == 0 { row.storeLE(UInt64(0), MassiveLayout.Bar.vwap) }
  }

  /// A value of 18 decimals.
  @inline(__always)
  private static func storeWide(
    _ number: ScannedNumber, _ row: UnsafeMutableRawPointer, _ offset: Int
  ) {
    let whole = number.whole.multipliedFullWidth(by: 1_000_000_000_000_000_000)
    let fraction = number.fraction &* tensTable(18 &- number.fractionCount)
    let (low, carry) = whole.low.addingReportingOverflow(fraction)
    row.storeLE(low, offset)
    row.storeLE(whole.high &+ (carry ? 1 : 0), offset + 8)
  }

  /// Reads one bar of an index, as `bar` does.
  @inline(__always)
  static func indexBar(
    _ start: UnsafeRawPointer, limit: UnsafeRawPointer, into row: UnsafeMutableRawPointer
  ) -> UnsafeRawPointer? {
    var at = start + 1
    var seen: UInt32 = 0
    while true {
      if limit - at < reach { return nil }
      guard let (letter, begin) = name(at) else { return nil }
      let number = scanNumber(begin)
      if !number.isPlain { return nil }
      let bit: UInt32
      switch letter {
      // A number with all digits of a double may stand for a shorter one.
      case 0x6F where number.wholeCount &+ number.fractionCount > 15,
        0x68 where number.wholeCount &+ number.fractionCount > 15,
        0x6C where number.wholeCount &+ number.fractionCount > 15,
        0x63 where number.wholeCount &+ number.fractionCount > 15:
        return nil
      case 0x6F:
        bit = o
        storeWide(number, row, MassiveLayout.IndexBar.open)
      case 0x68:
        bit = h
        storeWide(number, row, MassiveLayout.IndexBar.high)
      case 0x6C:
        bit = l
        storeWide(number, row, MassiveLayout.IndexBar.low)
      case 0x63:
        bit = c
        storeWide(number, row, MassiveLayout.IndexBar.close)
      case 0x74:
        if number.fractionCount > 0 || number.whole > millisecondsMax { return nil }
        bit = t
        row.storeLE(number.whole &* 1_000_000, MassiveLayout.IndexBar.time)
      default: return nil
      }
      if seen & bit != 0 { return nil }
      seen |= bit
      let next = number.end.loadLE(0, as: UInt8.self)
      at = number.end + 1
      if next == 0x2C { continue }
      if next != 0x7D { return nil }
      if seen != required { return nil }
      row.storeLE(UInt32(0), 0)
      row.storeLE(UInt64(0), MassiveLayout.IndexBar.extra)
      return at
    }
  }
}
