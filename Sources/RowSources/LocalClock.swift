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

extension LocalClock {
  /// The clock by which a column's times without a zone are read; nil where it has none and needs
  /// none.
  ///
  /// - Parameters:
  ///   - saysUTC: Whether the column's name says that it is UTC.
  ///   - isNaive: Whether some of its first values have no zone.
  ///   - example: A value, for the message.
  static func choose(
    _ options: SourceOptions, column: String, saysUTC: Bool, isNaive: Bool, example: [UInt8]
  ) throws(SourceError) -> LocalClock? {
    let policy = options.ambiguousTime
    if saysUTC {
      if let zone = options.timeZone, !zone.isUTC, isNaive {
        throw SourceError(
          .needsTimeZone,
          "column '\(column)' says that it is UTC, and --timezone \(zone.name) was given",
          remedy: "leave out --timezone, or rename the column in the file")
      }
      return LocalClock(zone: .utc, policy: policy)
    }
    if let zone = options.timeZone { return LocalClock(zone: zone, policy: policy) }
    guard isNaive else { return nil }
    let shown = example.withUnsafeBytes { TextConversion.quoted($0) }
    throw SourceError(
      .needsTimeZone, "times like \(shown) do not say in which time zone they are",
      place: .init(column: column),
      remedy: "say it: --timezone UTC, or the exchange's: --timezone America/New_York")
  }
}
