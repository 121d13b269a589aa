import Columnar

/// A leaf column of a file to be written. OPTIONAL, unless `isRequired` is set.
public struct WriterColumn: Hashable, Sendable {
  /// Name and type.
  public var field: Field
  /// Whether bounds are written for it, in the footer and per page.
  public var hasStatistics: Bool
  /// Whether it is flat and REQUIRED: it has no nulls, and stores no levels.
  public var isRequired = false
  /// Whether its values, `binary(12)`, are INT96 times.
  public var isInt96 = false

  /// A column that is to be written.
  public init(_ field: Field, hasStatistics: Bool = true) {
    self.field = field
    self.hasStatistics = hasStatistics
  }

  /// How values are stored.
  public var physicalType: PhysicalType {
    if isInt96 { return .int96 }
    return switch field.type {
    case .boolean: .boolean
    case .integer(let bitWidth, _): bitWidth <= 32 ? .int32 : .int64
    case .float16, .uuid, .interval: .fixedLengthByteArray
    case .float: .float
    case .double: .double
    case .decimal(let precision, _): precision <= 18 ? .int64 : .fixedLengthByteArray
    case .string, .json, .enumeration: .byteArray
    case .binary(let fixed): fixed == nil ? .byteArray : .fixedLengthByteArray
    case .date, .null: .int32
    case .time(let unit, _): unit == .milliseconds ? .int32 : .int64
    case .timestamp: .int64
    }
  }

  /// Size of a FIXED_LEN_BYTE_ARRAY or INT96 value; nil for other physical types.
  public var typeLength: Int? {
    switch field.type {
    case .float16: 2
    case .uuid: 16
    case .interval: 12
    case .binary(let fixed): fixed
    case .decimal(let precision, _): precision > 18 ? Self.decimalByteCount(precision) : nil
    default: nil
    }
  }

  /// The fewest bytes whose two's complement holds every decimal of `precision` digits.
  static func decimalByteCount(_ precision: Int) -> Int {
    var byteCount = 1
    while decimalMax(precision) > (Int128(1) << (8 * byteCount - 1)) - 1 {
      byteCount += 1
      if byteCount == 16 { break }
    }
    return byteCount
  }

  /// The greatest unscaled value of `precision` digits.
  static func decimalMax(_ precision: Int) -> Int128 {
    var power: Int128 = 1
    for _ in 0..<Swift.min(precision, 38) { power *= 10 }
    return power - 1
  }

  /// Whether values compare as unsigned integers.
  var isUnsigned: Bool {
    if case .integer(_, isSigned: false) = field.type { true } else { false }
  }

  /// Whether runs of equal values are used: see `ColumnSource.runStarts`.
  public var mayHaveRuns: Bool { physicalType != .boolean }

  /// Whether the format defines an order for the type; without one there are no bounds.
  var isOrdered: Bool {
    if isInt96 { return false }
    return switch field.type {
    case .interval, .null, .float16: false
    default: true
    }
  }

  var schemaElement: SchemaElement {
    var element = SchemaElement(
      type: physicalType, typeLength: isInt96 ? nil : typeLength.map(Int32.init),
      repetition: isRequired ? .required : .optional,
      name: field.name)
    annotate(&element)
    return element
  }

  /// Sets the logical type, and the older converted type if there is one.
  private func annotate(_ element: inout SchemaElement) {
    switch field.type {
    case .boolean, .float, .double, .binary: break
    case .integer(let bitWidth, let isSigned):
      annotateInteger(bitWidth, isSigned, &element)
    case .float16: element.logicalType = .float16
    case .decimal(let precision, let scale):
      element.logicalType = .decimal(scale: Int32(scale), precision: Int32(precision))
      element.convertedType = .decimal
      element.scale = Int32(scale)
      element.precision = Int32(precision)
    case .string: (element.logicalType, element.convertedType) = (.string, .utf8)
    case .json: (element.logicalType, element.convertedType) = (.json, .json)
    case .enumeration: (element.logicalType, element.convertedType) = (.enumeration, .enumeration)
    case .uuid: element.logicalType = .uuid
    case .date: (element.logicalType, element.convertedType) = (.date, .date)
    case .time(let unit, let isUTC):
      element.logicalType = .time(isAdjustedToUTC: isUTC, unit: unit)
      // The converted types are in UTC; there is none for nanoseconds.
      if isUTC && unit == .milliseconds { element.convertedType = .timeMillis }
      if isUTC && unit == .microseconds { element.convertedType = .timeMicros }
    case .timestamp(let unit, let isUTC):
      element.logicalType = .timestamp(isAdjustedToUTC: isUTC, unit: unit)
      if isUTC && unit == .milliseconds { element.convertedType = .timestampMillis }
      if isUTC && unit == .microseconds { element.convertedType = .timestampMicros }
    case .interval: element.convertedType = .interval
    case .null: element.logicalType = .unknown
    }
  }

  private func annotateInteger(
    _ bitWidth: Int, _ isSigned: Bool, _ element: inout SchemaElement
  ) {
    // Plain INT32 and INT64 need no annotation.
    if isSigned && bitWidth >= 32 { return }
    element.logicalType = .integer(bitWidth: Int8(bitWidth), isSigned: isSigned)
    element.convertedType =
      switch (bitWidth, isSigned) {
      case (8, true): .int8
      case (16, true): .int16
      case (8, false): .uint8
      case (16, false): .uint16
      case (32, false): .uint32
      default: .uint64
      }
  }
}
