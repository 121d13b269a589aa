/// A where-clause as written: names are not resolved yet, literals not typed.
indirect enum Expression: Equatable {
  case and([Expression])
  case or([Expression])
  case not(Expression)
  case compare(Operand, Comparison, Operand)
  case member(Operand, [Operand], isNegated: Bool)
  case between(Operand, Operand, Operand, isNegated: Bool)
  case isNull(Operand, isNegated: Bool)
  case like(Operand, Operand, isNegated: Bool)
  /// A boolean column by itself.
  case truth(Operand)
}

/// A column name or a literal, and its offset in the clause.
struct Operand: Equatable {
  enum Kind: Equatable {
    case name(String)
    /// Between double quotes: a column of that name, or else text.
    case quotedName(String)
    case number(String)
    case text(String)
    case boolean(Bool)
    case null
  }

  var kind: Kind
  /// Byte offset in the clause.
  var offset: Int
}

enum Comparison: String, Equatable {
  case equal = "="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="

  /// `a op b` is `b op.flipped a`.
  var flipped: Comparison {
    switch self {
    case .equal, .notEqual: self
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    }
  }

  /// `not (a op b)` is `a op.negated b`.
  var negated: Comparison {
    switch self {
    case .equal: .notEqual
    case .notEqual: .equal
    case .less: .greaterOrEqual
    case .lessOrEqual: .greater
    case .greater: .lessOrEqual
    case .greaterOrEqual: .less
    }
  }
}

/// A clause, and errors that point into it.
struct ClauseText {
  private static let excerptCharacterCount = 120

  var text: String

  /// An error with a caret under the character at `offset`.
  func error(
    _ code: QueryError.Code, _ message: String, at offset: Int, remedy: String? = nil
  ) -> QueryError {
    let column = String(decoding: text.utf8.prefix(offset), as: UTF8.self).count
    // Control characters would move the caret.
    let line = String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    // Of a long clause, only the part around the fault is shown.
    let first = max(0, column - Self.excerptCharacterCount / 2)
    let rest = line.dropFirst(first)
    let shown = (first > 0 ? "…" : "") + rest.prefix(Self.excerptCharacterCount)
    let caret = String(repeating: " ", count: column - first + (first > 0 ? 1 : 0)) + "^"
    return QueryError(
      code, message, at: "--where, character \(column + 1)",
      excerpt: [shown + (rest.count > Self.excerptCharacterCount ? "…" : ""), caret],
      remedy: remedy)
  }
}
