/// Bounds of the values that are not null.
public struct ValueBounds: Hashable, Sendable {
  public var min: StatisticsValue
  public var max: StatisticsValue
  /// false where a long string was cut short: no value is less than `min`, none may equal it.
  public var isMinExact: Bool
  public var isMaxExact: Bool

  public init(
    min: StatisticsValue, max: StatisticsValue, isMinExact: Bool = true, isMaxExact: Bool = true
  ) {
    self.min = min
    self.max = max
    self.isMinExact = isMinExact
    self.isMaxExact = isMaxExact
  }
}
