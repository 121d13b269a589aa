import Market

/// Turns the readings of one zone's clocks into instants; fast far from changes of the clocks.
struct LocalClock {
  enum Reading: Equatable {
    case instant(Int64)
    /// The clocks were set forward over it.
    case gap
    /// The clocks showed it twice, and the policy is to reject.
    case ambiguous
    case outOfRange
  }

  /// Around a change of the clocks every reading is looked up; farther away than this the offset
  /// of the segment is all there is to know.
  private static let margin: Int64 = 2 * 86_400

  let zone: TimeZoneRules
  let policy: AmbiguousTime
  /// Readings that the clocks showed twice and that were decided by the policy.
  private(set) var ambiguousCount: Int64 = 0
  /// Local seconds in which `offset` is the only one.
  private(set) var low: Int64 = 0
  private(set) var high: Int64 = 0
  private(set) var offset: Int64 = 0

  init(zone: TimeZoneRules, policy: AmbiguousTime) {
    self.zone = zone
    self.policy = policy
  }

  /// The instant of a local reading, both in nanoseconds since 1970.
  mutating func instant(_ reading: Int64) -> Reading {
    var seconds = reading / 1_000_000_000
    var fraction = reading % 1_000_000_000
    if fraction < 0 {
      seconds -= 1
      fraction += 1_000_000_000
    }
    if seconds >= low && seconds < high { return join(seconds - offset, fraction) }
    let segment = zone.segment(at: seconds)
    if seconds >= segment.start + segment.offset + Self.margin,
      seconds < segment.end + segment.offset - Self.margin
    {
      low = segment.start + segment.offset + Self.margin
      high = segment.end + segment.offset - Self.margin
      offset = segment.offset
      return join(seconds - offset, fraction)
    }
    switch zone.resolve(local: seconds) {
    case .none: return .gap
    case .one(let instant): return join(instant, fraction)
    case .two(let earlier, let later):
      if policy == .reject { return .ambiguous }
      ambiguousCount += 1
      return join(policy == .earliest ? earlier : later, fraction)
    }
  }

  private func join(_ seconds: Int64, _ fraction: Int64) -> Reading {
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (total, carry) = scaled.addingReportingOverflow(fraction)
    return overflow || carry ? .outOfRange : .instant(total)
  }
}
