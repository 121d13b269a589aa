/// One word of a where-clause.
struct Token: Equatable {
  enum Kind: Equatable {
    case word(String)
    case quotedName(String)
    case number(String)
    case text(String)
    case comparison(Comparison)
    case open, close, comma, end
  }

  var kind: Kind
  var offset: Int
  /// As written, for messages.
  var written: String
}

/// Cuts a where-clause into tokens.
struct Lexer {
  /// Longest clause that is read.
  static let byteCountMax = 1 << 20

  private let clause: ClauseText
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) throws(QueryError) {
    clause = ClauseText(text: text)
    bytes = Array(text.utf8)
    if bytes.count > Self.byteCountMax {
      throw QueryError(
        .syntax, "the where-clause has \(bytes.count) bytes, at most \(Self.byteCountMax) are read")
    }
  }

  mutating func tokens() throws(QueryError) -> [Token] {
    var tokens: [Token] = []
    while true {
      let token = try next()
      tokens.append(token)
      if token.kind == .end { return tokens }
    }
  }

  private mutating func next() throws(QueryError) -> Token {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
      position += 1
    }
    let start = position
    guard position < bytes.count else {
      return Token(kind: .end, offset: start, written: "the end")
    }
    let kind = try kind(of: bytes[position])
    return Token(
      kind: kind, offset: start,
      written: "'" + String(decoding: bytes[start..<position], as: UTF8.self) + "'")
  }

  private mutating func kind(of byte: UInt8) throws(QueryError) -> Token.Kind {
    switch byte {
    case UInt8(ascii: "("): return single(.open)
    case UInt8(ascii: ")"): return single(.close)
    case UInt8(ascii: ","): return single(.comma)
    case UInt8(ascii: "="): return twice(UInt8(ascii: "="), .equal, .equal)
    case UInt8(ascii: "<"):
      if peek(1) == UInt8(ascii: ">") {
        position += 2
        return .comparison(.notEqual)
      }
      return twice(UInt8(ascii: "="), .less, .lessOrEqual)
    case UInt8(ascii: ">"): return twice(UInt8(ascii: "="), .greater, .greaterOrEqual)
    case UInt8(ascii: "!") where peek(1) == UInt8(ascii: "="):
      position += 2
      return .comparison(.notEqual)
    case UInt8(ascii: "'"): return .text(try quoted(byte))
    case UInt8(ascii: "\""), UInt8(ascii: "`"): return .quotedName(try quoted(byte))
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
      UInt8(ascii: "+"):
      return try number()
    default:
      guard Self.isWord(byte), !Self.isDigit(byte) else {
        throw clause.error(
          .syntax, "unexpected character '\(Character(UnicodeScalar(byte)))'", at: position)
      }
      let start = position
      while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
      return .word(String(decoding: bytes[start..<position], as: UTF8.self))
    }
  }

  private func peek(_ distance: Int) -> UInt8 {
    position + distance < bytes.count ? bytes[position + distance] : 0
  }

  private mutating func single(_ kind: Token.Kind) -> Token.Kind {
    position += 1
    return kind
  }

  private mutating func twice(
    _ second: UInt8, _ alone: Comparison, _ together: Comparison
  ) -> Token.Kind {
    let isTogether = peek(1) == second
    position += isTogether ? 2 : 1
    return .comparison(isTogether ? together : alone)
  }

  /// Text up to the closing quote; a doubled quote stands for one.
  private mutating func quoted(_ quote: UInt8) throws(QueryError) -> String {
    let start = position
    var value: [UInt8] = []
    position += 1
    while position < bytes.count {
      if bytes[position] == quote {
        if peek(1) != quote {
          position += 1
          return String(decoding: value, as: UTF8.self)
        }
        position += 1
      }
      value.append(bytes[position])
      position += 1
    }
    throw clause.error(.syntax, "the quote opened here is not closed", at: start)
  }

  /// A number with its sign and exponent; or a date or timestamp without quotes, which is text.
  private mutating func number() throws(QueryError) -> Token.Kind {
    let start = position
    if isDateAhead() {
      while position < bytes.count, Self.isTimestampByte(bytes[position]) { position += 1 }
      return .text(String(decoding: bytes[start..<position], as: UTF8.self))
    }
    if bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
      position += 1
    }
    var digitCount = 0
    while position < bytes.count, Self.isDigit(bytes[position]) || bytes[position] == 0x2E {
      if Self.isDigit(bytes[position]) { digitCount += 1 }
      position += 1
    }
    if digitCount > 0, peek(0) | 0x20 == UInt8(ascii: "e") {
      position += 1
      if peek(0) == UInt8(ascii: "-") || peek(0) == UInt8(ascii: "+") { position += 1 }
      while position < bytes.count, Self.isDigit(bytes[position]) { position += 1 }
    }
    while position < bytes.count, Self.isWord(bytes[position]) {
      digitCount = 0
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard digitCount > 0, ExactNumber(text) != nil else {
      throw clause.error(.syntax, "'\(text)' is not a number", at: start)
    }
    return .number(text)
  }

  /// Whether `YYYY-MM-DD` begins here.
  private func isDateAhead() -> Bool {
    guard position + 10 <= bytes.count else { return false }
    for index in 0..<10 {
      let byte = bytes[position + index]
      let isDash = index == 4 || index == 7
      if isDash ? byte != UInt8(ascii: "-") : !Self.isDigit(byte) { return false }
    }
    return true
  }

  private static func isTimestampByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || [0x2D, 0x3A, 0x2E, 0x2B, 0x54, 0x5A].contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private static func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte == 0x5F || byte >= 0x80
      || byte == 0x2E
  }
}
