/// A bound of a column, in the column's memory form.
public enum StatisticsValue: Hashable, Sendable {
  /// Everything of up to 64 bits. Unsigned 64-bit integers keep their bits.
  case integer(Int64)
  /// Decimals of 19 to 38 digits.
  case wide(Int128)
  case double(Double)
  case bytes([UInt8])
}

/// What is known of a column's values without reading them. Bounds that are known to be wrong are left out.
public struct ColumnStatistics: Hashable, Sendable {
  /// No value is less; nil if unknown.
  public var minimum: StatisticsValue?
  /// No value is greater; nil if unknown.
  public var maximum: StatisticsValue?
  /// Whether a row has exactly this value; else it is only a bound (truncated text, for example).
  public var isMinimumExact: Bool
  /// Whether a row has exactly the value `maximum`.
  public var isMaximumExact: Bool
  /// Values that are null.
  public var nullCount: Int?
  /// Distinct values.
  public var distinctCount: Int?
  /// Values that are NaN.
  public var nanCount: Int?

  /// Statistics of a column chunk.
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
