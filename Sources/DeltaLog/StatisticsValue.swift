import Columnar

/// A bound of a column in a data file.
public enum StatValue: Hashable, Sendable {
  /// Every integer type; dates as days, timestamps as microseconds, booleans as 0 and 1.
  case integer(Int64)
  /// Unscaled decimal, at the column's scale.
  case decimal(Int128)
  case double(Double)
  case string(String)
}

/// The statistics of one column in a file.
public struct ColumnBounds: Hashable, Sendable {
  /// No value is below it; nil if nothing is known.
  public var minimum: StatValue?
  /// No value is above it; nil if nothing is known.
  public var maximum: StatValue?
  /// Whether values may begin with `maximum` and continue: long strings are truncated.
  public var maximumIsPrefix = false
  /// Rows without a value.
  public var nullCount: Int64?

  /// Bounds and null count of a column in a file.
  public init(
    minimum: StatValue? = nil, maximum: StatValue? = nil, maximumIsPrefix: Bool = false,
    nullCount: Int64? = nil
  ) {
    self.minimum = minimum
    self.maximum = maximum
    self.maximumIsPrefix = maximumIsPrefix
    self.nullCount = nullCount
  }
}
