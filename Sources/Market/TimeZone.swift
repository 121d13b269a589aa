import Bytes
import Glibc
import Platform

/// The UTC offsets of one time zone, past and future.
///
/// - `transitions` are strictly increasing; `offsets[i]` applies from `transitions[i]` to the next one.
/// - Before the first transition `firstOffset` applies; after the last one the footer's rule, if there is one.
/// - No two neighbouring offsets differ by more than `offsetStepMax` seconds.
///
/// Spec: RFC 9636 (TZif versions 1 to 4), POSIX.1 `TZ` with its extension of hours to ±167.
public struct TimeZoneRules: Sendable, Equatable {
  /// Largest offset change of any real zone (a whole day at the date line), in seconds.
  static let offsetStepMax: Int64 = 26 * 3600
  /// Start of the first segment and end of the last: ± 73 million years, so that adding an offset cannot
  /// overflow.
  static let distantSeconds: Int64 = 1 << 51

  /// The name it was looked up by.
  public let name: String
  let transitions: [Int64]
  let offsets: [Int32]
  let firstOffset: Int32
  let footer: TimeZoneFooter?

  /// Coordinated universal time; needs no files.
  public static let utc = TimeZoneRules(name: "UTC", fixedOffset: 0)

  /// A zone with a constant offset.
  ///
  /// - Parameter fixedOffset: Seconds east of UTC.
  public init(name: String, fixedOffset: Int) {
    self.init(
      name: name, transitions: [], offsets: [], firstOffset: Int32(clamping: fixedOffset),
      footer: nil)
  }

  init(
    name: String, transitions: [Int64], offsets: [Int32], firstOffset: Int32,
    footer: TimeZoneFooter?
  ) {
    self.name = name
    self.transitions = transitions
    self.offsets = offsets
    self.firstOffset = firstOffset
    self.footer = footer
  }

  /// Whether the offset is always zero.
  public var isUTC: Bool { transitions.isEmpty && firstOffset == 0 && footer?.hasDaylight != true }

  /// A time range with a constant offset.
  public struct Segment: Sendable, Equatable {
    /// First second, UTC, since 1970.
    public var start: Int64
    /// First second after it, UTC, since 1970.
    public var end: Int64
    /// Seconds east of UTC.
    public var offset: Int64
  }

  /// The instants that a local time can denote.
  public enum LocalTime: Sendable, Equatable {
    /// One instant: seconds since 1970, UTC.
    case one(Int64)
    /// Ambiguous: the clocks were set back, so that it occurred twice.
    case two(earlier: Int64, later: Int64)
    /// Skipped: the clocks were set forward over it.
    case none
  }

  /// The segment that contains an instant.
  ///
  /// - Parameter seconds: Seconds since 1970, UTC; clamped to ± `distantSeconds`.
  public func segment(at seconds: Int64) -> Segment {
    let time = min(max(seconds, -Self.distantSeconds), Self.distantSeconds - 1)
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= time { low = middle + 1 } else { high = middle }
    }
    if low == transitions.count, let footer {
      var segment = footer.segment(at: time)
      if let last = transitions.last { segment.start = max(segment.start, last) }
      return segment
    }
    return Segment(
      start: low == 0 ? -Self.distantSeconds : transitions[low - 1],
      end: low == transitions.count ? Self.distantSeconds : transitions[low],
      offset: Int64(low == 0 ? firstOffset : offsets[low - 1]))
  }

  /// Seconds east of UTC at an instant.
  public func offset(at seconds: Int64) -> Int64 { segment(at: seconds).offset }

  /// The instants whose local time is `reading`.
  ///
  /// - Parameter reading: The local time as if it were UTC: seconds since 1970-01-01T00:00:00.
  public func resolve(local reading: Int64) -> LocalTime {
    let local = min(max(reading, -Self.distantSeconds / 2), Self.distantSeconds / 2)
    var found: [Int64] = []
    var segment = segment(at: local - Self.offsetStepMax)
    while true {
      let instant = local - segment.offset
      if segment.start <= instant, instant < segment.end { found.append(instant) }
      if segment.end > local + Self.offsetStepMax || segment.end == Self.distantSeconds { break }
      segment = self.segment(at: segment.end)
    }
    switch found.count {
    case 0: return .none
    case 1: return .one(found[0])
    default: return .two(earlier: found[0], later: found[1])
    }
  }

  /// The local calendar date at an instant, as days since 1970-01-01.
  ///
  /// - Parameter nanoseconds: Nanoseconds since 1970, UTC.
  public func localDay(nanoseconds: Int64) -> Int {
    let seconds = floorDivide(nanoseconds, 1_000_000_000)
    return Int(floorDivide(seconds + offset(at: seconds), 86_400))
  }

  /// First instant of a local calendar date, in seconds since 1970, UTC; also right where midnight itself was
  /// skipped.
  public func startOfDay(_ day: Int) -> Int64 {
    let local = Int64(day) * 86_400
    switch resolve(local: local) {
    case .one(let instant), .two(let instant, _): return instant
    case .none: return segment(at: local - segment(at: local - Self.offsetStepMax).offset).start
    }
  }
}

/// A time zone that is unknown, corrupt or not supported.
public struct TimeZoneError: LakeError, Equatable {
  /// The kinds of error.
  public enum Code: String, Sendable { case unknown, corrupt, unsupported }
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
