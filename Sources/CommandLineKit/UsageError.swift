import Platform

/// A command line that cannot be understood: exit status 64.
public struct UsageError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    case unknownCommand, unknownFlag, missingValue, badValue, missingOperand, unexpectedOperand
    case repeatedFlag, contradiction
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Where in a value, with the value and a mark below it; nil where the message says it all.
  public var place: String?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?
  /// The verb whose help would answer; nil before a verb is known.
  public var command: String?

  /// An error of one kind.
  public init(
    _ code: Code, _ message: String, place: String? = nil, remedy: String? = nil,
    command: String? = nil
  ) {
    self.code = code
    self.message = message
    self.place = place
    self.remedy = remedy
    self.command = command
  }

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? { place }
}

/// Thrown by a command whose reader has closed the pipe: the program ends at once with status 0.
public struct OutputClosed: Error, Sendable {
  /// Ends the command.
  public init() {}
}

/// Thrown by a command that noticed `Context.isInterrupted`: the program ends with status 130.
public struct Interrupted: Error, Sendable {
  /// Carries nothing: the signal says it all.
  public init() {}
}
