import Columnar

/// A value of any type, nested ones included: how rows are read and written where speed does not matter.
public indirect enum Value: Hashable, Sendable {
  case null
  case boolean(Bool)
  /// Signed integers of every width.
  case integer(Int64)
  case unsigned(UInt64)
  /// Half and single precision.
  case float(Float)
  case double(Double)
  /// unscaled × 10^−scale.
  case decimal(unscaled: Int128, scale: Int)
  /// A decimal of more than 38 digits: two's complement, most significant byte first.
  case oversize(unscaled: [UInt8], scale: Int)
  /// Text: string, enum and JSON columns.
  case string(String)
  case binary([UInt8])
  /// 16 bytes, most significant first.
  case uuid([UInt8])
  /// Days since 1970-01-01.
  case date(Int32)
  /// Units since midnight.
  case time(Int64, TimeUnit, isUTC: Bool)
  /// Units since 1970-01-01T00:00:00; an instant when `isUTC`, else a time on some local clock.
  case timestamp(Int64, TimeUnit, isUTC: Bool)
  case interval(months: UInt32, days: UInt32, milliseconds: UInt32)
  case list([Value])
  /// In the file's order; keys may repeat.
  case map([MapEntry])
  /// In the schema's order.
  case structure([Member])

  /// An entry of a map.
  public struct MapEntry: Hashable, Sendable {
    /// The key, never null.
    public var key: Value
    /// The value.
    public var value: Value

    /// An entry of a map.
    public init(key: Value, value: Value) {
      self.key = key
      self.value = value
    }
  }

  /// A field of a struct.
  public struct Member: Hashable, Sendable {
    /// The field's name.
    public var name: String
    /// `.null` if the field is null.
    public var value: Value

    /// A field of a struct.
    public init(_ name: String, _ value: Value) {
      self.name = name
      self.value = value
    }
  }
}

extension Value {
  /// A structure's member; nil if it has none of this name, or this is no structure.
  public subscript(member: String) -> Value? {
    guard case .structure(let members) = self else { return nil }
    return members.first { $0.name == member }?.value
  }

  /// Whether it is `.null`.
  public var isNull: Bool { self == .null }

  /// The text of a string; nil for any other value.
  public var text: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// The number of a signed integer; nil for any other value.
  public var integer: Int64? {
    if case .integer(let number) = self { return number }
    return nil
  }

  /// The truth value; nil for any other value.
  public var boolean: Bool? {
    if case .boolean(let value) = self { return value }
    return nil
  }

  /// The elements of a list; nil for any other value.
  public var elements: [Value]? {
    if case .list(let elements) = self { return elements }
    return nil
  }

  /// The entries of a map; nil for any other value.
  public var entries: [MapEntry]? {
    if case .map(let entries) = self { return entries }
    return nil
  }

  /// The fields of a struct; nil for any other value.
  public var members: [Member]? {
    if case .structure(let members) = self { return members }
    return nil
  }
}
