import Platform

/// A command line that cannot be understood: exit status 64.
public struct UsageError: LakeError, Hashable {
  public enum Code: String, Sendable {
    case unknownCommand, unknownFlag, missingValue, badValue, missingOperand, unexpectedOperand
    case repeatedFlag, contradiction
  }

  public var code: Code
  public var message: String
  public var remedy: String?
  /// The verb whose help would answer; nil before a verb is known.
  public var command: String?

  public init(_ code: Code, _ message: String, remedy: String? = nil, command: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
    self.command = command
  }

  public var placeText: String? { nil }
}

/// Thrown by a command whose reader has closed the pipe: the program ends at once with status 0.
public struct OutputClosed: Error, Sendable {
  public init() {}
}

/// Thrown by a command that noticed `Context.isInterrupted`: the program ends with status 130.
public struct Interrupted: Error, Sendable {
  public init() {}
}
