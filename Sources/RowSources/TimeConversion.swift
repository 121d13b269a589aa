import Columnar
import Market

/// The times that rows of files may have.
enum RowTime {
  /// Nanoseconds of 64 bits, less the days at both ends that they don't hold whole in every time zone:
  /// 1677-09-23 to 2262-04-09.
  static let range: ClosedRange<Int64> = {
    let end: Int64 = 106_750 * CivilDate.nanosecondsPerDay
    return -end...end - 1
  }()
}

/// Reads the times of one column, all in one form: the one that its first values told, or else the first
/// value that tells.
struct TimeConversion {
  /// What a 0 is in the column.
  enum Zero {
    /// The beginning of 1970.
    case time
    /// No time, where it stands as a number.
    case missingNumber
    /// No time, however it is written.
    case missing
  }

  /// nil until a value told it.
  private(set) var form: TimeForm?
  /// For times without a zone; nil: they are rejected.
  var clock: LocalClock?
  /// Vendor's raw form: the largest unsigned integer is null.
  var hasSentinel = false
  var zero = Zero.time
  /// Whether the source's documentation gives the unit: then every number is in it.
  var isUnitKnown = false
  private(set) var sentinelCount: Int64 = 0
  var ambiguousCount: Int64 { clock?.ambiguousCount ?? 0 }

  /// The zone of dates without a time, and the first of them; nil where some of the first values, `samples`,
  /// have a time, or a zone of their own. Midnight is what frames make of a date.
  func dates(_ samples: [[UInt8]]) -> (zone: TimeZoneRules, example: Int)? {
    guard let zone = clock?.zone else { return nil }
    var samples = samples
    // What is in no form is rejected, and says nothing of others.
    if case .pattern(let pattern)? = form {
      samples.removeAll { $0.withUnsafeBytes { pattern.read($0) } == nil }
    }
    let days = samples.map { $0.withUnsafeBytes { day($0) } }
    guard let first = days.first ?? nil, !days.contains(nil) else { return nil }
    return (zone, first)
  }

  /// The date of a text that says no more than that.
  private func day(_ text: UnsafeRawBufferPointer) -> Int? {
    guard case .pattern(let pattern)? = form else { return Self.day(text) }
    guard let (reading, offset) = pattern.parse(text), offset == nil,
      reading % CivilDate.nanosecondsPerDay == 0
    else { return nil }
    return Int(reading / CivilDate.nanosecondsPerDay)
  }

  private static func day(_ text: UnsafeRawBufferPointer) -> Int? {
    let dayLength = CivilDate.nanosecondsPerDay
    if case .integer(let day) = TextConversion.date(text) { return Int(day) }
    let reading =
      CompactTime.parse(text) ?? parse(text).flatMap { $0.hasZone ? nil : $0.nanoseconds }
    guard let reading, reading % dayLength == 0 else { return nil }
    return Int(reading / dayLength)
  }

  init(form: TimeForm?, clock: LocalClock?, hasSentinel: Bool = false) {
    self.form = form
    self.clock = clock
    self.hasSentinel = hasSentinel
  }

  /// Takes over what is known of the column that is filled.
  ///
  /// - Parameter isVendorForm: The file is Databento's: its records have a 0 where they have it, and count
  ///   nanoseconds.
  mutating func describe(_ target: SourceColumn, isVendorForm: Bool) {
    if target.isNullAtZero {
      zero = .missing
    } else if !target.isRequired && !isVendorForm {
      zero = .missingNumber
    }
    isUnitKnown = isVendorForm && form == .epoch(digits: 0)
  }

  /// Nanoseconds since 1970 UTC.
  mutating func convert(_ text: UnsafeRawBufferPointer) -> Converted {
    let text = TextConversion.trimmed(text)
    if TextConversion.isNull(text) { return .null }
    if zero != .time, Self.isZero(text) { return .null }
    if form == nil { form = TimeForm.detect([[UInt8](text)]) }
    switch form {
    case nil: return undecided(text)
    case .iso: return iso(text)
    case .epoch(let digits): return epoch(text, digits)
    case .compactDate, .compactDateTime:
      guard let reading = CompactTime.parse(text) else { return wrong(text) }
      return local(reading, text)
    case .pattern(let pattern):
      guard let (reading, offset) = pattern.parse(text) else { return wrong(text) }
      guard let offset else { return local(reading, text) }
      return .integer(Int128(reading) - Int128(offset) * 1_000_000_000)
    }
  }

  private static func isZero(_ text: UnsafeRawBufferPointer) -> Bool {
    // Nearly all times begin with another digit.
    guard let first = text.first, first == 0x30 || first == 0x2D || first == 0x2B else {
      return false
    }
    return DecimalText.parse(text, scale: 18) == 0
  }

  /// A value before any that told the column's form.
  private mutating func undecided(_ text: UnsafeRawBufferPointer) -> Converted {
    guard let value = DecimalText.parse(text, scale: 0) else {
      return .rejected(.badTime, "\(TextConversion.quoted(text)) is no time that is known here")
    }
    if value == 0 { return .integer(0) }
    if hasSentinel && value == Int128(UInt64.max) {
      sentinelCount += 1
      return .null
    }
    return .rejected(
      .timeUnit, "\(TextConversion.quoted(text)) does not say in which unit the column counts")
  }

  private func wrong(_ text: UnsafeRawBufferPointer) -> Converted {
    .rejected(
      .badTime,
      "\(TextConversion.quoted(text)) is no time in the column's form (\(form?.name ?? "unknown"))")
  }

  static func outOfRange(_ text: UnsafeRawBufferPointer) -> Converted {
    .rejected(.timeOutOfRange, "\(TextConversion.quoted(text)) is outside the years 1677 to 2262")
  }

  private mutating func iso(_ text: UnsafeRawBufferPointer) -> Converted {
    guard let parsed = Self.parse(text) else {
      return TimeText.parseWideISO(String(decoding: text, as: UTF8.self)) == nil
        ? wrong(text) : Self.outOfRange(text)
    }
    return parsed.hasZone ? .integer(Int128(parsed.nanoseconds)) : local(parsed.nanoseconds, text)
  }

  /// ISO 8601, and other writers' spellings of it: `2024/01/02`, `2024.01.02`, `20240102 14:30`,
  /// `20240102 143000`, `2024-01-02 14:30:00 UTC`.
  static func parse(_ text: UnsafeRawBufferPointer) -> (nanoseconds: Int64, hasZone: Bool)? {
    if let parsed = TimeText.parseISO(text) { return parsed }
    var bytes = [UInt8](text)
    guard bytes.count >= 10 else { return nil }
    for mark: UInt8 in [0x2F, 0x2E] where bytes[4] == mark && bytes[7] == mark {
      bytes[4] = 0x2D
      bytes[7] = 0x2D
    }
    if let spread = spreadDigits(bytes) { bytes = spread }
    if let space = bytes.lastIndex(of: 0x20), space > 11 { bytes.remove(at: space) }
    if bytes.count > 15, bytes.suffix(3).elementsEqual("UTC".utf8) {
      bytes.removeLast(3)
      bytes.append(0x5A)
    }
    return bytes.withUnsafeBytes { TimeText.parseISO($0) }
  }

  /// `2024-01-02T14:30:00` of a date in eight digits and a time, with colons or in six digits; nil for
  /// anything else.
  private static func spreadDigits(_ bytes: [UInt8]) -> [UInt8]? {
    func areDigits(_ bytes: some Sequence<UInt8>) -> Bool {
      bytes.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }
    guard bytes.count > 9, areDigits(bytes[..<8]), bytes[8] == 0x20 || bytes[8] == 0x54 else {
      return nil
    }
    var clock = bytes[9...]
    while clock.first == 0x20 { clock.removeFirst() }
    if clock.count >= 6, areDigits(clock.prefix(6)) {
      clock.insert(0x3A, at: clock.startIndex + 4)
      clock.insert(0x3A, at: clock.startIndex + 2)
    }
    return bytes[..<4] + [0x2D] + bytes[4..<6] + [0x2D] + bytes[6..<8] + [0x54] + clock
  }

  private mutating func epoch(_ text: UnsafeRawBufferPointer, _ digits: Int) -> Converted {
    guard let value = DecimalText.parse(text, scale: digits) else {
      guard TextConversion.isNumber(text) else { return wrong(text) }
      return .rejected(
        .timeTooFine, "\(TextConversion.quoted(text)) is finer than a nanosecond or too large")
    }
    if hasSentinel && value == Int128(UInt64.max) {
      sentinelCount += 1
      return .null
    }
    let units = value / DecimalText.powersOfTen[digits]
    let form = TimeForm.epoch(digits: digits)
    guard
      isUnitKnown || units == 0 || form.magnitudes.contains(Int64(clamping: units.magnitude))
    else {
      return .rejected(
        .timeUnit, "\(TextConversion.quoted(text)) is not in the column's unit (\(form.name))")
    }
    guard let nanoseconds = Int64(exactly: value) else {
      return Self.outOfRange(text)
    }
    return .integer(Int128(nanoseconds))
  }

  /// The instant of a reading without a zone.
  mutating func local(_ reading: Int64, _ text: UnsafeRawBufferPointer) -> Converted {
    guard clock != nil else {
      return .rejected(
        .naiveTime, "\(TextConversion.quoted(text)) has no time zone, unlike the first rows")
    }
    let zone = clock?.zone.name ?? ""
    switch clock?.instant(reading) {
    case .instant(let nanoseconds): return .integer(Int128(nanoseconds))
    case .gap:
      return .rejected(
        .timeGap,
        "\(TextConversion.quoted(text)) does not exist in \(zone): the clocks were set forward")
    case .ambiguous:
      return .rejected(
        .timeAmbiguous,
        "\(TextConversion.quoted(text)) happened twice in \(zone): the clocks were set back")
    case .outOfRange, nil:
      return Self.outOfRange(text)
    }
  }
}
