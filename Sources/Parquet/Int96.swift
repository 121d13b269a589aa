import Columnar

/// How the times of an INT96 column are stored in a new file, so that each keeps its value.
public enum Int96Form: Hashable, Sendable {
  /// TIMESTAMP(NANOS): the years from 1677 to 2262.
  case nanoseconds
  /// TIMESTAMP(MICROS): other years too, if no time has nanoseconds.
  case microseconds
  /// INT96, which is deprecated but has both range and nanoseconds.
  case int96
}

/// What range and precision the times of an INT96 column need.
public struct Int96Reach: Hashable, Sendable {
  private var isBeyondNanoseconds = false
  private var isBeyondMicroseconds = false
  private var hasNanoseconds = false

  /// No times yet.
  public init() {}

  /// The first form that holds every time added so far.
  public var form: Int96Form {
    if isBeyondMicroseconds { return .int96 }
    if !isBeyondNanoseconds { return .nanoseconds }
    return hasNanoseconds ? .int96 : .microseconds
  }

  /// Adds a time, as microseconds since 1970 and 0 to 999 remaining nanoseconds.
  public mutating func take(microseconds: Int64, remainder: Int64) {
    if remainder != 0 { hasNanoseconds = true }
    let time = Int128(microseconds) * 1_000 + Int128(remainder)
    if Int64(exactly: time) == nil { isBeyondNanoseconds = true }
  }

  /// Adds a stored time.
  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    let time = Int96.nanoseconds(bytes)
    let rest = time % 1_000
    if rest != 0 { hasNanoseconds = true }
    if Int64(exactly: time) == nil { isBeyondNanoseconds = true }
    if Int64(exactly: time / 1_000 - (rest < 0 ? 1 : 0)) == nil { isBeyondMicroseconds = true }
  }
}

/// The stored form of INT96 times: nanoseconds of the day, then the Julian day.
public enum Int96 {
  /// Nanoseconds since 1970 of 12 stored bytes.
  static func nanoseconds(_ bytes: UnsafeRawBufferPointer) -> Int128 {
    let inDay = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: Int64.self))
    let day = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
    return (Int128(day) - FixedDecoder.epochJulianDay) * Int128(CivilDate.nanosecondsPerDay)
      + Int128(inDay)
  }

  /// Appends a time, given as microseconds since 1970 and remaining nanoseconds.
  ///
  /// - Returns: false, with nothing appended, if it has no Julian day.
  public static func append(
    microseconds: Int64, remainder: Int64, to column: inout ByteColumn
  ) -> Bool {
    let perDay: Int64 = 86_400_000_000
    let (quotient, rest) = microseconds.quotientAndRemainder(dividingBy: perDay)
    let isBefore = rest < 0
    let day = Int128(quotient) - (isBefore ? 1 : 0) + FixedDecoder.epochJulianDay
    guard let julianDay = UInt32(exactly: day) else { return false }
    let inDay = (isBefore ? rest + perDay : rest) * 1_000 + remainder
    withUnsafeTemporaryAllocation(byteCount: 12, alignment: 8) { bytes in
      bytes.storeBytes(of: inDay.littleEndian, as: Int64.self)
      bytes.storeBytes(of: julianDay.littleEndian, toByteOffset: 8, as: UInt32.self)
      column.append(UnsafeRawBufferPointer(bytes))
    }
    return true
  }
}
