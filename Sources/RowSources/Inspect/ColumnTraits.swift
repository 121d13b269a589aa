import Columnar

/// What the first values of a column show.
struct ColumnTraits {
  enum Times: Equatable {
    /// A form that is read without being told.
    case known(TimeForm)
    /// Forms that read all values; several where day and month could be swapped in each.
    case patterns([TimePattern])
  }

  let name: String
  /// By the name alone.
  var role: ColumnRole?
  /// Trimmed, without nulls.
  let samples: [[UInt8]]
  var times: Times?
  /// Whether all values are times of day.
  let isClock: Bool
  let isNumeric: Bool
  /// Whether the user says the form of its times.
  let isStated: Bool

  var isEmpty: Bool { samples.isEmpty }

  init(name: String, samples: [[UInt8]], isFirst: Bool, format: TimePattern?) {
    self.name = name
    isStated = format != nil
    self.samples = samples
    role = ColumnRole.of(name)
    isNumeric = !samples.isEmpty && samples.allSatisfy { Self.isNumber($0) }
    let names: Set<ColumnRole?> = [.time, .date, .clock]
    isClock =
      !samples.isEmpty
      && samples.allSatisfy { sample in
        CompactTime.clock(sample) != nil
          && (sample.contains(0x3A) || names.contains(ColumnRole.of(name)))
      }
    if role == nil || names.contains(role) {
      times = Self.times(samples, isNamed: names.contains(role) || isFirst, format: format)
    }
  }

  static func isNumber(_ text: [UInt8]) -> Bool {
    text.withUnsafeBytes { TextConversion.isNumber($0) || NumberStyle.NumberParts($0) != nil }
  }

  private static func times(
    _ samples: [[UInt8]], isNamed: Bool, format: TimePattern?
  ) -> Times? {
    guard let first = samples.first else { return nil }
    if let format, format.hasDate,
      samples.contains(where: { $0.withUnsafeBytes { format.read($0) != nil } })
    {
      return .patterns([format])
    }
    let areDigits = first.allSatisfy { $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2E }
    if areDigits && !isNamed { return nil }
    if let form = TimeForm.detect(samples) {
      switch form {
      case .compactDate, .compactDateTime: return .known(form)
      case .iso:
        if samples.allSatisfy({ $0.withUnsafeBytes { TimeConversion.parse($0) != nil } }) {
          return .known(form)
        }
      case .epoch:
        // Since 1973, as numbers of other things are smaller.
        if areDigits, samples.allSatisfy({ $0.count >= 9 }) { return .known(form) }
      case .pattern: break
      }
    }
    var patterns = TimePattern.fitting(samples).filter(\.hasDate)
    // Values that are no times are bad rows in a column that is called one.
    if patterns.isEmpty, isNamed, !areDigits {
      patterns = TimePattern.nearlyFitting(samples).filter(\.hasDate)
    }
    return patterns.isEmpty ? nil : .patterns(patterns)
  }

  /// Values that tell the order of day and month, where that many need no more.
  private static let tellingCountMin = 20

  /// The forms between which all of the column must decide: where the first values are in several, or so few tell that these
  /// may be stray.
  var rivals: [TimePattern]? {
    guard case .patterns(let forms)? = times, !isStated else { return nil }
    if forms.count > 1 { return forms }
    guard let form = forms.first else { return nil }
    var rivals: [TimePattern] = []
    for sample in samples where rivals.count < 2 {
      let fitting = TimePattern.candidates(sample)
      if fitting.contains(form) { rivals = fitting }
    }
    guard rivals.count > 1 else { return nil }
    var count = DateForms(rivals)
    for sample in samples where count.tellingCount < Self.tellingCountMin {
      sample.withUnsafeBytes { count.add($0) }
    }
    return count.tellingCount < Self.tellingCountMin ? rivals : nil
  }

  /// Whether every value says its instant.
  var saysZone: Bool {
    switch times {
    case .known(.epoch)?: true
    case .known(.iso)?:
      samples.allSatisfy { $0.withUnsafeBytes { TimeConversion.parse($0)?.hasZone == true } }
    case .patterns(let patterns)?: patterns.allSatisfy(\.hasZone)
    default: false
    }
  }

  /// Nanoseconds of a value as it stands there; nil where it is none in the column's form.
  func reading(_ text: [UInt8]) -> Int64? {
    text.withUnsafeBytes { bytes in
      switch times {
      case .known(.epoch(let digits))?:
        return DecimalText.parse(bytes, scale: digits).flatMap { Int64(exactly: $0) }
      case .known(.iso)?: return TimeConversion.parse(bytes)?.nanoseconds
      case .known?: return CompactTime.parse(bytes)
      case .patterns(let patterns)?:
        return patterns.first.flatMap { pattern in
          pattern.parse(bytes).map { $0.nanoseconds - ($0.offset ?? 0) * 1_000_000_000 }
        }
      case nil: return nil
      }
    }
  }

  /// Whether no value has a time of day other than midnight.
  var areDates: Bool {
    guard times != nil, !saysZone else { return false }
    return samples.allSatisfy { (reading($0) ?? 1) % CivilDate.nanosecondsPerDay == 0 }
  }
}
