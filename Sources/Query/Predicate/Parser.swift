/// Reads a where-clause:
///
///     clause     = and-clause { "or" and-clause }
///     and-clause = unary { "and" unary }
///     unary      = "not" unary | "(" clause ")" | test
///     test       = value comparison value | value ["not"] "in" "(" value { "," value } ")"
///                | value ["not"] "between" value "and" value | value "is" ["not"] "null"
///                | value ["not"] "like" value | column
///
/// Keywords are case-insensitive, names are not. Text is in single quotes; a name that is a keyword or has
/// blanks is in double quotes.
struct Parser {
  /// Deepest nesting of parentheses and `not`.
  static let depthMax = 200

  private let clause: ClauseText
  private let tokens: [Token]
  private var position = 0
  private var depth = 0

  private init(_ text: String) throws(QueryError) {
    clause = ClauseText(text: text)
    var lexer = try Lexer(text)
    tokens = try lexer.tokens()
  }

  static func parse(_ text: String) throws(QueryError) -> Expression {
    var parser = try Parser(text)
    let expression = try parser.disjunction()
    guard parser.current.kind == .end else {
      throw parser.unexpected("'and', 'or' or the end")
    }
    return expression
  }

  private var current: Token { tokens[position] }

  private func unexpected(_ expected: String) -> QueryError {
    clause.error(
      .syntax, "expected \(expected), found \(current.written)", at: current.offset)
  }

  private func isKeyword(_ keyword: String) -> Bool {
    if case .word(let word) = current.kind { return word.lowercased() == keyword }
    return false
  }

  private mutating func accept(_ keyword: String) -> Bool {
    if !isKeyword(keyword) { return false }
    position += 1
    return true
  }

  private mutating func expect(_ keyword: String) throws(QueryError) {
    if !accept(keyword) { throw unexpected("'\(keyword)'") }
  }

  private mutating func expect(_ kind: Token.Kind, _ name: String) throws(QueryError) {
    if current.kind != kind { throw unexpected(name) }
    position += 1
  }

  private mutating func disjunction() throws(QueryError) -> Expression {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.depthMax {
      throw clause.error(
        .syntax, "more than \(Self.depthMax) levels of parentheses", at: current.offset)
    }
    var parts = [try conjunction()]
    while accept("or") { parts.append(try conjunction()) }
    return parts.count == 1 ? parts[0] : .or(parts)
  }

  private mutating func conjunction() throws(QueryError) -> Expression {
    var parts = [try unary()]
    while accept("and") { parts.append(try unary()) }
    return parts.count == 1 ? parts[0] : .and(parts)
  }

  private mutating func unary() throws(QueryError) -> Expression {
    var isNegated = false
    while accept("not") { isNegated.toggle() }
    let inner: Expression
    if current.kind == .open {
      position += 1
      inner = try disjunction()
      try expect(.close, "')'")
    } else {
      inner = try test()
    }
    return isNegated ? .not(inner) : inner
  }

  private mutating func test() throws(QueryError) -> Expression {
    let left = try operand("a column name")
    if case .comparison(let comparison) = current.kind {
      position += 1
      return .compare(left, comparison, try operand("a value"))
    }
    if accept("is") {
      let isNegated = accept("not")
      try expect("null")
      return .isNull(left, isNegated: isNegated)
    }
    let isNegated = accept("not")
    if accept("in") { return .member(left, try list(), isNegated: isNegated) }
    if accept("like") {
      return .like(left, try operand("a pattern between quotes"), isNegated: isNegated)
    }
    if accept("between") {
      let low = try operand("a value")
      try expect("and")
      return .between(left, low, try operand("a value"), isNegated: isNegated)
    }
    if isNegated { throw unexpected("'in', 'between' or 'like'") }
    switch left.kind {
    case .name, .quotedName: return .truth(left)
    default: throw unexpected("a comparison (=, !=, <, <=, >, >=, in, between, is null, like)")
    }
  }

  private mutating func list() throws(QueryError) -> [Operand] {
    try expect(.open, "'('")
    var values = [try operand("a value")]
    while current.kind == .comma {
      position += 1
      values.append(try operand("a value"))
    }
    try expect(.close, "',' or ')'")
    return values
  }

  private static let reserved: Set<String> = [
    "and", "or", "not", "in", "is", "between", "like",
  ]

  private mutating func operand(_ expected: String) throws(QueryError) -> Operand {
    let token = current
    let kind: Operand.Kind
    switch token.kind {
    case .number(let text): kind = .number(text)
    case .text(let text): kind = .text(text)
    case .quotedName(let name): kind = .quotedName(name)
    case .word(let word):
      let lowered = word.lowercased()
      if Self.reserved.contains(lowered) { throw unexpected(expected) }
      switch lowered {
      case "true": kind = .boolean(true)
      case "false": kind = .boolean(false)
      case "null": kind = .null
      case "timestamp", "date":
        // SQL's typed literal: the column decides the type, so the word adds nothing.
        if case .text(let text) = tokens[position + 1].kind {
          position += 1
          kind = .text(text)
        } else {
          kind = .name(word)
        }
      default: kind = .name(word)
      }
    default: throw unexpected(expected)
    }
    position += 1
    return Operand(kind: kind, offset: token.offset)
  }
}
