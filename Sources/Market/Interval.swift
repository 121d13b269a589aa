/// The length of a bar: a whole number of seconds, minutes, hours or days.
public struct Interval: Hashable, Sendable, Comparable {
  /// Longest accepted interval, in nanoseconds: 366 days.
  public static let nanosecondsMax: Int64 = 366 * 86_400 * 1_000_000_000

  /// A second.
  public static let second = Interval(uncheckedSeconds: 1)
  /// A minute.
  public static let minute = Interval(uncheckedSeconds: 60)
  /// An hour.
  public static let hour = Interval(uncheckedSeconds: 3_600)
  /// A day.
  public static let day = Interval(uncheckedSeconds: 86_400)

  /// The length in nanoseconds, always a positive number of whole seconds.
  public let nanoseconds: Int64

  private init(uncheckedSeconds seconds: Int64) { nanoseconds = seconds * 1_000_000_000 }

  /// The interval of this length; nil unless it is a positive number of whole seconds, at most
  /// `nanosecondsMax`.
  public init?(nanoseconds: Int64) {
    guard nanoseconds > 0, nanoseconds <= Self.nanosecondsMax, nanoseconds % 1_000_000_000 == 0
    else { return nil }
    self.nanoseconds = nanoseconds
  }

  /// Parses `15s`, `1m`, `1min`, `90sec`, `1h`, `1hour`, `1d`, `1day`, plurals included.
  ///
  /// - Returns: nil for anything else, for zero, and for more than `nanosecondsMax`.
  public static func parse(_ text: String) -> Interval? {
    let digits = text.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }
    guard !digits.isEmpty, digits.count <= 8, let count = Int64(String(digits) ?? "") else {
      return nil
    }
    let unit: Int64
    switch String(text.utf8.dropFirst(digits.count)) ?? "" {
    case "s", "sec", "secs", "second", "seconds": unit = 1
    case "m", "min", "mins", "minute", "minutes", "T": unit = 60
    case "h", "hr", "hrs", "hour", "hours", "H": unit = 3_600
    case "d", "day", "days", "D": unit = 86_400
    default: return nil
    }
    return Interval(nanoseconds: count * unit * 1_000_000_000)
  }

  /// The canonical name, in the largest unit with a whole count: `15s`, `1m`, `1h`, `1d`. `60s` and `1min` give
  /// `1m`.
  public var name: String {
    let seconds = nanoseconds / 1_000_000_000
    for (unit, suffix) in [(Int64(86_400), "d"), (3_600, "h"), (60, "m")]
    where seconds % unit == 0 { return "\(seconds / unit)\(suffix)" }
    return "\(seconds)s"
  }

  /// Whether the interval divides a UTC day evenly.
  public var dividesDay: Bool { Self.day.nanoseconds % nanoseconds == 0 }

  /// Whether this interval is a whole number of `other` intervals.
  public func isMultiple(of other: Interval) -> Bool { nanoseconds % other.nanoseconds == 0 }

  /// Orders by length.
  public static func < (left: Interval, right: Interval) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}
