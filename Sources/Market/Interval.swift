/// The length of a bar: a whole number of seconds, minutes, hours or days.
public struct Interval: Hashable, Sendable, Comparable {
  /// Longest interval that is read, in nanoseconds: 366 days.
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

  /// The interval of this many nanoseconds; nil unless it is whole seconds, positive and at most
  /// `nanosecondsMax`.
  public init?(nanoseconds: Int64) {
    guard nanoseconds > 0, nanoseconds <= Self.nanosecondsMax, nanoseconds % 1_000_000_000 == 0
    else { return nil }
    self.nanoseconds = nanoseconds
  }

  /// Reads `15s`, `1m`, `1min`, `90sec`, `1h`, `1hour`, `1d`, `1day`, plurals included.
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

  /// The shortest name with a whole count: `15s`, `1m`, `1h`, `1d`. `60s` and `1min` are `1m`.
  public var name: String {
    let seconds = nanoseconds / 1_000_000_000
    for (unit, suffix) in [(Int64(86_400), "d"), (3_600, "h"), (60, "m")]
    where seconds % unit == 0 { return "\(seconds / unit)\(suffix)" }
    return "\(seconds)s"
  }

  /// Whether bars of this length tile a UTC day without a rest.
  public var dividesDay: Bool { Self.day.nanoseconds % nanoseconds == 0 }

  /// Whether bars of `other` tile one bar of this length without a rest.
  public func isMultiple(of other: Interval) -> Bool { nanoseconds % other.nanoseconds == 0 }

  /// Whether an interval is shorter.
  public static func < (left: Interval, right: Interval) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}
