import Bytes
import Columnar

/// Fraction digits of a second that a time column is printed with.
public enum TimeDigits: UInt8, Sendable {
  /// None for a whole second, else 3, 6 or 9, as needed. So a value has one text whatever else is in the
  /// answer, and nothing is truncated.
  case seconds = 0
  case milliseconds = 3
  case microseconds = 6
  case nanoseconds = 9

  /// The fewest digits that hold a fraction of a second, which is not 0.
  static func fewest(for nanoseconds: UInt64) -> TimeDigits {
    if nanoseconds % 1_000 != 0 { return .nanoseconds }
    return nanoseconds % 1_000_000 == 0 ? .milliseconds : .microseconds
  }
}

/// The text `2024-01-02T14:30:` of one minute, kept between rows: rows are sorted by time, so most differ only
/// after it.
struct MinuteText {
  /// Minutes since 1970; the text below belongs to it.
  private var minute = Int64.min
  private var head: UInt64 = 0
  private var tail: UInt64 = 0
  /// False for a year outside 0…9999, whose text is longer.
  private var isOrdinary = false

  /// `units` since 1970 (`perSecond` of them per second) plus `extra` nanoseconds, as ISO 8601 UTC.
  @inline(__always)
  mutating func put(
    _ units: Int64, perSecond: Int64, extra: Int64, digits: TimeDigits, _ out: TextPointer
  ) -> TextPointer {
    let perMinute = perSecond &* 60
    var minute = units / perMinute
    var rest = units &- minute &* perMinute
    if rest < 0 {
      minute &-= 1
      rest &+= perMinute
    }
    if minute != self.minute { refresh(minute) }
    if !isOrdinary { return Self.putRare(minute, rest, perSecond, extra, digits, out) }
    out.storeLE(head, 0)
    out.storeLE(tail, 8)
    return Self.putSeconds(rest, perSecond, extra, digits, out + 16)
  }

  /// `:SS`, the fraction and `Z`.
  @inline(__always)
  private static func putSeconds(
    _ rest: Int64, _ perSecond: Int64, _ extra: Int64, _ digits: TimeDigits, _ out: TextPointer
  ) -> TextPointer {
    let second = UInt64(bitPattern: rest / perSecond)
    let fraction = UInt64(bitPattern: rest) &- second &* UInt64(bitPattern: perSecond)
    let tens = (second &* 103) &>> 10
    let ones = second &- tens &* 10
    // ":SS", then "Z" or "."
    let text: UInt64 = 0x3A | ((0x30 &+ tens) &<< 8) | ((0x30 &+ ones) &<< 16)
    if digits == .seconds {
      if fraction != 0 || extra != 0 { return putFraction(rest, perSecond, extra, out) }
      out.storeLE(text | (0x5A &<< 24), 0)
      return out + 4
    }
    out.storeLE(text | (0x2E &<< 24), 0)
    let nanoseconds =
      fraction &* (1_000_000_000 / UInt64(bitPattern: perSecond)) &+ UInt64(bitPattern: extra)
    let end: TextPointer
    switch digits {
    case .nanoseconds: end = putNineDigits(nanoseconds, out + 4)
    case .microseconds: end = putPadded(nanoseconds / 1_000, count: 6, out + 4)
    default: end = putPadded(nanoseconds / 1_000_000, count: 3, out + 4)
    }
    end.storeLE(0x5A as UInt8, 0)
    return end + 1
  }

  /// Like `putSeconds`, for a time with a fraction, with as many digits as needed.
  @inline(never)
  private static func putFraction(
    _ rest: Int64, _ perSecond: Int64, _ extra: Int64, _ out: TextPointer
  ) -> TextPointer {
    let nanoseconds = rest % perSecond * (1_000_000_000 / perSecond) + extra
    switch TimeDigits.fewest(for: UInt64(bitPattern: nanoseconds)) {
    case .milliseconds: return putSeconds(rest, perSecond, extra, .milliseconds, out)
    case .microseconds: return putSeconds(rest, perSecond, extra, .microseconds, out)
    default: return putSeconds(rest, perSecond, extra, .nanoseconds, out)
    }
  }

  @inline(never)
  private mutating func refresh(_ minute: Int64) {
    self.minute = minute
    var day = minute / 1_440
    var minuteOfDay = minute &- day &* 1_440
    if minuteOfDay < 0 {
      day &-= 1
      minuteOfDay &+= 1_440
    }
    let date = Self.civil(day)
    isOrdinary = date.year >= 0 && date.year <= 9_999
    if !isOrdinary { return }
    withUnsafeTemporaryAllocation(byteCount: 96, alignment: 8) { scratch in
      guard let base = scratch.baseAddress else { return }
      var out = Self.putDate(date, base)
      out.storeLE(0x54 as UInt8, 0)
      out = putPadded(UInt64(minuteOfDay / 60), count: 2, out + 1)
      out.storeLE(0x3A as UInt8, 0)
      _ = putPadded(UInt64(minuteOfDay % 60), count: 2, out + 1)
      head = UnsafeRawPointer(base).loadLE(0, as: UInt64.self)
      tail = UnsafeRawPointer(base).loadLE(8, as: UInt64.self)
    }
  }

  @inline(never)
  private static func putRare(
    _ minute: Int64, _ rest: Int64, _ perSecond: Int64, _ extra: Int64, _ digits: TimeDigits,
    _ out: TextPointer
  ) -> TextPointer {
    let day = minute >= 0 ? minute / 1_440 : (minute - 1_439) / 1_440
    let minuteOfDay = UInt64(minute - day * 1_440)
    var end = putDate(civil(day), out)
    end.storeLE(0x54 as UInt8, 0)
    end = putPadded(minuteOfDay / 60, count: 2, end + 1)
    end.storeLE(0x3A as UInt8, 0)
    end = putPadded(minuteOfDay % 60, count: 2, end + 1)
    return putSeconds(rest, perSecond, extra, digits, end)
  }

  /// The proleptic Gregorian date of days since 1970. Columnar's `CivilDate` assumes a machine word; this one
  /// must handle every 64-bit count of milliseconds.
  static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
      dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }

  /// `YYYY-MM-DD`; a year outside 0…9999 with its sign and all its digits.
  static func putDate(
    _ date: (year: Int64, month: Int64, day: Int64), _ out: TextPointer
  ) -> TextPointer {
    var end = out
    if date.year < 0 || date.year > 9_999 {
      end.storeLE((date.year < 0 ? 0x2D : 0x2B) as UInt8, 0)
      end += 1
    }
    let year = date.year.magnitude
    end = year > 9_999 ? putUnsigned(year, end) : putPadded(year, count: 4, end)
    end.storeLE(0x2D as UInt8, 0)
    end = putPadded(UInt64(date.month), count: 2, end + 1)
    end.storeLE(0x2D as UInt8, 0)
    return putPadded(UInt64(date.day), count: 2, end + 1)
  }
}
