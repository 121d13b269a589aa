import Bytes

/// A query that cannot be understood, planned or answered.
public struct QueryError: LakeError, Hashable {
  public enum Code: String, Sendable {
    case syntax, unknownColumn, typeMismatch, badRange, badTable, badData, outputExists, output,
      spill
  }

  public var code: Code
  public var message: String
  /// File, row group, column; or the clause with a caret under the offending character.
  public var placeText: String?
  public var remedy: String?

  public init(_ code: Code, _ message: String, at place: String? = nil, remedy: String? = nil) {
    self.code = code
    self.message = message
    placeText = place
    self.remedy = remedy
  }
}

extension QueryError {
  /// Whether the command line contradicts itself: nothing about the data could make it right.
  public var isUsage: Bool { code == .badRange }
}
