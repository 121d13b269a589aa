import Bytes
import JSON

/// Iterates over the members of a page's outermost object. Values are parsed by parsers of their own, which
/// check them completely.
struct PageCursor {
  let base: UnsafeRawPointer
  let count: Int
  var at: Int

  init(_ bytes: UnsafeRawBufferPointer, at: Int = 0) {
    // An empty buffer may have no address; nothing is read through it.
    base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
    count = bytes.count
    self.at = at
  }

  private func truncated() -> JSONError {
    JSONError(code: .truncated, message: "the page ends before its end", offset: count)
  }

  mutating func skipSpace() {
    while at < count {
      let byte = base.loadLE(at, as: UInt8.self)
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      at &+= 1
    }
  }

  /// The next byte that is not white space.
  mutating func peek() throws(JSONError) -> UInt8 {
    skipSpace()
    guard at < count else { throw truncated() }
    return base.loadLE(at, as: UInt8.self)
  }

  mutating func expect(_ byte: UInt8) throws(JSONError) {
    let found = try peek()
    guard found == byte else {
      throw JSONError(
        code: .syntax,
        message: "byte 0x\(String(found, radix: 16)) where "
          + "'\(Unicode.Scalar(byte))' should be", offset: at)
    }
    at &+= 1
  }

  /// The next member's key, before its value; nil at the object's end, which is consumed.
  mutating func nextKey(isFirst: Bool) throws(JSONError) -> JSONText? {
    let byte = try peek()
    if byte == 0x7D {
      at &+= 1
      return nil
    }
    if !isFirst { try expect(0x2C) }
    var key: JSONText?
    try value { parser throws(JSONError) in key = try parser.text() }
    try expect(0x3A)
    return key
  }

  /// Reads one value.
  mutating func value(
    _ read: (inout JSONParser) throws(JSONError) -> Void
  ) throws(JSONError) {
    skipSpace()
    var parser = JSONParser(UnsafeRawBufferPointer(start: base + at, count: count &- at))
    do throws(JSONError) {
      try read(&parser)
    } catch {
      var placed = error
      placed.offset += at
      throw placed
    }
    at &+= parser.offset
  }
}
