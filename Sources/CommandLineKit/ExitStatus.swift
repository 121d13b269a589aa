/// What a command's process ends with.
public enum ExitStatus: Int32, Sendable {
  /// All was done.
  case done = 0
  /// All was done, and something was found that a person should look at.
  case findings = 1
  /// Something could not be done.
  case failed = 2
  /// The command line itself was wrong; nothing was begun.
  case usage = 64
  /// Stopped by Ctrl-C or a request to end.
  case interrupted = 130

  /// The worse of two, for commands that go on after a failure.
  public func worse(_ other: ExitStatus) -> ExitStatus {
    rawValue >= other.rawValue ? self : other
  }
}
