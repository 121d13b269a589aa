import Columnar
import Platform

/// One session of an exchange. All times are instants: nanoseconds since 1970 UTC.
public struct TradingSession: Hashable, Sendable {
  /// The date that the exchange gives it: Monday's, where it opens on Sunday evening.
  public let date: CivilDate
  /// First instant of the session.
  public let open: Int64
  /// First instant after it.
  public let close: Int64
  /// Breaks in which the exchange is closed, rising, all inside.
  public let breaks: [Range<Int64>]
  /// Stretches in which nothing trades although the session goes on, rising, all inside.
  public let idle: [Range<Int64>]
  /// Shorter than the hours of that time of year.
  public let isHalfDay: Bool

  /// Whether the exchange is open at an instant.
  public func contains(_ instant: Int64) -> Bool {
    open <= instant && instant < close && !breaks.contains { $0.contains(instant) }
  }

  /// The stretches in which trades are expected: the session without breaks and idle hours.
  public var tradingStretches: [Range<Int64>] {
    var stretches = [open..<close]
    for pause in breaks + idle {
      stretches = stretches.flatMap { stretch -> [Range<Int64>] in
        guard stretch.overlaps(pause) else { return [stretch] }
        let before = stretch.lowerBound..<max(stretch.lowerBound, pause.lowerBound)
        let after = min(stretch.upperBound, pause.upperBound)..<stretch.upperBound
        return [before, after].filter { !$0.isEmpty }
      }
    }
    return stretches
  }
}

/// A question that a calendar cannot answer.
public struct CalendarError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable { case outOfRange }
  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Where it was found; nil where the message says it all.
  public var placeText: String?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }
}
