import Bytes

/// The rule of a TZif footer, for all times after the last transition in the file:
/// `EST5EDT,M3.2.0,M11.1.0`.
///
/// Spec: POSIX.1-2024, "TZ", and RFC 9636, "TZ String Extension" (hours from −167 to 167).
struct TimeZoneFooter: Sendable, Equatable {
  /// A day of a year and the local time on it, in seconds after midnight, at which a change happens.
  struct Change: Sendable, Equatable {
    enum Day: Sendable, Equatable {
      /// 1…365; 29 February is not counted.
      case julian(Int)
      /// 0…365.
      case zeroBased(Int)
      /// Weekday 0 (Sunday) … 6 of the week 1…5 (5 is the last) of the month 1…12.
      case month(Int, week: Int, weekday: Int)
    }
    var day: Day
    var seconds: Int64
  }

  /// Seconds east of UTC.
  let standardOffset: Int64
  let daylightOffset: Int64
  let start: Change?
  let end: Change?

  var hasDaylight: Bool { start != nil }

  /// The segment that holds at an instant, by the rule alone.
  func segment(at time: Int64) -> TimeZoneRules.Segment {
    guard let start, let end else {
      return .init(
        start: -TimeZoneRules.distantSeconds, end: TimeZoneRules.distantSeconds,
        offset: standardOffset)
    }
    let year = yearOf(day: floorDivide(time + standardOffset, 86_400))
    var changes: [(time: Int64, offset: Int64)] = []
    for year in (year - 2)...(year + 2) {
      changes.append((start.local(in: year) - standardOffset, daylightOffset))
      changes.append((end.local(in: year) - daylightOffset, standardOffset))
    }
    changes.sort { $0.time < $1.time }
    var index = 0
    while index + 1 < changes.count, changes[index + 1].time <= time { index += 1 }
    return .init(
      start: changes[index].time,
      end: index + 1 < changes.count ? changes[index + 1].time : TimeZoneRules.distantSeconds,
      offset: changes[index].offset)
  }
}

extension TimeZoneFooter.Change {
  /// Local seconds since 1970 at which the change happens in a year.
  func local(in year: Int64) -> Int64 {
    let first = dayOf(year: year, month: 1, day: 1)
    let day: Int64
    switch self.day {
    case .julian(let number):
      day = first + Int64(number) - 1 + (number >= 60 && isLeap(year) ? 1 : 0)
    case .zeroBased(let number):
      day = first + Int64(number)
    case .month(let month, let week, let weekday):
      let monthStart = dayOf(year: year, month: Int64(month), day: 1)
      let nextMonth =
        month == 12
        ? dayOf(year: year + 1, month: 1, day: 1)
        : dayOf(year: year, month: Int64(month) + 1, day: 1)
      // 1970-01-01 was a Thursday.
      let startWeekday = ((monthStart + 4) % 7 + 7) % 7
      var candidate = monthStart + (Int64(weekday) - startWeekday + 7) % 7 + Int64(week - 1) * 7
      while candidate >= nextMonth { candidate -= 7 }
      day = candidate
    }
    return day * 86_400 + seconds
  }
}

extension TimeZoneFooter {
  /// nil where the text is no POSIX `TZ` rule.
  init?(parsing text: some Sequence<UInt8>) {
    var reader = FooterReader(bytes: Array(text))
    guard reader.readName(), let standard = reader.readTime(hoursMax: 24) else { return nil }
    if reader.isAtEnd {
      self.init(
        standardOffset: -standard, daylightOffset: -standard, start: nil, end: nil)
      return
    }
    guard reader.readName() else { return nil }
    var daylight = standard - 3600
    if reader.peek() != UInt8(ascii: ",") {
      guard let given = reader.readTime(hoursMax: 24) else { return nil }
      daylight = given
    }
    guard reader.take(","), let start = reader.readChange(), reader.take(","),
      let end = reader.readChange(), reader.isAtEnd
    else { return nil }
    self.init(
      standardOffset: -standard, daylightOffset: -daylight, start: start, end: end)
  }
}

private struct FooterReader {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// `EST` or `<+0330>`: at least three characters.
  mutating func readName() -> Bool {
    let isQuoted = take("<")
    let start = position
    while let byte = peek() {
      let isLetter = (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
      let isOther =
        (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")) || byte == UInt8(ascii: "+")
        || byte == UInt8(ascii: "-")
      guard isLetter || (isQuoted && isOther) else { break }
      position += 1
    }
    return position - start >= 3 && (!isQuoted || take(">"))
  }

  mutating func readNumber(_ range: ClosedRange<Int>) -> Int? {
    let start = position
    var value = 0
    while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
      position += 1
      if position - start > 3 { return nil }
    }
    return position > start && range.contains(value) ? value : nil
  }

  /// `[+-]hh[:mm[:ss]]` in seconds.
  mutating func readTime(hoursMax: Int) -> Int64? {
    let isNegative = take("-")
    if !isNegative { _ = take("+") }
    guard let hours = readNumber(0...hoursMax) else { return nil }
    var seconds = hours * 3600
    if take(":") {
      guard let minutes = readNumber(0...59) else { return nil }
      seconds += minutes * 60
      if take(":") {
        guard let rest = readNumber(0...59) else { return nil }
        seconds += rest
      }
    }
    return Int64(isNegative ? -seconds : seconds)
  }

  mutating func readChange() -> TimeZoneFooter.Change? {
    let day: TimeZoneFooter.Change.Day
    if take("M") {
      guard let month = readNumber(1...12), take("."), let week = readNumber(1...5), take("."),
        let weekday = readNumber(0...6)
      else { return nil }
      day = .month(month, week: week, weekday: weekday)
    } else if take("J") {
      guard let number = readNumber(1...365) else { return nil }
      day = .julian(number)
    } else {
      guard let number = readNumber(0...365) else { return nil }
      day = .zeroBased(number)
    }
    var seconds: Int64 = 2 * 3600
    if take("/") {
      guard let given = readTime(hoursMax: 167) else { return nil }
      seconds = given
    }
    return .init(day: day, seconds: seconds)
  }
}

private func isLeap(_ year: Int64) -> Bool {
  year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (H. Hinnant, "days_from_civil").
private func dayOf(year: Int64, month: Int64, day: Int64) -> Int64 {
  let shifted = month <= 2 ? year - 1 : year
  let era = floorDivide(shifted, 400)
  let yearOfEra = shifted - era * 400
  let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

/// The Gregorian year of a day since 1970-01-01 (H. Hinnant, "civil_from_days").
private func yearOf(day: Int64) -> Int64 {
  let shifted = day + 719_468
  let era = floorDivide(shifted, 146_097)
  let dayOfEra = shifted - era * 146_097
  let yearOfEra =
    (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  return era * 400 + yearOfEra + (dayOfYear >= 306 ? 1 : 0)
}
