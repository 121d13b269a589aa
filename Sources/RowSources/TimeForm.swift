import Columnar

/// How the times of one column are written. It is decided once for the whole column: by its first
/// values that tell, be they among the first rows or far behind them.
enum TimeForm: Equatable {
  /// `2024-01-02T14:30:00.123Z`, with or without zone; `2024-01-02` alone is midnight.
  case iso
  /// Seconds (9), milliseconds (6), microseconds (3) or nanoseconds (0) since 1970: `digits` more
  /// make it nanoseconds.
  case epoch(digits: Int)
  /// `20240102`.
  case compactDate
  /// `20240102143000`, to the minute (`202401021430`) or the millisecond (`20240102143000123`).
  case compactDateTime
  /// Any other form, as it is given or told from the values.
  case pattern(TimePattern)

  /// The magnitudes that are read as this unit. They do not overlap: each unit reaches to the year
  /// 2286, and the finer ones leave out the 116 days before and after 1970 began.
  var magnitudes: Range<Int64> {
    switch self {
    case .epoch(9): 0..<10_000_000_000
    case .epoch(6): 10_000_000_000..<10_000_000_000_000
    case .epoch(3): 10_000_000_000_000..<10_000_000_000_000_000
    default: 10_000_000_000_000_000..<Int64.max
    }
  }

  var name: String {
    switch self {
    case .iso: "ISO 8601"
    case .epoch(9): "seconds since 1970"
    case .epoch(6): "milliseconds since 1970"
    case .epoch(3): "microseconds since 1970"
    case .epoch: "nanoseconds since 1970"
    case .compactDate: "yyyymmdd"
    case .compactDateTime: "yyyymmddhhmmss, or to the minute"
    case .pattern(let pattern): pattern.text
    }
  }

  /// Whether a value says anything about its column's form: a zero is the same instant in every unit,
  /// and what programs write for "no time" (−1, the ends of 64 bits) is in none.
  static func isDecisive(_ sample: some Collection<UInt8>) -> Bool {
    let text = Array(sample)
    guard let value = text.withUnsafeBytes({ DecimalText.parse($0, scale: 0) }) else { return true }
    return value > 0
      ? value < Int128(Int64.max) : value < -1 && value > Int128(Int64.min)
  }

  /// The form of a column, told from its first values.
  ///
  /// - Parameter samples: Trimmed, none of them null.
  /// - Returns: nil where none of them is decisive, or no form reads any.
  static func detect(_ samples: [[UInt8]]) -> TimeForm? {
    let samples = samples.filter { isDecisive($0) }
    guard !samples.isEmpty else { return nil }
    if samples.allSatisfy({ $0.count == 8 && CompactTime.parse($0) != nil }) { return .compactDate }
    // A number of 12 or 17 digits that reads as a date and a time is one, and no count since 1970, which
    // would lie in 1976 or in the first years.
    if samples.allSatisfy({ $0.count != 8 && CompactTime.parse($0) != nil }) {
      return .compactDateTime
    }
    for sample in samples {
      if sample.contains(0x2D), sample.first != 0x2D, !sample.contains(0x65) { return .iso }
      if sample.contains(0x2F) || sample.contains(0x3A) { return .iso }
      if sample.withUnsafeBytes({ TimeConversion.parse($0) }) != nil { return .iso }
      guard let whole = sample.withUnsafeBytes({ DecimalText.parse($0, scale: 9) }) else {
        continue
      }
      if isOtherCount(whole) { return nil }
      let units = whole.magnitude / 1_000_000_000
      for digits in [9, 6, 3, 0] {
        let form = TimeForm.epoch(digits: digits)
        if units < UInt128(form.magnitudes.upperBound) { return form }
      }
    }
    return nil
  }
}

extension TimeForm {
  /// The form of a column that fills a time, told from the first values or from what the vendor documents.
  ///
  /// - Returns: nil where the first values do not tell: then the first that does.
  /// - Throws: Where they are no times, or an index has nothing but zeros.
  static func choose(
    _ samples: [[UInt8]], column: String, _ target: SourceColumn, isIndex: Bool, isVendorForm: Bool
  ) throws(SourceError) -> TimeForm? {
    if let form = detect(samples) { return form }
    // Databento's times are nanoseconds.
    let areNumbers = samples.allSatisfy { $0.withUnsafeBytes { TextConversion.isNumber($0) } }
    if isVendorForm && areNumbers && !samples.isEmpty { return .epoch(digits: 0) }
    // An index of nothing else counts seconds: the last one before 1970.
    if isIndex, samples.contains(Array("-1".utf8)), !samples.contains(where: isDecisive) {
      return .epoch(digits: 9)
    }
    guard let example = samples.first(where: isDecisive) ?? (isIndex ? samples.first : nil) else {
      return nil
    }
    let shown = example.withUnsafeBytes { TextConversion.quoted($0) }
    throw SourceError(
      .needsForm,
      isDecisive(example)
        ? "\(shown) is no time that is known here"
        : "times like \(shown), and no others in the first rows, do not say in which unit they count",
      place: .init(column: column),
      remedy: "write times as 2024-01-02T14:30:00Z, or as numbers since 1970; or map another "
        + "column: --map 'theirs=\(target.name)'")
  }

  /// Whether a number below the seconds of March 1973 is no such time: a spreadsheet's day, or a time
  /// since midnight, and not the hour or day of an old bar.
  private static func isOtherCount(_ billionths: Int128) -> Bool {
    let second: Int128 = 1_000_000_000
    return billionths > 0 && billionths < 100_000_000 * second && billionths % (3600 * second) != 0
  }
}

/// Times written in digits alone.
enum CompactTime {
  /// `20240102`, `202401021430`, `20240102143000` or `20240102143000123`, as nanoseconds of the local
  /// reading since 1970.
  static func parse(_ text: some RandomAccessCollection<UInt8>) -> Int64? {
    guard [8, 12, 14, 17].contains(text.count) else { return nil }
    var digits: [Int] = []
    for byte in text {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      digits.append(Int(byte) - 0x30)
    }
    func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
    guard number(0..<4) >= 1800, number(0..<4) < 2262,
      let date = CivilDate(year: number(0..<4), month: number(4..<6), day: number(6..<8))
    else { return nil }
    var seconds = Int64(date.daysSinceEpoch) * 86_400
    if digits.count > 8 {
      let second = digits.count > 12 ? number(12..<14) : 0
      guard number(8..<10) < 24, number(10..<12) < 60, second < 60 else { return nil }
      seconds += Int64(number(8..<10) * 3600 + number(10..<12) * 60 + second)
    }
    let milliseconds = digits.count == 17 ? Int64(number(14..<17)) : 0
    return seconds * 1_000_000_000 + milliseconds * 1_000_000
  }

  /// `9:30`, `09:30:00`, `09:30:00.123`, `0930` or `093000`, those with a colon with AM or PM behind them too, as
  /// nanoseconds since midnight.
  static func clock(_ text: [UInt8]) -> Int64? {
    if let last = text.last, last | 0x20 == 0x6D { return halfClock(text) }
    if (3...6).contains(text.count), text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
      // 930 and 93000 lack the zero of their hour.
      let padded = text.count % 2 == 0 ? text : [0x30] + text
      let seconds = padded.count == 6 ? [0x3A] + padded[4...] : []
      return clock(Array(padded[..<2]) + [0x3A] + padded[2..<4] + seconds)
    }
    guard let colon = text.firstIndex(of: 0x3A), colon == 1 || colon == 2 else { return nil }
    let padded = colon == 1 ? [0x30] + text : text
    let dated = Array("1970-01-01T".utf8) + padded
    guard let parsed = dated.withUnsafeBytes({ TimeText.parseISO($0) }), !parsed.hasZone else {
      return nil
    }
    return parsed.nanoseconds
  }

  /// `9:30 AM`, `12:00:00pm`: hours from 1 to 12.
  private static func halfClock(_ text: [UInt8]) -> Int64? {
    let hour: Int64 = 3600 * 1_000_000_000
    guard text.count > 2, let half = [0x61: 0, 0x70: 12][Int(text[text.count - 2] | 0x20)] else {
      return nil
    }
    var rest = text.dropLast(2)
    while rest.last == 0x20 { rest.removeLast() }
    guard rest.contains(0x3A), let time = clock(Array(rest)), (1...12).contains(time / hour) else {
      return nil
    }
    return time % (12 * hour) + Int64(half) * hour
  }
}
