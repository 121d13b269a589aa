// Values of one length: FIXED_LEN_BYTE_ARRAY, INT96, and BYTE_STREAM_SPLIT of all widths.

import Bytes
import Columnar

/// Fixed-length values, end to end, with slack after them.
struct FixedValues {
  var base: UnsafeRawPointer
  var length: Int
  var count: Int
}

enum FixedDecoder {
  /// Big-endian two's complement of at most 8 bytes each.
  static func integers(_ source: FixedValues, into target: UnsafeMutablePointer<Int64>) {
    let shift = Int64(64 &- 8 &* source.length)
    var at = source.base
    for index in 0..<source.count {
      let word = at.loadUnaligned(as: UInt64.self).bigEndian
      target[index] = Int64(bitPattern: word) &>> shift
      at += source.length
    }
  }

  /// Big-endian two's complement of any length.
  ///
  /// - Throws: `ParquetError.corrupt` if a value does not fit into 128 bits.
  static func wide(
    _ source: FixedValues, into target: UnsafeMutablePointer<Int128>
  ) throws(ParquetError) {
    for index in 0..<source.count {
      let bytes = UnsafeRawBufferPointer(
        start: source.base + index &* source.length, count: source.length)
      target[index] = try bigEndian(bytes)
    }
  }

  /// One big-endian two's complement integer; no bytes are zero.
  static func bigEndian(_ bytes: UnsafeRawBufferPointer) throws(ParquetError) -> Int128 {
    guard let first = bytes.first else { return 0 }
    var value: Int128 = first & 0x80 == 0 ? 0 : -1
    let extra = bytes.count - 16
    if extra > 0 {
      for byte in bytes.prefix(extra) where byte != UInt8(truncatingIfNeeded: value) {
        throw ParquetError(.unsupported, "a decimal that does not fit in 128 bits")
      }
      if (bytes[extra] & 0x80 == 0) != (value == 0) {
        throw ParquetError(.unsupported, "a decimal that does not fit in 128 bits")
      }
    }
    for byte in bytes.suffix(16) { value = value &<< 8 | Int128(byte) }
    return value
  }

  /// 1970-01-01 as a Julian day.
  static let epochJulianDay: Int128 = 2_440_588

  /// INT96: nanoseconds of the day, then the Julian day.
  ///
  /// - Parameter unit: The unit of the result, since 1970.
  /// - Throws: `ParquetError.unsupported` if a time does not fit into 64 bits of that unit.
  static func julian(
    _ source: FixedValues, unit: TimeUnit, into target: UnsafeMutablePointer<Int64>
  ) throws(ParquetError) {
    let perUnit = 1_000_000_000 / unit.perSecond
    let perDay = 86_400 * unit.perSecond
    for index in 0..<source.count {
      let at = source.base + index &* 12
      // Rounds down before 1970 too.
      let (quotient, rest) = at.loadLE(0, as: Int64.self).quotientAndRemainder(
        dividingBy: perUnit)
      let inDay = quotient - (rest < 0 ? 1 : 0)
      let day = Int64(at.loadLE(8, as: UInt32.self)) - Int64(epochJulianDay)
      // Before 1970, counted back from the day's end: the start of the first day does not fit into 64 bits.
      let back: Int64 = day < 0 ? 1 : 0
      let (whole, overflow) = (day + back).multipliedReportingOverflow(by: perDay)
      let (part, borrow) = inDay.subtractingReportingOverflow(back * perDay)
      let (sum, carry) = whole.addingReportingOverflow(part)
      if overflow || borrow || carry {
        throw ParquetError(
          .unsupported, "an INT96 time outside the years that 64 bits of \(unit) reach",
          remedy: "lake parquet FILE --rows prints such rows")
      }
      target[index] = sum
    }
  }

  /// The nanoseconds of INT96 times beyond whole microseconds.
  static func julianRemainders(_ source: FixedValues, into target: UnsafeMutablePointer<Int64>) {
    for index in 0..<source.count {
      let rest = (source.base + index &* 12).loadLE(0, as: Int64.self) % 1_000
      target[index] = rest < 0 ? rest &+ 1_000 : rest
    }
  }

  /// IEEE half precision.
  static func halves(_ source: FixedValues, into target: UnsafeMutablePointer<Double>) {
    for index in 0..<source.count {
      target[index] = Double(half: source.base.loadLE(index &* 2, as: UInt16.self))
    }
  }

  /// Undoes BYTE_STREAM_SPLIT: byte k of every value lies in stream k.
  static func unsplit(
    _ bytes: PageBytes, length: Int, count: Int, into target: UnsafeMutableRawPointer
  ) throws(ParquetError) {
    if count == 0 { return }
    let stride = bytes.count / length
    if stride < count || bytes.count % length != 0 {
      throw ParquetError(
        .corrupt,
        "\(bytes.count) bytes of split streams, expected \(count) values of \(length) bytes")
    }
    let source = bytes.base
    switch length {
    case 4:
      for index in 0..<count {
        var word: UInt32 = 0
        for stream in 0..<4 {
          let byte = source.load(fromByteOffset: stream &* stride &+ index, as: UInt8.self)
          word |= UInt32(byte) &<< UInt32(8 &* stream)
        }
        target.storeLE(word, index &* 4)
      }
    case 8:
      for index in 0..<count {
        var word: UInt64 = 0
        for stream in 0..<8 {
          let byte = source.load(fromByteOffset: stream &* stride &+ index, as: UInt8.self)
          word |= UInt64(byte) &<< UInt64(8 &* stream)
        }
        target.storeLE(word, index &* 8)
      }
    default:
      for stream in 0..<length {
        let from = source + stream &* stride
        for index in 0..<count {
          target.storeBytes(
            of: from.load(fromByteOffset: index, as: UInt8.self),
            toByteOffset: index &* length &+ stream, as: UInt8.self)
        }
      }
    }
  }
}

extension Double {
  /// The value of an IEEE 754 binary16.
  init(half bits: UInt16) {
    let sign: Double = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int((bits &>> 10) & 0x1F)
    let fraction = Double(bits & 0x3FF)
    switch exponent {
    case 0: self = sign * fraction * 0x1p-24
    case 31: self = fraction == 0 ? sign * .infinity : .nan
    default:
      self = sign * (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
    }
  }
}
