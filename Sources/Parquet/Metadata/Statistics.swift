// The structs of the same names in parquet.thrift. Unknown fields are skipped.

/// Sizes and level histograms of a page or chunk.
public struct SizeStatistics: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// Bytes of all texts or binaries, without their lengths.
  public var unencodedByteArrayDataByteCount: Int64?
  /// Values by repetition level, from 0.
  public var repetitionLevelHistogram: [Int64]?
  /// Values by definition level, from 0.
  public var definitionLevelHistogram: [Int64]?

  /// Sizes of values in memory.
  public init(
    unencodedByteArrayDataByteCount: Int64? = nil, repetitionLevelHistogram: [Int64]? = nil,
    definitionLevelHistogram: [Int64]? = nil
  ) {
    self.unencodedByteArrayDataByteCount = unencodedByteArrayDataByteCount
    self.repetitionLevelHistogram = repetitionLevelHistogram
    self.definitionLevelHistogram = definitionLevelHistogram
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var unencodedByteArrayDataByteCount: Int64?
    var repetitionLevelHistogram: [Int64]?
    var definitionLevelHistogram: [Int64]?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: unencodedByteArrayDataByteCount = try reader.readI64(wire)
      case 2: repetitionLevelHistogram = try reader.readI64s(wire)
      case 3: definitionLevelHistogram = try reader.readI64s(wire)
      default: try reader.skip(wire)
      }
    }
    self.unencodedByteArrayDataByteCount = unencodedByteArrayDataByteCount
    self.repetitionLevelHistogram = repetitionLevelHistogram
    self.definitionLevelHistogram = definitionLevelHistogram
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.i64(1, unencodedByteArrayDataByteCount)
    writer.i64s(2, repetitionLevelHistogram)
    writer.i64s(3, definitionLevelHistogram)
    writer.endStruct()
  }
}

/// Bounds of a page or chunk, as stored: values in PLAIN form, without length prefixes.
public struct Statistics: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// In signed byte order, whatever the type: valid only for signed numbers.
  public var deprecatedMax: [UInt8]?
  /// The least value in the same order.
  public var deprecatedMin: [UInt8]?
  /// Values that are null.
  public var nullCount: Int64?
  /// Distinct values.
  public var distinctCount: Int64?
  /// In the column's own order.
  public var maxValue: [UInt8]?
  /// No value is less, in the column's own order.
  public var minValue: [UInt8]?
  /// Whether a row has exactly `maxValue`.
  public var isMaxValueExact: Bool?
  /// Whether a row has exactly `minValue`.
  public var isMinValueExact: Bool?
  /// Values that are NaN.
  public var nanCount: Int64?

  /// Bounds and counts as stored.
  public init(
    deprecatedMax: [UInt8]? = nil, deprecatedMin: [UInt8]? = nil, nullCount: Int64? = nil,
    distinctCount: Int64? = nil, maxValue: [UInt8]? = nil, minValue: [UInt8]? = nil,
    isMaxValueExact: Bool? = nil, isMinValueExact: Bool? = nil, nanCount: Int64? = nil
  ) {
    self.deprecatedMax = deprecatedMax
    self.deprecatedMin = deprecatedMin
    self.nullCount = nullCount
    self.distinctCount = distinctCount
    self.maxValue = maxValue
    self.minValue = minValue
    self.isMaxValueExact = isMaxValueExact
    self.isMinValueExact = isMinValueExact
    self.nanCount = nanCount
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var deprecatedMax: [UInt8]?
    var deprecatedMin: [UInt8]?
    var nullCount: Int64?
    var distinctCount: Int64?
    var maxValue: [UInt8]?
    var minValue: [UInt8]?
    var isMaxValueExact: Bool?
    var isMinValueExact: Bool?
    var nanCount: Int64?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: deprecatedMax = try reader.readBinary(wire)
      case 2: deprecatedMin = try reader.readBinary(wire)
      case 3: nullCount = try reader.readI64(wire)
      case 4: distinctCount = try reader.readI64(wire)
      case 5: maxValue = try reader.readBinary(wire)
      case 6: minValue = try reader.readBinary(wire)
      case 7: isMaxValueExact = try reader.readBool(wire)
      case 8: isMinValueExact = try reader.readBool(wire)
      case 9: nanCount = try reader.readI64(wire)
      default: try reader.skip(wire)
      }
    }
    self.deprecatedMax = deprecatedMax
    self.deprecatedMin = deprecatedMin
    self.nullCount = nullCount
    self.distinctCount = distinctCount
    self.maxValue = maxValue
    self.minValue = minValue
    self.isMaxValueExact = isMaxValueExact
    self.isMinValueExact = isMinValueExact
    self.nanCount = nanCount
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.binary(1, deprecatedMax)
    writer.binary(2, deprecatedMin)
    writer.i64(3, nullCount)
    writer.i64(4, distinctCount)
    writer.binary(5, maxValue)
    writer.binary(6, minValue)
    writer.bool(7, isMaxValueExact)
    writer.bool(8, isMinValueExact)
    writer.i64(9, nanCount)
    writer.endStruct()
  }
}
