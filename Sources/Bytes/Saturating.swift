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

extension Optional where Wrapped: FixedWidthInteger {
  /// The sum of counts, nil where one is not known or the sum is more than there can be: then it is not
  /// known either. For figures that are shown.
  @inlinable
  public func adding(known other: Wrapped?) -> Wrapped? {
    guard let self, let other else { return nil }
    let (sum, overflow) = self.addingReportingOverflow(other)
    return overflow ? nil : sum
  }
}
