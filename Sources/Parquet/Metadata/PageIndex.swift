// The structs of the same names in parquet.thrift. Unknown fields are skipped.

/// The location of a data page.
public struct PageLocation: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// Offset of the page's header in the file.
  public var offset: Int64
  /// Size including the header.
  public var compressedByteCount: Int32
  /// Index within the row group.
  public var firstRowIndex: Int64

  /// The location of a page.
  public init(offset: Int64, compressedByteCount: Int32, firstRowIndex: Int64) {
    self.offset = offset
    self.compressedByteCount = compressedByteCount
    self.firstRowIndex = firstRowIndex
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var offset: Int64?
    var compressedByteCount: Int32?
    var firstRowIndex: Int64?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: offset = try reader.readI64(wire)
      case 2: compressedByteCount = try reader.readI32(wire)
      case 3: firstRowIndex = try reader.readI64(wire)
      default: try reader.skip(wire)
      }
    }
    guard let offset, let compressedByteCount, let firstRowIndex else {
      throw reader.corrupt("a PageLocation lacks a required field")
    }
    self.offset = offset
    self.compressedByteCount = compressedByteCount
    self.firstRowIndex = firstRowIndex
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.i64(1, offset)
    writer.i32(2, compressedByteCount)
    writer.i64(3, firstRowIndex)
    writer.endStruct()
  }
}

/// The locations of a column chunk's data pages.
public struct OffsetIndex: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// The data pages, in order.
  public var pageLocations: [PageLocation]
  /// Bytes of text or binary per page.
  public var unencodedByteArrayDataByteCounts: [Int64]?

  /// The locations of a column chunk's data pages.
  public init(pageLocations: [PageLocation], unencodedByteArrayDataByteCounts: [Int64]? = nil) {
    self.pageLocations = pageLocations
    self.unencodedByteArrayDataByteCounts = unencodedByteArrayDataByteCounts
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var pageLocations: [PageLocation]?
    var unencodedByteArrayDataByteCounts: [Int64]?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: pageLocations = try reader.readStructures(wire, of: PageLocation.self)
      case 2: unencodedByteArrayDataByteCounts = try reader.readI64s(wire)
      default: try reader.skip(wire)
      }
    }
    guard let pageLocations else {
      throw reader.corrupt("a OffsetIndex lacks a required field")
    }
    self.pageLocations = pageLocations
    self.unencodedByteArrayDataByteCounts = unencodedByteArrayDataByteCounts
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.structures(1, pageLocations)
    writer.i64s(2, unencodedByteArrayDataByteCounts)
    writer.endStruct()
  }
}

/// The bounds of the data pages of a column chunk.
public struct ColumnIndex: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// Whether a page has only nulls; then its bounds are meaningless.
  public var nullPages: [Bool]
  /// Lower bound of each page.
  public var minValues: [[UInt8]]
  /// Upper bound of each page.
  public var maxValues: [[UInt8]]
  /// Whether the bounds ascend or descend from page to page.
  public var boundaryOrder: BoundaryOrder
  /// Nulls per page.
  public var nullCounts: [Int64]?
  /// Values by repetition level, page by page.
  public var repetitionLevelHistograms: [Int64]?
  /// Values by definition level, page by page.
  public var definitionLevelHistograms: [Int64]?
  /// NaN values per page.
  public var nanCounts: [Int64]?

  /// Bounds and counts of the pages of a column chunk.
  public init(
    nullPages: [Bool], minValues: [[UInt8]], maxValues: [[UInt8]], boundaryOrder: BoundaryOrder,
    nullCounts: [Int64]? = nil, repetitionLevelHistograms: [Int64]? = nil,
    definitionLevelHistograms: [Int64]? = nil, nanCounts: [Int64]? = nil
  ) {
    self.nullPages = nullPages
    self.minValues = minValues
    self.maxValues = maxValues
    self.boundaryOrder = boundaryOrder
    self.nullCounts = nullCounts
    self.repetitionLevelHistograms = repetitionLevelHistograms
    self.definitionLevelHistograms = definitionLevelHistograms
    self.nanCounts = nanCounts
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var nullPages: [Bool]?
    var minValues: [[UInt8]]?
    var maxValues: [[UInt8]]?
    var boundaryOrder: BoundaryOrder?
    var nullCounts: [Int64]?
    var repetitionLevelHistograms: [Int64]?
    var definitionLevelHistograms: [Int64]?
    var nanCounts: [Int64]?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: nullPages = try reader.readBools(wire)
      case 2: minValues = try reader.readBinaries(wire)
      case 3: maxValues = try reader.readBinaries(wire)
      case 4: boundaryOrder = try reader.readEnum(wire, "boundary order", as: BoundaryOrder.self)
      case 5: nullCounts = try reader.readI64s(wire)
      case 6: repetitionLevelHistograms = try reader.readI64s(wire)
      case 7: definitionLevelHistograms = try reader.readI64s(wire)
      case 8: nanCounts = try reader.readI64s(wire)
      default: try reader.skip(wire)
      }
    }
    guard let nullPages, let minValues, let maxValues, let boundaryOrder else {
      throw reader.corrupt("a ColumnIndex lacks a required field")
    }
    self.nullPages = nullPages
    self.minValues = minValues
    self.maxValues = maxValues
    self.boundaryOrder = boundaryOrder
    self.nullCounts = nullCounts
    self.repetitionLevelHistograms = repetitionLevelHistograms
    self.definitionLevelHistograms = definitionLevelHistograms
    self.nanCounts = nanCounts
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.bools(1, nullPages)
    writer.binaries(2, minValues)
    writer.binaries(3, maxValues)
    writer.i32(4, boundaryOrder.rawValue)
    writer.i64s(5, nullCounts)
    writer.i64s(6, repetitionLevelHistograms)
    writer.i64s(7, definitionLevelHistograms)
    writer.i64s(8, nanCounts)
    writer.endStruct()
  }
}
