import Columnar

/// A form of times, written as `strptime` and pandas write theirs: `%d/%m/%Y %H:%M`.
///
/// Fields are `%Y %y %m %d %b %B %a %A %H %I %M %S %f %p %z %Z`. Months, days and hours may lack their leading zero
/// where something other than a digit follows. Two digits of a year are 1969 to 2068, as POSIX has them.
public struct TimePattern: Hashable, Sendable {
  enum Part: Hashable, Sendable {
    /// The letter of the field; `isFixed` where another field follows at once, so that all its digits are there.
    case field(UInt8, isFixed: Bool)
    case literal(UInt8)
    /// One blank or more.
    case blanks
  }

  /// What a text says: each part where the form has it.
  struct Reading: Equatable {
    /// Days since 1970.
    var day: Int?
    /// Nanoseconds since midnight.
    var clock: Int64?
    /// Seconds east of UTC.
    var offset: Int64?
  }

  /// As the user writes it.
  public let text: String
  let parts: [Part]

  /// Reads a form; nil where it has an unknown field, or says neither a date nor a time of day.
  public init?(parsing text: String) {
    self.text = text
    var fields: [UInt8?] = []
    // Bytes, since a part of a character is a literal like others: 年 is three.
    var rest = Array(text.utf8)[...]
    var parts: [Part] = []
    while let character = rest.popFirst() {
      if character == 0x25 {
        guard let letter = rest.popFirst() else { return nil }
        switch letter {
        case UInt8(ascii: "T"): rest = Array("%H:%M:%S".utf8) + rest
        case UInt8(ascii: "F"): rest = Array("%Y-%m-%d".utf8) + rest
        case 0x25: parts.append(.literal(0x25))
        default:
          guard Self.letters.contains(letter) else { return nil }
          parts.append(.field(letter, isFixed: false))
        }
      } else if character == 0x20 || character == 0x09 {
        if parts.last != .blanks { parts.append(.blanks) }
      } else {
        parts.append(.literal(character))
      }
    }
    for index in parts.indices.dropLast() {
      if case .field(let letter, _) = parts[index], case .field(let next, _) = parts[index + 1],
        Self.isNumeric(letter), Self.isNumeric(next)
      {
        parts[index] = .field(letter, isFixed: true)
      }
    }
    fields = parts.map { if case .field(let letter, _) = $0 { letter } else { nil } }
    func has(_ letters: String) -> Bool { letters.utf8.contains { fields.contains($0) } }
    guard has("Yy") && has("mbB") && has("d") || !has("YymbBd") && has("HI") else { return nil }
    if has("I") && !has("p") { return nil }
    self.parts = parts
  }

  private static let letters = Set("YymdbBaAHIMSfpzZ".utf8)
  private static func isNumeric(_ letter: UInt8) -> Bool { "YymdHIMSf".utf8.contains(letter) }

  private func has(_ letter: String) -> Bool {
    parts.contains { if case .field(let own, _) = $0 { letter.utf8.contains(own) } else { false } }
  }

  /// The form with day and month the other way round; nil where nobody writes them so: the month has a name, or the year
  /// is first.
  var swapped: TimePattern? {
    guard has("m"), has("d"), let first = text.first(where: { "Yymd".contains($0) }), first != "Y",
      first != "y"
    else { return nil }
    let letters = text.map { $0 == "m" ? "d" : $0 == "d" ? "m" : String($0) }
    return TimePattern(parsing: letters.joined())
  }

  /// Whether a text in this form says a date.
  public var hasDate: Bool { has("d") }
  var hasClock: Bool { has("HI") }
  /// Whether a text in this form says its offset from UTC.
  var hasZone: Bool { has("zZ") }

  /// What a text says in this form; nil where it is not in it.
  func read(_ text: UnsafeRawBufferPointer) -> Reading? {
    var cursor = TimePatternCursor(text)
    var (year, month, day): (Int?, Int?, Int?)
    var (hour, minute, second, fraction): (Int?, Int, Int, Int64) = (nil, 0, 0, 0)
    var (isAfternoon, offset): (Bool?, Int64?)
    for part in parts {
      switch part {
      case .blanks: guard cursor.takeBlanks() else { return nil }
      case .literal(let byte): guard cursor.take(byte) else { return nil }
      case .field(let letter, let isFixed):
        let least = isFixed ? 2 : 1
        switch Character(UnicodeScalar(letter)) {
        case "Y": year = cursor.number(4...4)
        case "y": year = cursor.number(2...2).map { $0 + ($0 < 69 ? 2000 : 1900) }
        case "m": month = cursor.number(least...2)
        case "b", "B": month = cursor.name(Self.months).map { $0 + 1 }
        case "d": day = cursor.number(least...2)
        case "a", "A": guard cursor.name(Self.weekdays) != nil else { return nil }
        case "H": hour = cursor.number(least...2)
        case "I": hour = cursor.number(least...2).flatMap { (1...12).contains($0) ? $0 % 12 : nil }
        case "M":
          guard let value = cursor.number(least...2) else { return nil }
          minute = value
        case "S":
          guard let value = cursor.number(least...2) else { return nil }
          second = value
        case "f":
          guard let value = cursor.fraction() else { return nil }
          fraction = value
        case "p":
          guard let value = cursor.name(["am", "pm"]) else { return nil }
          isAfternoon = value == 1
        default:
          guard let value = letter == UInt8(ascii: "z") ? cursor.offset() : cursor.zone() else {
            return nil
          }
          offset = value
        }
      }
    }
    guard cursor.isAtEnd, minute < 60, second < 60 else { return nil }
    var reading = Reading(offset: offset)
    if hasDate {
      guard let year, let month, let day, let date = CivilDate(year: year, month: month, day: day)
      else { return nil }
      reading.day = date.daysSinceEpoch
    }
    if hasClock {
      guard let value = hour, value < 24 else { return nil }
      let hours = isAfternoon == true ? value + 12 : value
      guard hours < 24 else { return nil }
      reading.clock = Int64(hours * 3600 + minute * 60 + second) * 1_000_000_000 + fraction
    }
    return reading
  }

  /// The local reading as nanoseconds since 1970, and the offset from UTC where the text says one.
  func parse(_ text: UnsafeRawBufferPointer) -> (nanoseconds: Int64, offset: Int64?)? {
    guard let reading = read(text), let day = reading.day else { return nil }
    let (start, overflow) = Int64(day).multipliedReportingOverflow(by: CivilDate.nanosecondsPerDay)
    let (total, carry) = start.addingReportingOverflow(reading.clock ?? 0)
    return overflow || carry ? nil : (total, reading.offset)
  }

  static let months = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]
  static let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

  /// Seconds east of UTC of the abbreviations that mean one zone everywhere. `CST`, `IST`, `BST` and the like mean
  /// several, and are not among them.
  static let zones: [String: Int64] = [
    "z": 0, "utc": 0, "gmt": 0, "est": -5 * 3600, "edt": -4 * 3600, "cdt": -5 * 3600,
    "mst": -7 * 3600, "mdt": -6 * 3600, "pst": -8 * 3600, "pdt": -7 * 3600, "cet": 3600,
    "cest": 7200, "eet": 7200, "eest": 3 * 3600, "msk": 3 * 3600, "jst": 9 * 3600,
    "hkt": 8 * 3600, "sgt": 8 * 3600, "kst": 9 * 3600, "aest": 10 * 3600, "aedt": 11 * 3600,
  ]
}

/// Reads the parts of a time one after the other.
struct TimePatternCursor {
  let text: UnsafeRawBufferPointer
  var at = 0

  init(_ text: UnsafeRawBufferPointer) { self.text = text }

  var isAtEnd: Bool { at == text.count }

  mutating func take(_ byte: UInt8) -> Bool {
    guard at < text.count, text[at] == byte else { return false }
    at += 1
    return true
  }

  mutating func takeBlanks() -> Bool {
    let start = at
    while at < text.count, text[at] == 0x20 || text[at] == 0x09 { at += 1 }
    return at > start
  }

  mutating func number(_ widths: ClosedRange<Int>) -> Int? {
    var value = 0
    let start = at
    while at < text.count, at - start < widths.upperBound, text[at] >= 0x30, text[at] <= 0x39 {
      value = value * 10 + Int(text[at] - 0x30)
      at += 1
    }
    return at - start >= widths.lowerBound ? value : nil
  }

  /// One to nine digits as the fraction of a second, in nanoseconds.
  mutating func fraction() -> Int64? {
    let start = at
    guard let value = number(1...9) else { return nil }
    var scaled = Int64(value)
    for _ in (at - start)..<9 { scaled *= 10 }
    return scaled
  }

  /// Index of the name that stands here, in any case: its first three letters, or more of its own.
  mutating func name(_ names: [String]) -> Int? {
    let word = letters(from: at)
    guard word.count >= 2 else { return nil }
    let index = names.firstIndex { name in
      name.utf8.count == 2 ? word.elementsEqual(name.utf8) : word.starts(with: name.utf8)
    }
    if index != nil { at += word.count }
    return index
  }

  private func letters(from start: Int) -> [UInt8] {
    var word: [UInt8] = []
    var position = start
    while position < text.count, word.count < 12, text[position] | 0x20 >= 0x61,
      text[position] | 0x20 <= 0x7A
    {
      word.append(text[position] | 0x20)
      position += 1
    }
    return word
  }

  /// `+09:00`, `-0500`, `+2` or `Z`: seconds east of UTC.
  mutating func offset() -> Int64? {
    if take(0x5A) { return 0 }
    let isEast = take(0x2B)
    guard isEast || take(0x2D), let hours = number(1...2), hours < 24 else { return nil }
    var seconds = Int64(hours) * 3600
    if !isAtEnd, text[at] == 0x3A || (text[at] >= 0x30 && text[at] <= 0x39) {
      _ = take(0x3A)
      guard let minutes = number(2...2), minutes < 60 else { return nil }
      seconds += Int64(minutes) * 60
    }
    return isEast ? seconds : -seconds
  }

  /// An abbreviation of a zone.
  mutating func zone() -> Int64? {
    let word = letters(from: at)
    guard let offset = TimePattern.zones[String(decoding: word, as: UTF8.self)] else { return nil }
    at += word.count
    return offset
  }
}
