/// Writes JSON into a byte array and inserts the commas.
///
///     var writer = JSONWriter()
///     writer.beginObject()
///     writer.key("size")
///     writer.integer(17)
///     writer.endObject()
///
/// The order of the calls must form valid JSON, which is not checked. Doubles must be finite, which is.
public struct JSONWriter: Sendable {
  /// The UTF-8 text written so far.
  public private(set) var bytes: [UInt8] = []
  private var needsComma = false

  /// An empty writer.
  public init() {}

  /// The text written so far.
  public var string: String { String(decoding: bytes, as: UTF8.self) }

  /// Starts over.
  public mutating func removeAll(keepingCapacity: Bool = true) {
    bytes.removeAll(keepingCapacity: keepingCapacity)
    needsComma = false
  }

  /// `{`, preceded by a comma if necessary.
  public mutating func beginObject() { begin(0x7B) }
  /// `}`.
  public mutating func endObject() { end(0x7D) }
  /// `[`, preceded by a comma if necessary.
  public mutating func beginArray() { begin(0x5B) }
  /// `]`.
  public mutating func endArray() { end(0x5D) }

  /// Ends a line of JSON lines.
  public mutating func newline() {
    bytes.append(0x0A)
    needsComma = false
  }

  /// The key of the next member; its value must follow.
  public mutating func key(_ key: String) {
    separate()
    Self.appendQuoted(key, to: &bytes)
    bytes.append(0x3A)
  }

  /// A string value.
  public mutating func string(_ value: String) {
    separate()
    Self.appendQuoted(value, to: &bytes)
    needsComma = true
  }

  /// An integer value.
  public mutating func integer(_ value: Int64) {
    number(String(value))
  }

  /// An integer value.
  public mutating func integer(_ value: Int) { integer(Int64(value)) }

  /// A number value with exactly these digits.
  public mutating func number(_ digits: String) { raw(digits.utf8) }

  /// A number value with the shortest digits that round-trip.
  public mutating func double(_ value: Double) {
    precondition(value.isFinite, "JSON has no NaN and no infinity")
    number("\(value)")
  }

  /// The value `true` or `false`.
  public mutating func boolean(_ value: Bool) { number(value ? "true" : "false") }

  /// The value `null`.
  public mutating func null() { number("null") }

  /// A value that is already JSON text.
  public mutating func raw(_ json: some Sequence<UInt8>) {
    separate()
    bytes.append(contentsOf: json)
    needsComma = true
  }

  /// A value tree.
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

  /// Appends `text` as a JSON string, quoted and escaped.
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

  /// `text` as a JSON string, quoted and escaped.
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
