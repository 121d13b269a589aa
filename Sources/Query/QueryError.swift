import Platform

/// A query that cannot be understood, planned or answered.
public struct QueryError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    case syntax, unknownColumn, typeMismatch, badRange, badTable, badData, output,
      spill
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// File, row group, column; or where in a clause.
  public var place: String?
  /// The clause, and a caret under the offending character.
  public var excerpt: [String]
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?

  /// An error of one kind.
  public init(
    _ code: Code, _ message: String, at place: String? = nil, excerpt: [String] = [],
    remedy: String? = nil
  ) {
    self.code = code
    self.message = message
    self.place = place
    self.excerpt = excerpt
    self.remedy = remedy
  }

  /// Where in the table or file, then the line of the expression with a mark under the fault.
  public var placeLines: [String] {
    (place.map { [$0] } ?? []) + excerpt.map { "      " + $0 }
  }

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? {
    place == nil ? nil : placeLines.joined(separator: "\n")
  }
}

extension QueryError {
  /// Whether the command line itself is wrong, whatever the data.
  public var isUsage: Bool { code == .badRange || code == .syntax }
}
