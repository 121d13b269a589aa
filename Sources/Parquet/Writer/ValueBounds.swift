/// Bounds of the values that are not null.
public struct ValueBounds: Hashable, Sendable {
  /// No value is less.
  public var min: StatisticsValue
  /// No value is greater.
  public var max: StatisticsValue
  /// false where a long string was cut short: no value is less than `min`, none may equal it.
  public var isMinExact: Bool
  /// Whether `max` is a value that occurs.
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
