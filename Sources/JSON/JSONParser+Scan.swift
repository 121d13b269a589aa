// The scanners: one pass over the bytes, inside strings eight bytes at a time.

extension JSONParser {
  @inline(__always)
  func byte(_ index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }

  @inline(__always)
  mutating func skipSpace() {
    while offset < count {
      let next = byte(offset)
      if next > 0x20 { return }
      guard next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 else { return }
      offset &+= 1
    }
  }

  mutating func open(_ bracket: UInt8, _ wanted: String) throws(JSONError) {
    _ = try peek()
    guard offset < count, byte(offset) == bracket else { throw mismatch(wanted) }
    guard depth < depthMax else {
      throw JSONError(
        code: .depth, message: "nested deeper than \(depthMax) levels", offset: offset)
    }
    depth &+= 1
    offset &+= 1
    needsComma = false
  }

  mutating func close() {
    precondition(depth > 0, "an object or array was begun")
    depth &-= 1
    offset &+= 1
    needsComma = true
  }

  /// Consumes the comma before every member but the first.
  mutating func comma(_ wanted: String) throws(JSONError) {
    if !needsComma { return }
    guard byte(offset) == 0x2C else { throw unexpected(wanted) }
    offset &+= 1
    skipSpace()
  }

  mutating func literal(_ word: StaticString) throws(JSONError) {
    let length = word.utf8CodeUnitCount
    for index in 0..<length {
      guard offset &+ index < count else { throw truncated() }
      guard byte(offset &+ index) == word.utf8Start[index] else {
        offset &+= index
        throw unexpected("'\(word)'")
      }
    }
    offset &+= length
    needsComma = true
  }

  /// number = [ "-" ] int [ frac ] [ exp ]
  mutating func scanNumber() throws(JSONError) {
    if byte(offset) == 0x2D { offset &+= 1 }
    guard offset < count else { throw truncated() }
    if byte(offset) == 0x30 {
      offset &+= 1
      if offset < count, byte(offset) &- 0x30 < 10 {
        throw unexpected("no digit after a leading zero")
      }
    } else {
      try digits()
    }
    if offset < count, byte(offset) == 0x2E {
      offset &+= 1
      try digits()
    }
    if offset < count, byte(offset) | 0x20 == 0x65 {
      offset &+= 1
      if offset < count, byte(offset) == 0x2B || byte(offset) == 0x2D { offset &+= 1 }
      try digits()
    }
  }

  private mutating func digits() throws(JSONError) {
    let start = offset
    while offset < count, byte(offset) &- 0x30 < 10 { offset &+= 1 }
    guard offset > start else { throw unexpected("a digit") }
  }

  /// Scans a string, from its opening to past its closing quote.
  mutating func scanString() throws(JSONError) -> JSONText {
    let start = offset &+ 1
    var position = start
    var hasEscapes = false
    while true {
      position = plainEnd(position)
      guard position < count else { throw truncated() }
      let next = byte(position)
      if next == 0x22 { break }
      if next == 0x5C {
        hasEscapes = true
        // Fast path for `\"`, nearly the only escape in a log, whose statistics are JSON in a JSON string.
        if position &+ 1 < count, byte(position &+ 1) == 0x22 {
          position &+= 2
        } else {
          position = try escapeEnd(position)
        }
      } else if next < 0x20 {
        throw JSONError(
          code: .syntax, message: "a control character in a string must be escaped",
          offset: position)
      } else {
        position = try sequenceEnd(position)
      }
    }
    offset = position &+ 1
    return JSONText(
      bytes: UnsafeRawBufferPointer(start: base + start, count: position &- start),
      hasEscapes: hasEscapes)
  }

  /// The first position from `from` on with a quote, a backslash, a control character or a non-ASCII byte.
  @inline(__always)
  private func plainEnd(_ from: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    var position = from
    while position &+ 8 <= count {
      let word = UInt64(
        littleEndian: base.loadUnaligned(fromByteOffset: position, as: UInt64.self))
      let quote = word ^ (ones &* 0x22)
      let slash = word ^ (ones &* 0x5C)
      // A borrow can cause false marks only above the lowest true one.
      let marks =
        ((quote &- ones) & ~quote) | ((slash &- ones) & ~slash)
        | ((word &- (ones &* 0x20)) & ~word) | word
      let hit = marks & highs
      if hit != 0 { return position &+ hit.trailingZeroBitCount &>> 3 }
      position &+= 8
    }
    while position < count {
      let next = byte(position)
      if next == 0x22 || next == 0x5C || next < 0x20 || next >= 0x80 { break }
      position &+= 1
    }
    return position
  }

  /// Validates the escape at `position`; returns the position after it.
  private func escapeEnd(_ position: Int) throws(JSONError) -> Int {
    guard position &+ 1 < count else { throw truncated() }
    switch byte(position &+ 1) {
    case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: return position &+ 2
    case 0x75: break
    default:
      throw JSONError(
        code: .syntax, message: "an escape that JSON does not have", offset: position)
    }
    let unit = try hexUnit(position &+ 2)
    if unit & 0xF800 != 0xD800 { return position &+ 6 }
    let lone = JSONError(
      code: .encoding, message: "half of a surrogate pair stands alone", offset: position)
    guard unit & 0xFC00 == 0xD800 else { throw lone }
    guard position &+ 6 < count else { throw truncated() }
    guard byte(position &+ 6) == 0x5C else { throw lone }
    guard position &+ 7 < count else { throw truncated() }
    guard byte(position &+ 7) == 0x75 else { throw lone }
    guard try hexUnit(position &+ 8) & 0xFC00 == 0xDC00 else { throw lone }
    return position &+ 12
  }

  private func hexUnit(_ position: Int) throws(JSONError) -> UInt32 {
    guard position &+ 4 <= count else { throw truncated() }
    var value: UInt32 = 0
    for index in 0..<4 {
      let digit = JSONText.hexDigit(byte(position &+ index))
      guard digit < 16 else {
        throw JSONError(
          code: .syntax, message: "'\\u' needs four hexadecimal digits",
          offset: position &+ index)
      }
      value = value &<< 4 | UInt32(digit)
    }
    return value
  }

  /// Validates the UTF-8 sequence at `position` (Unicode, table 3-7); returns the position after it.
  private func sequenceEnd(_ position: Int) throws(JSONError) -> Int {
    let lead = byte(position)
    let (length, low, high): (Int, UInt8, UInt8) =
      switch lead {
      case 0xC2...0xDF: (2, 0x80, 0xBF)
      case 0xE0: (3, 0xA0, 0xBF)
      case 0xED: (3, 0x80, 0x9F)
      case 0xE1...0xEF: (3, 0x80, 0xBF)
      case 0xF0: (4, 0x90, 0xBF)
      case 0xF1...0xF3: (4, 0x80, 0xBF)
      case 0xF4: (4, 0x80, 0x8F)
      default: (0, 0, 0)
      }
    let bad = JSONError(code: .encoding, message: "not UTF-8", offset: position)
    guard length > 0 else { throw bad }
    guard position &+ length <= count else { throw truncated() }
    guard byte(position &+ 1) >= low, byte(position &+ 1) <= high else { throw bad }
    for index in 2..<Swift.max(length, 2) where byte(position &+ index) & 0xC0 != 0x80 {
      throw bad
    }
    return position &+ length
  }
}
