/// A bound of a column, in the column's memory form.
public enum StatisticsValue: Hashable, Sendable {
  /// Everything of up to 64 bits. Unsigned 64-bit integers keep their bits.
  case integer(Int64)
  /// Decimals of 19 to 38 digits.
  case wide(Int128)
  case double(Double)
  case bytes([UInt8])
}

/// What is known of a column's values without reading them. Bounds known to be wrong are absent.
public struct ColumnStatistics: Hashable, Sendable {
  public var minimum: StatisticsValue?
  public var maximum: StatisticsValue?
  /// Whether some row has exactly this value; else it is only a bound (truncated text, say).
  public var isMinimumExact: Bool
  public var isMaximumExact: Bool
  public var nullCount: Int?
  public var distinctCount: Int?
  public var nanCount: Int?

  public init(
    minimum: StatisticsValue? = nil, maximum: StatisticsValue? = nil,
    isMinimumExact: Bool = false, isMaximumExact: Bool = false, nullCount: Int? = nil,
    distinctCount: Int? = nil, nanCount: Int? = nil
  ) {
    self.minimum = minimum
    self.maximum = maximum
    self.isMinimumExact = isMinimumExact
    self.isMaximumExact = isMaximumExact
    self.nullCount = nullCount
    self.distinctCount = distinctCount
    self.nanCount = nanCount
  }
}
