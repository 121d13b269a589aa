import Bytes
import Columnar

/// Values as text: JSON, or the cells of a CSV line.
///
/// Decimals and integers have all digits; times are ISO, with the digits of their unit, and `Z` if they are
/// instants; binary is base64; NaN and infinities are strings in JSON.
public struct ValueText: Sendable {
  /// The text so far, UTF-8.
  public private(set) var bytes: [UInt8] = []

  /// An empty text.
  public init() {}

  /// Clears the text, keeping its memory.
  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Appends a text as it is.
  public mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  // MARK: - Lines

  /// Appends a row as one JSON object and a newline.
  public mutating func appendJSONLine(_ names: [String], _ row: [Value]) {
    bytes.append(UInt8(ascii: "{"))
    for (index, value) in row.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      appendJSONString(names[index])
      bytes.append(UInt8(ascii: ":"))
      appendJSON(value)
    }
    append("}\n")
  }

  /// Appends a row as one RFC 4180 line. A null is an empty cell, an empty text `""`.
  public mutating func appendCSVLine(_ row: [Value]) {
    for (index, value) in row.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      appendCSV(value)
    }
    append("\n")
  }

  /// Appends the line of the column names.
  public mutating func appendCSVHeader(_ names: [String]) {
    for (index, name) in names.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      appendCSVCell(name)
    }
    append("\n")
  }

  // MARK: - JSON

  /// Appends a value as JSON.
  public mutating func appendJSON(_ value: Value) {
    switch value {
    case .null: append("null")
    case .boolean(let flag): append(flag ? "true" : "false")
    case .integer, .unsigned, .decimal, .oversize: append(value.plainText)
    case .float(let number):
      appendJSONNumber(number.isFinite, value.plainText)
    case .double(let number):
      appendJSONNumber(number.isFinite, value.plainText)
    case .list(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        appendJSON(element)
      }
      bytes.append(UInt8(ascii: "]"))
    case .map(let entries): appendMap(entries.map { ($0.key.plainText, $0.value) })
    case .structure(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        appendJSONString(member.name)
        bytes.append(UInt8(ascii: ":"))
        appendJSON(member.value)
      }
      bytes.append(UInt8(ascii: "}"))
    case .interval(let months, let days, let milliseconds):
      append("{\"months\":\(months),\"days\":\(days),\"milliseconds\":\(milliseconds)}")
    default: appendJSONString(value.plainText)
    }
  }

  /// An object; a map with repeated keys, of which most JSON readers would lose some, becomes a list of
  /// objects.
  private mutating func appendMap(_ entries: [(key: String, value: Value)]) {
    let isObject = Set(entries.map(\.key)).count == entries.count
    bytes.append(UInt8(ascii: isObject ? "{" : "["))
    for (index, entry) in entries.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      if !isObject { append("{\"key\":") }
      appendJSONString(entry.key)
      append(isObject ? ":" : ",\"value\":")
      appendJSON(entry.value)
      if !isObject { bytes.append(UInt8(ascii: "}")) }
    }
    bytes.append(UInt8(ascii: isObject ? "}" : "]"))
  }

  private mutating func appendJSONNumber(_ isFinite: Bool, _ text: String) {
    if isFinite { append(text) } else { appendJSONString(text) }
  }

  /// Appends a text as a JSON string.
  public mutating func appendJSONString(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { utf8 in
      // Stretches that need no escape are copied at once.
      var start = 0
      for (index, byte) in utf8.enumerated() where Self.needsEscape[Int(byte)] {
        bytes.append(contentsOf: utf8[start..<index])
        appendEscape(byte)
        start = index + 1
      }
      bytes.append(contentsOf: utf8[start...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static let needsEscape: [Bool] = (0..<256).map {
    $0 < 0x20 || $0 == 0x7F || $0 == 0x22 || $0 == 0x5C
  }

  private mutating func appendEscape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 0x0A: append("\\n")
    case 0x0D: append("\\r")
    case 0x09: append("\\t")
    default: append("\\u00" + Self.hex([byte]))
    }
  }

  // MARK: - CSV

  private mutating func appendCSV(_ value: Value) {
    if value.isNull { return }
    appendCSVCell(value.plainText)
  }

  private mutating func appendCSVCell(_ text: String) {
    let needsQuotes =
      text.isEmpty
      || text.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
    if !needsQuotes {
      append(text)
      return
    }
    bytes.append(0x22)
    for byte in text.utf8 {
      if byte == 0x22 { bytes.append(0x22) }
      bytes.append(byte)
    }
    bytes.append(0x22)
  }

  static func hex(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes {
      let digits = String(byte, radix: 16)
      text += digits.utf8.count == 1 ? "0" + digits : digits
    }
    return text
  }
}

extension Value {
  /// The value as a cell: text without quotes, nested values as JSON, null as empty text.
  public var plainText: String {
    switch self {
    case .null: return ""
    case .boolean(let flag): return flag ? "true" : "false"
    case .integer(let number): return String(number)
    case .unsigned(let number): return String(number)
    case .float(let number): return number.isFinite ? "\(number)" : Self.name(Double(number))
    case .double(let number): return number.isFinite ? "\(number)" : Self.name(number)
    case .decimal(let unscaled, let scale):
      return DecimalText.format(unscaled, scale: scale, trimmed: false)
    case .oversize(let unscaled, let scale):
      return OversizeDecimal.format(unscaled, scale: scale)
    case .string(let text): return text
    case .binary(let bytes): return Base64.encode(bytes)
    case .uuid(let bytes): return Self.uuidText(bytes)
    case .date(let days): return CivilDate(daysSinceEpoch: Int(days)).iso
    case .time(let count, let unit, _): return Self.clock(count, unit)
    case .timestamp(let count, let unit, let isUTC): return Self.instant(count, unit, isUTC)
    case .interval, .list, .map, .structure:
      var text = ValueText()
      text.appendJSON(self)
      return String(decoding: text.bytes, as: UTF8.self)
    }
  }

  private static func name(_ number: Double) -> String {
    number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity"
  }

  private static func uuidText(_ bytes: [UInt8]) -> String {
    let digits = ValueText.hex(bytes)
    guard bytes.count == 16 else { return digits }
    var text = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { text += "-" }
      text.append(digit)
    }
    return text
  }

  /// The time of day; a count outside a day is printed as it is, like `30:00:00`.
  private static func clock(_ count: Int64, _ unit: TimeUnit) -> String {
    let perSecond = unit.perSecond
    let sign = count < 0 ? "-" : ""
    let seconds = count.magnitude / UInt64(perSecond)
    let fraction = count.magnitude % UInt64(perSecond)
    return sign + pad(seconds / 3600, 2) + ":" + pad(seconds / 60 % 60, 2) + ":"
      + pad(seconds % 60, 2) + "." + pad(fraction, unit.digitCount)
  }

  private static func instant(_ count: Int64, _ unit: TimeUnit, _ isUTC: Bool) -> String {
    let perDay = unit.perSecond * 86_400
    var day = count / perDay
    var rest = count % perDay
    if rest < 0 {
      rest += perDay
      day -= 1
    }
    return CivilDate(daysSinceEpoch: Int(day)).iso + "T" + clock(rest, unit) + (isUTC ? "Z" : "")
  }

  private static func pad(_ number: UInt64, _ digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: Swift.max(digits - text.utf8.count, 0)) + text
  }
}

extension TimeUnit {
  /// Fraction digits of a second.
  fileprivate var digitCount: Int {
    switch self {
    case .milliseconds: 3
    case .microseconds: 6
    case .nanoseconds: 9
    }
  }
}

extension Value {
  /// The value for a message: its text, truncated if long.
  var excerpt: String {
    let text = plainText
    return text.count <= 60 ? text : text.prefix(60) + "…"
  }
}
