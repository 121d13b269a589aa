import Columnar

/// A value read from text, or why it could not be.
enum Converted {
  case null
  /// Integers, unscaled decimals, days and nanoseconds.
  case integer(Int128)
  case double(Double)
  case rejected(RejectionRule, String)
}

/// Text to values, for every form that a field may have. This is the complete form; the kernels of
/// the CSV reader know only the frequent cases and leave the rest to it.
enum TextConversion {
  /// What stands for null in columns of numbers and times, in lower case.
  static let nullTokens: Set<String> = [
    "nan", "null", "none", "na", "n/a", "nat", "<na>", "#n/a", "\\n",
  ]

  static func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var start = 0
    var end = text.count
    while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
    while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: text[start..<end])
  }

  static func isNull(_ text: UnsafeRawBufferPointer) -> Bool {
    if text.isEmpty { return true }
    guard text.count <= 4 else { return false }
    return nullTokens.contains(String(decoding: text, as: UTF8.self).lowercased())
  }

  /// The text in quotes for a message: cut to a readable length, control characters escaped.
  static func quoted(_ text: UnsafeRawBufferPointer) -> String {
    let shown = String(decoding: text.prefix(48), as: UTF8.self)
    var escaped = ""
    for scalar in shown.unicodeScalars {
      if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
        escaped += "\\u{" + String(scalar.value, radix: 16) + "}"
      } else {
        escaped.unicodeScalars.append(scalar)
      }
    }
    return "'" + escaped + (text.count > 48 ? "…'" : "'")
  }

  static func decimal(_ text: UnsafeRawBufferPointer, precision: Int, scale: Int) -> Converted {
    let text = trimmed(text)
    if isNull(text) { return .null }
    if let value = DecimalText.parse(text, scale: scale) {
      if value.magnitude < UInt128(DecimalText.powersOfTen[precision]) { return .integer(value) }
      return .rejected(
        .doesNotFit, "\(quoted(text)) does not fit decimal(\(precision),\(scale))")
    }
    guard isNumber(text) else { return .rejected(.notANumber, "\(quoted(text)) is no number") }
    if DecimalText.parse(text, scale: min(scale + 18, 38)) != nil {
      return .rejected(
        .tooManyDecimals,
        "\(quoted(text)) has more decimals than decimal(\(precision),\(scale)) keeps")
    }
    return .rejected(.doesNotFit, "\(quoted(text)) does not fit decimal(\(precision),\(scale))")
  }

  static func integer(_ text: UnsafeRawBufferPointer, in range: ClosedRange<Int128>) -> Converted {
    let text = trimmed(text)
    if isNull(text) { return .null }
    if let value = DecimalText.parse(text, scale: 0) {
      if range.contains(value) { return .integer(value) }
      return .rejected(
        .doesNotFit, "\(quoted(text)) is outside \(range.lowerBound)…\(range.upperBound)")
    }
    guard isNumber(text) else { return .rejected(.notANumber, "\(quoted(text)) is no number") }
    if DecimalText.parse(text, scale: 18) != nil {
      return .rejected(.fractionInInteger, "\(quoted(text)) is no whole number")
    }
    return .rejected(
      .doesNotFit, "\(quoted(text)) is outside \(range.lowerBound)…\(range.upperBound)")
  }

  static func double(_ text: UnsafeRawBufferPointer) -> Converted {
    let text = trimmed(text)
    if isNull(text) { return .null }
    guard isNumber(text), let value = Double(String(decoding: text, as: UTF8.self)),
      value.isFinite
    else { return .rejected(.notANumber, "\(quoted(text)) is no finite number") }
    return .double(value)
  }

  static func boolean(_ text: UnsafeRawBufferPointer) -> Converted {
    let text = trimmed(text)
    if isNull(text) { return .null }
    switch String(decoding: text, as: UTF8.self).lowercased() {
    case "true", "t", "1", "yes", "y": return .integer(1)
    case "false", "f", "0", "no", "n": return .integer(0)
    default: return .rejected(.unsupportedValue, "\(quoted(text)) is neither true nor false")
    }
  }

  static func date(_ text: UnsafeRawBufferPointer) -> Converted {
    let text = trimmed(text)
    if isNull(text) { return .null }
    if let compact = CompactTime.parse(text), text.count == 8 {
      return .integer(Int128(compact / CivilDate.nanosecondsPerDay))
    }
    guard let parsed = TimeConversion.parse(text), text.count == 10 else {
      return .rejected(.badTime, "\(quoted(text)) is no date (2024-01-02)")
    }
    return .integer(Int128(parsed.nanoseconds / CivilDate.nanosecondsPerDay))
  }

  /// A number as JSON, CSV and the usual writers spell it; no hexadecimal, no infinity.
  static func isNumber(_ text: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    if at < text.count, text[at] == 0x2D || text[at] == 0x2B { at += 1 }
    var digitCount = 0
    while at < text.count, isDigit(text[at]) { (at, digitCount) = (at + 1, digitCount + 1) }
    if at < text.count, text[at] == 0x2E {
      at += 1
      while at < text.count, isDigit(text[at]) { (at, digitCount) = (at + 1, digitCount + 1) }
    }
    if digitCount == 0 { return false }
    if at == text.count { return true }
    guard text[at] | 0x20 == 0x65 else { return false }
    at += 1
    if at < text.count, text[at] == 0x2D || text[at] == 0x2B { at += 1 }
    if at == text.count { return false }
    while at < text.count, isDigit(text[at]) { at += 1 }
    return at == text.count
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
