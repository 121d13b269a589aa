import Columnar
import Glibc

/// How often, and how long apart, a request is repeated.
public struct RetryPolicy: Hashable, Sendable {
  /// Seconds that a server may ask to wait for; a longer wait is told instead of waited.
  public static let retryAfterMax = 900.0
  /// Part of a wait by which it may be shorter or longer, so that workers do not come back at once.
  public static let jitterShare = 0.25

  /// Seconds before the second attempt.
  public var initialWait: Double
  /// Each wait is the one before times this.
  public var base: Double
  /// Seconds of the longest wait.
  public var maxWait: Double
  /// Attempts in all, the first included.
  public var maxAttempts: Int

  /// Waits in seconds; each is `base` times the one before.
  public init(
    initialWait: Double = 1, base: Double = 2, maxWait: Double = 60, maxAttempts: Int = 6
  ) {
    self.initialWait = initialWait
    self.base = base
    self.maxWait = maxWait
    self.maxAttempts = maxAttempts
  }

  /// Never repeats.
  public static let once = RetryPolicy(maxAttempts: 1)

  /// Seconds to wait after an attempt: `initial_wait × base^(attempt − 1)`, a quarter more or less,
  /// at most `max_wait`.
  ///
  /// - Parameters:
  ///   - attempt: The one that did not succeed, from 1.
  ///   - jitter: 0 for the shortest wait, 1 for the longest.
  public func wait(attempt: Int, jitter: Double) -> Double {
    let nominal = initialWait * pow(base, Double(max(0, attempt - 1)))
    let varied = nominal * (1 + Self.jitterShare * (2 * min(max(jitter, 0), 1) - 1))
    return min(varied, maxWait)
  }
}

/// The `Retry-After` header: seconds, or a date.
enum RetryAfter {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Seconds from `now`, not below 0; nil for anything else.
  ///
  /// - Parameter now: Nanoseconds since 1970.
  static func seconds(_ text: String, now: Int64) -> Double? {
    let trimmed = text.drop { $0 == " " }
    if let seconds = Double(trimmed),
      trimmed.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E })
    {
      return seconds
    }
    guard let time = date(String(trimmed)) else { return nil }
    return max(0, Double(time) - Double(now) / 1e9)
  }

  /// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
  private static func date(_ text: String) -> Int? {
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT", let day = Int(parts[1]),
      let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]),
      let date = CivilDate(year: year, month: month + 1, day: day)
    else { return nil }
    let time = parts[4].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard time.count == 3, let hour = time[0], let minute = time[1], let second = time[2],
      (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    return date.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second
  }
}
