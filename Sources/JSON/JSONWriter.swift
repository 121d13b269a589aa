/// Writes JSON into a growing array of bytes, commas included.
///
///     var writer = JSONWriter()
///     writer.beginObject()
///     writer.key("size")
///     writer.integer(17)
///     writer.endObject()
///
/// Keys and values must come in an order that makes sense; doubles must be finite.
public struct JSONWriter: Sendable {
  /// The text so far, UTF-8.
  public private(set) var bytes: [UInt8] = []
  private var needsComma = false

  /// No text.
  public init() {}

  /// All that was written.
  public var string: String { String(decoding: bytes, as: UTF8.self) }

  /// Begins anew.
  public mutating func removeAll(keepingCapacity: Bool = true) {
    bytes.removeAll(keepingCapacity: keepingCapacity)
    needsComma = false
  }

  /// `{`, after a comma where one is due.
  public mutating func beginObject() { begin(0x7B) }
  /// `}`.
  public mutating func endObject() { end(0x7D) }
  /// `[`, after a comma where one is due.
  public mutating func beginArray() { begin(0x5B) }
  /// `]`.
  public mutating func endArray() { end(0x5D) }

  /// Ends a line: what separates one record of JSON lines from the next.
  public mutating func newline() {
    bytes.append(0x0A)
    needsComma = false
  }

  /// The name of the member whose value comes next.
  public mutating func key(_ key: String) {
    separate()
    Self.appendQuoted(key, to: &bytes)
    bytes.append(0x3A)
  }

  /// A string as a value.
  public mutating func string(_ value: String) {
    separate()
    Self.appendQuoted(value, to: &bytes)
    needsComma = true
  }

  /// A whole number as a value.
  public mutating func integer(_ value: Int64) {
    number(String(value))
  }

  /// A whole number as a value.
  public mutating func integer(_ value: Int) { integer(Int64(value)) }

  /// A number's digits, as they shall stand.
  public mutating func number(_ digits: String) { raw(digits.utf8) }

  /// The shortest digits that read back as the same double.
  public mutating func double(_ value: Double) {
    precondition(value.isFinite, "JSON has no NaN and no infinity")
    number("\(value)")
  }

  /// `true` or `false` as a value.
  public mutating func boolean(_ value: Bool) { number(value ? "true" : "false") }

  /// `null` as a value.
  public mutating func null() { number("null") }

  /// A value that is JSON already.
  public mutating func raw(_ json: some Sequence<UInt8>) {
    separate()
    bytes.append(contentsOf: json)
    needsComma = true
  }

  /// A whole value, whatever it holds.
  public mutating func value(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .boolean(let flag): boolean(flag)
    case .number(let digits): number(digits)
    case .string(let text): string(text)
    case .array(let elements):
      beginArray()
      for element in elements { self.value(element) }
      endArray()
    case .object(let object):
      beginObject()
      for member in object.members {
        key(member.key)
        self.value(member.value)
      }
      endObject()
    }
  }

  /// Appends `text` in quotes, with what JSON must have escaped, escaped.
  public static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
    var text = text
    bytes.append(0x22)
    text.withUTF8 { utf8 in
      var start = 0
      for index in 0..<utf8.count {
        let byte = utf8[index]
        if byte >= 0x20 && byte != 0x22 && byte != 0x5C { continue }
        bytes.append(contentsOf: utf8[start..<index])
        start = index + 1
        appendEscape(byte, to: &bytes)
      }
      bytes.append(contentsOf: utf8[start...])
    }
    bytes.append(0x22)
  }

  /// `text` in quotes, as one JSON string.
  public static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    appendQuoted(text, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func appendEscape(_ byte: UInt8, to bytes: inout [UInt8]) {
    bytes.append(0x5C)
    switch byte {
    case 0x22, 0x5C: bytes.append(byte)
    case 0x08: bytes.append(0x62)
    case 0x09: bytes.append(0x74)
    case 0x0A: bytes.append(0x6E)
    case 0x0C: bytes.append(0x66)
    case 0x0D: bytes.append(0x72)
    default:
      let digits: StaticString = "0123456789abcdef"
      bytes.append(contentsOf: [0x75, 0x30, 0x30])
      bytes.append(digits.utf8Start[Int(byte >> 4)])
      bytes.append(digits.utf8Start[Int(byte & 15)])
    }
  }

  private mutating func begin(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
  }

  private mutating func end(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(0x2C) }
    needsComma = false
  }
}

extension JSONValue: CustomStringConvertible {
  /// The value as compact JSON.
  public var description: String {
    var writer = JSONWriter()
    writer.value(self)
    return writer.string
  }
}
