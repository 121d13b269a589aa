/// ISO 8601 text of instants, which are Int64 nanoseconds since 1970 UTC.
public enum TimeText {

  /// `2024-01-02T14:30:00.123456789Z`, with `digits` (0, 3, 6 or 9) fraction digits; the rest is truncated.
  public static func iso(nanoseconds: Int64, digits: Int) -> String {
    var (day, rest) = nanoseconds.quotientAndRemainder(dividingBy: CivilDate.nanosecondsPerDay)
    if rest < 0 {
      day -= 1
      rest += CivilDate.nanosecondsPerDay
    }
    return CivilDate(daysSinceEpoch: Int(day)).iso + "T" + clock(nanoseconds: rest, digits: digits)
      + "Z"
  }

  /// Formats nanoseconds since midnight as `14:30:00.123456789`.
  public static func clock(nanoseconds: Int64, digits: Int) -> String {
    let seconds = nanoseconds / 1_000_000_000
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    var text = two(seconds / 3600) + ":" + two(seconds / 60 % 60) + ":" + two(seconds % 60)
    if digits > 0 {
      let fraction = String(nanoseconds % 1_000_000_000)
      let padded = String(repeating: "0", count: 9 - fraction.utf8.count) + fraction
      text += "." + padded.prefix(digits)
    }
    return text
  }

  /// Parses a date, or a date and a time of day, separated by `T` or one space, with up to nine
  /// fraction digits and an optional `Z`, `±hh:mm`, `±hhmm` or `±hh`.
  ///
  /// - Returns: The instant (local time if there is no zone) and whether a zone was given; nil for any other
  ///   text, or an instant that does not fit into 64 bits of nanoseconds.
  public static func parseISO(
    _ text: UnsafeRawBufferPointer
  ) -> (nanoseconds: Int64, hasZone: Bool)? {
    guard let (seconds, fraction, hasZone) = parts(text) else { return nil }
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (total, carried) = scaled.addingReportingOverflow(fraction)
    return overflow || carried ? nil : (total, hasZone)
  }

  /// Like `parseISO(_:)`, for all years from 0 to 9999.
  public static func parseWideISO(_ text: String) -> (nanoseconds: Int128, hasZone: Bool)? {
    var text = text
    guard let (seconds, fraction, hasZone) = text.withUTF8({ parts(UnsafeRawBufferPointer($0)) })
    else { return nil }
    return (Int128(seconds) * 1_000_000_000 + Int128(fraction), hasZone)
  }

  private static func parts(
    _ text: UnsafeRawBufferPointer
  ) -> (seconds: Int64, fraction: Int64, hasZone: Bool)? {
    var cursor = TextCursor(text)
    guard let year = cursor.number(4), cursor.take("-"), let month = cursor.number(2),
      cursor.take("-"), let day = cursor.number(2),
      let date = CivilDate(year: year, month: month, day: day)
    else { return nil }
    var seconds = Int64(date.daysSinceEpoch) * 86_400
    var fraction: Int64 = 0
    var hasZone = false
    if !cursor.isAtEnd {
      guard cursor.take("T") || cursor.take(" "), let hour = cursor.number(2), cursor.take(":"),
        let minute = cursor.number(2), hour < 24, minute < 60
      else { return nil }
      seconds += Int64(hour * 3600 + minute * 60)
      if cursor.take(":") {
        guard let second = cursor.number(2), second < 60 else { return nil }
        seconds += Int64(second)
        if cursor.take(".") {
          guard let value = cursor.fraction() else { return nil }
          fraction = value
        }
      }
      if !cursor.isAtEnd {
        guard let offset = cursor.zone() else { return nil }
        seconds -= offset
        hasZone = true
      }
    }
    return cursor.isAtEnd ? (seconds, fraction, hasZone) : nil
  }

  /// Like `parseISO(_:)`, for a string.
  public static func parseISO(_ text: String) -> (nanoseconds: Int64, hasZone: Bool)? {
    var text = text
    return text.withUTF8 { parseISO(UnsafeRawBufferPointer($0)) }
  }
}

private struct TextCursor {
  let text: UnsafeRawBufferPointer
  var at = 0

  init(_ text: UnsafeRawBufferPointer) { self.text = text }

  var isAtEnd: Bool { at == text.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard at < text.count, UInt32(text[at]) == character.value else { return false }
    at += 1
    return true
  }

  mutating func digit() -> Int? {
    guard at < text.count, (0x30...0x39).contains(text[at]) else { return nil }
    at += 1
    return Int(text[at - 1] - 0x30)
  }

  mutating func number(_ width: Int) -> Int? {
    var value = 0
    for _ in 0..<width {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// One to nine fraction digits, as nanoseconds.
  mutating func fraction() -> Int64? {
    var value: Int64 = 0
    var width = 0
    while let digit = digit() {
      width += 1
      if width > 9 { return nil }
      value = value * 10 + Int64(digit)
    }
    if width == 0 { return nil }
    for _ in width..<9 { value *= 10 }
    return value
  }

  /// The UTC offset in seconds, east positive.
  mutating func zone() -> Int64? {
    if take("Z") { return 0 }
    let isEast = take("+")
    guard isEast || take("-"), let hours = number(2), hours < 24 else { return nil }
    var seconds = Int64(hours * 3600)
    if !isAtEnd {
      _ = take(":")
      guard let minutes = number(2), minutes < 60 else { return nil }
      seconds += Int64(minutes * 60)
    }
    return isEast ? seconds : -seconds
  }
}
