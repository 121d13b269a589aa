extension FixedWidthInteger {
  /// The sum, or the greatest or least number where that is nearer than it: for totals of sizes that
  /// files state, of which one may be absurd.
  @inlinable
  public func adding(clamped other: Self) -> Self {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }

  /// The difference, or the greatest or least number where that is nearer than it.
  @inlinable
  public func subtracting(clamped other: Self) -> Self {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? (other < 0 ? .max : .min) : difference
  }
}
