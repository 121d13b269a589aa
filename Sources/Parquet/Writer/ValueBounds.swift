/// Bounds of the non-null values.
public struct ValueBounds: Hashable, Sendable {
  /// No value is less.
  public var min: StatisticsValue
  /// No value is greater.
  public var max: StatisticsValue
  /// false if a long string was truncated: no value is less than `min`, and none need equal it.
  public var isMinExact: Bool
  /// Whether a row has exactly the value `max`.
  public var isMaxExact: Bool

  /// Bounds of some values.
  public init(
    min: StatisticsValue, max: StatisticsValue, isMinExact: Bool = true, isMaxExact: Bool = true
  ) {
    self.min = min
    self.max = max
    self.isMinExact = isMinExact
    self.isMaxExact = isMaxExact
  }
}
