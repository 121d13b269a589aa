// RFC 8259. Every byte is validated exactly once; skipped values are validated as strictly as others.

/// A pull parser: reads one JSON value without building a tree.
///
///     var parser = JSONParser(bytes)
///     try parser.beginObject()
///     while let key = try parser.nextKey() {
///       if key.equals("size") { size = try parser.integer() } else { try parser.skipValue() }
///     }
///     try parser.finish()
///
/// The bytes must outlive the parser and every `JSONText` that it returns. After an error the parser must not
/// be used again.
public struct JSONParser: ~Copyable {
  /// Default limit of the nesting depth.
  public static let depthMaxDefault = 128

  /// Type of the next value.
  public enum Kind: Sendable { case object, array, string, number, boolean, null, end }

  let base: UnsafeRawPointer
  let count: Int
  /// Byte offset of the next byte to parse.
  public internal(set) var offset = 0
  /// Whether a value precedes in the same object or array, so that a comma must come next.
  var needsComma = false
  var depth = 0
  let depthMax: Int

  /// Parses from the first byte; the bytes must not move.
  public init(_ bytes: UnsafeRawBufferPointer, depthMax: Int = JSONParser.depthMaxDefault) {
    // An empty buffer may have a nil address; none of its bytes is ever accessed.
    base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
    count = bytes.count
    self.depthMax = depthMax
  }

  // MARK: - Structure

  /// The type of the next value, without consuming it.
  public mutating func peek() throws(JSONError) -> Kind {
    skipSpace()
    guard offset < count else { return .end }
    switch byte(offset) {
    case 0x7B: return .object
    case 0x5B: return .array
    case 0x22: return .string
    case 0x2D, 0x30...0x39: return .number
    case 0x74, 0x66: return .boolean
    case 0x6E: return .null
    default: throw unexpected("a value")
    }
  }

  /// Enters an object.
  public mutating func beginObject() throws(JSONError) {
    try open(0x7B, "an object")
  }

  /// Enters an array.
  public mutating func beginArray() throws(JSONError) {
    try open(0x5B, "an array")
  }

  /// The next member's key, after which its value must be read; nil at the end of the object, which is
  /// consumed.
  public mutating func nextKey() throws(JSONError) -> JSONText? {
    skipSpace()
    guard offset < count else { throw truncated() }
    if byte(offset) == 0x7D {
      close()
      return nil
    }
    try comma("',' or '}'")
    guard offset < count else { throw truncated() }
    guard byte(offset) == 0x22 else { throw unexpected("a key in quotes") }
    let key = try scanString()
    skipSpace()
    guard offset < count else { throw truncated() }
    guard byte(offset) == 0x3A else { throw unexpected("':'") }
    offset &+= 1
    needsComma = false
    return key
  }

  /// Whether another element follows; at the end of the array, which is consumed, false.
  public mutating func nextElement() throws(JSONError) -> Bool {
    skipSpace()
    guard offset < count else { throw truncated() }
    if byte(offset) == 0x5D {
      close()
      return false
    }
    try comma("',' or ']'")
    needsComma = false
    return true
  }

  /// Checks that only white space remains.
  public mutating func finish() throws(JSONError) {
    skipSpace()
    guard offset == count else { throw unexpected("the end of the text") }
  }

  // MARK: - Values

  /// Reads a string without copying it.
  public mutating func text() throws(JSONError) -> JSONText {
    guard try peek() == .string else { throw mismatch("a string") }
    let text = try scanString()
    needsComma = true
    return text
  }

  /// Reads a string.
  public mutating func string() throws(JSONError) -> String { try text().string }

  /// The text of a number, verbatim.
  public mutating func number() throws(JSONError) -> UnsafeRawBufferPointer {
    guard try peek() == .number else { throw mismatch("a number") }
    let start = offset
    try scanNumber()
    needsComma = true
    return UnsafeRawBufferPointer(start: base + start, count: offset &- start)
  }

  /// Reads a number without fraction or exponent that fits into 64 bits.
  public mutating func integer() throws(JSONError) -> Int64 {
    let start = offset
    let digits = try number()
    var magnitude: UInt64 = 0
    let isNegative = digits[0] == 0x2D
    for index in (isNegative ? 1 : 0)..<digits.count {
      let digit = digits[index] &- 0x30
      let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      if digit > 9 || overflow || carry {
        throw JSONError(
          code: .range, message: "'\(Self.excerpt(digits))' is not a 64-bit integer", offset: start)
      }
      magnitude = sum
    }
    if isNegative, magnitude == UInt64(Int64.max) + 1 { return .min }
    guard let value = Int64(exactly: magnitude) else {
      throw JSONError(
        code: .range, message: "'\(Self.excerpt(digits))' is not a 64-bit integer", offset: start)
    }
    return isNegative ? -value : value
  }

  /// Reads `true` or `false`.
  public mutating func boolean() throws(JSONError) -> Bool {
    guard try peek() == .boolean else { throw mismatch("true or false") }
    let isTrue = byte(offset) == 0x74
    try literal(isTrue ? "true" : "false")
    return isTrue
  }

  /// Consumes a null if it comes next; returns whether it did.
  public mutating func skipNull() throws(JSONError) -> Bool {
    guard try peek() == .null else { return false }
    try literal("null")
    return true
  }

  /// Skips the next value of any type, and returns its text.
  @discardableResult
  public mutating func skipValue() throws(JSONError) -> UnsafeRawBufferPointer {
    let kind = try peek()
    let start = offset
    switch kind {
    case .object:
      try beginObject()
      while try nextKey() != nil { try skipValue() }
    case .array:
      try beginArray()
      while try nextElement() { try skipValue() }
    case .string: _ = try text()
    case .number: _ = try number()
    case .boolean: _ = try boolean()
    case .null: try literal("null")
    case .end: throw truncated()
    }
    return UnsafeRawBufferPointer(start: base + start, count: offset &- start)
  }

  // MARK: - Errors

  func truncated() -> JSONError {
    JSONError(code: .truncated, message: "the JSON text ends inside a value", offset: count)
  }

  func unexpected(_ wanted: String) -> JSONError {
    guard offset < count else { return truncated() }
    let found = byte(offset)
    let shown =
      found > 0x20 && found < 0x7F
      ? "'\(Unicode.Scalar(found))'" : "byte 0x" + String(found, radix: 16)
    return JSONError(code: .syntax, message: "\(shown) where \(wanted) should be", offset: offset)
  }

  func mismatch(_ wanted: String) -> JSONError {
    guard offset < count else { return truncated() }
    let found =
      switch byte(offset) {
      case 0x7B: "an object"
      case 0x5B: "an array"
      case 0x22: "a string"
      case 0x74, 0x66: "a boolean"
      case 0x6E: "null"
      default: "a number"
      }
    return JSONError(code: .type, message: "\(found) where \(wanted) should be", offset: offset)
  }

  /// The start of a text, for error messages.
  static func excerpt(_ bytes: UnsafeRawBufferPointer) -> String {
    let shown = String(decoding: bytes.prefix(40), as: UTF8.self)
    return bytes.count > 40 ? shown + "…" : shown
  }
}
