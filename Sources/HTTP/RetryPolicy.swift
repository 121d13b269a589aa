import Columnar
import Glibc

/// How often, and after which delays, a request is retried.
public struct RetryPolicy: Hashable, Sendable {
  /// Longest `Retry-After` that is honoured, in seconds; a longer one is reported as an error.
  public static let retryAfterMax = 900.0
  /// Random share of a delay that is added or subtracted, so that workers do not retry in step.
  public static let jitterShare = 0.25

  /// Delay before the second attempt, in seconds.
  public var initialWait: Double
  /// Factor between one delay and the next.
  public var base: Double
  /// Longest delay, in seconds.
  public var maxWait: Double
  /// Number of attempts, the first one included.
  public var maxAttempts: Int

  /// Delays in seconds; each is `base` times the one before.
  public init(
    initialWait: Double = 1, base: Double = 2, maxWait: Double = 60, maxAttempts: Int = 6
  ) {
    self.initialWait = initialWait
    self.base = base
    self.maxWait = maxWait
    self.maxAttempts = maxAttempts
  }

  /// A policy without retries.
  public static let once = RetryPolicy(maxAttempts: 1)

  /// Delay after an attempt in seconds: `initial_wait × base^(attempt − 1)`, a quarter more or less, at most
  /// `max_wait`.
  ///
  /// - Parameters:
  ///   - attempt: Number of the failed attempt, from 1.
  ///   - jitter: 0 for the shortest delay, 1 for the longest.
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

  /// Seconds from `now`, at least 0; nil for an invalid value.
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
