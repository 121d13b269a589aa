/// A rate limit: a number of requests per time window.
public struct RateLimit: Hashable, Sendable, CustomStringConvertible {
  /// Most timestamps that are stored; a higher limit is scaled down to a shorter window.
  public static let countMax = 1024

  /// Most requests per window.
  public let count: Int
  /// Length of the window in nanoseconds.
  public let window: Int64

  /// - Parameters:
  ///   - count: Requests in any one window, from 1.
  ///   - seconds: Length of the window, from 1.
  public init(count: Int, seconds: Int) {
    let parts = (max(1, count) + Self.countMax - 1) / Self.countMax
    self.count = max(1, count) / parts
    window = Int64(max(1, seconds)) * 1_000_000_000 / Int64(parts)
  }

  /// Parses `5/min`, `10/s`, `100/h`, `5/minute` and similar; nil for anything else.
  public static func parse(_ text: String) -> RateLimit? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[0]), (1...1_000_000).contains(count) else {
      return nil
    }
    switch parts[1] {
    case "s", "sec", "second": return RateLimit(count: count, seconds: 1)
    case "m", "min", "minute": return RateLimit(count: count, seconds: 60)
    case "h", "hour": return RateLimit(count: count, seconds: 3600)
    case "d", "day": return RateLimit(count: count, seconds: 86_400)
    default: return nil
    }
  }

  /// The accepted form, for error messages.
  public static let expected = "a rate like 5/min or 10/s"

  /// The configured form, such as `10/s`.
  public var description: String {
    switch window {
    case 1_000_000_000: "\(count)/s"
    case 60_000_000_000: "\(count)/min"
    case 3_600_000_000_000: "\(count)/h"
    default: "\(count) in \(window / 1_000_000) ms"
    }
  }
}
