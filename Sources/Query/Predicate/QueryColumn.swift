import Columnar

/// A column that a query can use.
struct QueryColumn: Equatable, Sendable {
  enum Origin: Equatable, Sendable {
    /// Stored in the data files under this name.
    case file(String)
    /// The same value in every row of a file, from its partition.
    case partition(String)
  }

  var name: String
  var type: ColumnType
  var origin: Origin
  /// The column with the nanoseconds beyond this one's microseconds.
  var plusName: String?
  /// How a nested column is read; its type is then `json`.
  var nested: NestedReading?
  /// Whether it is a long that holds an unsigned number's bits.
  var isUnsigned = false
  var digits = TimeDigits.microseconds

  /// Prints times with the same number of fraction digits: at least so many, and as many as the unit has.
  mutating func widenTimes(to asked: TimeDigits) {
    guard case .timestamp(let unit, _) = type else { return }
    let stored: TimeDigits = isPair ? .nanoseconds : TimeDigits(unit)
    digits = stored.rawValue > asked.rawValue ? stored : asked
  }

  var isPair: Bool { plusName != nil }
  var isUnsigned64: Bool {
    isUnsigned || type == .integer(bitWidth: 64, isSigned: false)
  }

  /// Whether values can be compared with numbers or times.
  var hasNumericDomain: Bool {
    switch type.storage {
    case .integers, .wide, .doubles: type != .null
    case .bytes: false
    }
  }

  var isText: Bool {
    switch type {
    case .string, .json, .enumeration: true
    default: false
    }
  }
}

/// The integers by which a column's values are compared.
///
/// Integers, dates, times and decimals are their own unscaled integers; a time pair is its
/// nanoseconds; a double is mapped to an integer of the same order.
enum ValueDomain {
  /// Order-preserving: −0 and 0 are adjacent, NaN is beyond both infinities.
  static func key(_ value: Double) -> Int128 { Int128(narrowKey(value)) }

  @inline(__always)
  static func narrowKey(_ value: Double) -> Int64 {
    let bits = Int64(bitPattern: value.bitPattern)
    return bits >= 0 ? bits : bits ^ Int64.max
  }

  /// The value of a key.
  static func double(_ key: Int64) -> Double {
    Double(bitPattern: UInt64(bitPattern: key >= 0 ? key : key ^ Int64.max))
  }

  /// Fraction digits of a time or decimal in its domain; nil for a type that has none.
  static func scale(of column: QueryColumn) -> Int? {
    switch column.type {
    case .boolean, .integer: return 0
    case .decimal(_, let scale): return scale
    case .time(let unit, _): return scale(unit)
    case .timestamp(let unit, _): return column.isPair ? 9 : scale(unit)
    default: return nil
    }
  }

  private static func scale(_ unit: TimeUnit) -> Int {
    switch unit {
    case .milliseconds: 3
    case .microseconds: 6
    case .nanoseconds: 9
    }
  }
}
