extension FixedWidthInteger {
  /// The sum, clamped to the type's range: for totals of sizes read from files, which may be absurd.
  @inlinable
  public func adding(clamped other: Self) -> Self {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }

  /// The difference, clamped to the type's range.
  @inlinable
  public func subtracting(clamped other: Self) -> Self {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? (other < 0 ? .max : .min) : difference
  }
}

extension Optional where Wrapped: FixedWidthInteger {
  /// The sum of counts; nil if one of them is unknown or the sum overflows. For figures that are displayed.
  @inlinable
  public func adding(known other: Wrapped?) -> Wrapped? {
    guard let self, let other else { return nil }
    let (sum, overflow) = self.addingReportingOverflow(other)
    return overflow ? nil : sum
  }
}
