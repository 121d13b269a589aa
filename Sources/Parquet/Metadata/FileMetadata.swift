// The structs of the same names in parquet.thrift. Unknown fields are skipped.

/// A column by which the rows of a row group are sorted.
public struct SortingColumn: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// Index of the column among the leaves.
  public var columnIndex: Int32
  /// Whether greater values come first.
  public var isDescending: Bool
  /// Whether nulls come first.
  public var nullsFirst: Bool

  /// A column by which rows are sorted.
  public init(columnIndex: Int32, isDescending: Bool, nullsFirst: Bool) {
    self.columnIndex = columnIndex
    self.isDescending = isDescending
    self.nullsFirst = nullsFirst
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var columnIndex: Int32?
    var isDescending: Bool?
    var nullsFirst: Bool?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: columnIndex = try reader.readI32(wire)
      case 2: isDescending = try reader.readBool(wire)
      case 3: nullsFirst = try reader.readBool(wire)
      default: try reader.skip(wire)
      }
    }
    guard let columnIndex, let isDescending, let nullsFirst else {
      throw reader.corrupt("a SortingColumn lacks a required field")
    }
    self.columnIndex = columnIndex
    self.isDescending = isDescending
    self.nullsFirst = nullsFirst
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.i32(1, columnIndex)
    writer.bool(2, isDescending)
    writer.bool(3, nullsFirst)
    writer.endStruct()
  }
}

/// A horizontal slice of the file.
public struct RowGroup: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// In leaf order.
  public var columns: [ColumnChunk]
  /// Uncompressed size.
  public var totalByteCount: Int64
  /// Rows of the group.
  public var rowCount: Int64
  /// The columns by which the rows are sorted, the most significant first.
  public var sortingColumns: [SortingColumn]?
  /// Offset of the first page in the file.
  public var fileOffset: Int64?
  /// Compressed size of all column chunks.
  public var totalCompressedByteCount: Int64?
  /// Index of the row group in the file.
  public var ordinal: Int16?

  /// A row group of the footer.
  public init(
    columns: [ColumnChunk], totalByteCount: Int64, rowCount: Int64,
    sortingColumns: [SortingColumn]? = nil, fileOffset: Int64? = nil,
    totalCompressedByteCount: Int64? = nil, ordinal: Int16? = nil
  ) {
    self.columns = columns
    self.totalByteCount = totalByteCount
    self.rowCount = rowCount
    self.sortingColumns = sortingColumns
    self.fileOffset = fileOffset
    self.totalCompressedByteCount = totalCompressedByteCount
    self.ordinal = ordinal
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var columns: [ColumnChunk]?
    var totalByteCount: Int64?
    var rowCount: Int64?
    var sortingColumns: [SortingColumn]?
    var fileOffset: Int64?
    var totalCompressedByteCount: Int64?
    var ordinal: Int16?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: columns = try reader.readStructures(wire, of: ColumnChunk.self)
      case 2: totalByteCount = try reader.readI64(wire)
      case 3: rowCount = try reader.readI64(wire)
      case 4: sortingColumns = try reader.readStructures(wire, of: SortingColumn.self)
      case 5: fileOffset = try reader.readI64(wire)
      case 6: totalCompressedByteCount = try reader.readI64(wire)
      case 7: ordinal = try reader.readI16(wire)
      default: try reader.skip(wire)
      }
    }
    guard let columns, let totalByteCount, let rowCount else {
      throw reader.corrupt("a RowGroup lacks a required field")
    }
    self.columns = columns
    self.totalByteCount = totalByteCount
    self.rowCount = rowCount
    self.sortingColumns = sortingColumns
    self.fileOffset = fileOffset
    self.totalCompressedByteCount = totalCompressedByteCount
    self.ordinal = ordinal
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.structures(1, columns)
    writer.i64(2, totalByteCount)
    writer.i64(3, rowCount)
    writer.structures(4, sortingColumns)
    writer.i64(5, fileOffset)
    writer.i64(6, totalCompressedByteCount)
    writer.i16(7, ordinal)
    writer.endStruct()
  }
}

/// The footer.
public struct FileMetadata: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// 1 or 2; ignored by readers.
  public var version: Int32
  /// Depth first; the root comes first.
  public var schema: [SchemaElement]
  /// Rows of all row groups together.
  public var rowCount: Int64
  /// The row groups, in order.
  public var rowGroups: [RowGroup]
  /// Further metadata from the writer.
  public var keyValueMetadata: [KeyValue]?
  /// The program that wrote the file.
  public var createdBy: String?
  /// One per leaf.
  public var columnOrders: [ColumnOrder]?

  /// A footer.
  public init(
    version: Int32, schema: [SchemaElement], rowCount: Int64, rowGroups: [RowGroup],
    keyValueMetadata: [KeyValue]? = nil, createdBy: String? = nil,
    columnOrders: [ColumnOrder]? = nil
  ) {
    self.version = version
    self.schema = schema
    self.rowCount = rowCount
    self.rowGroups = rowGroups
    self.keyValueMetadata = keyValueMetadata
    self.createdBy = createdBy
    self.columnOrders = columnOrders
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var version: Int32?
    var schema: [SchemaElement]?
    var rowCount: Int64?
    var rowGroups: [RowGroup]?
    var keyValueMetadata: [KeyValue]?
    var createdBy: String?
    var columnOrders: [ColumnOrder]?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: version = try reader.readI32(wire)
      case 2: schema = try reader.readStructures(wire, of: SchemaElement.self)
      case 3: rowCount = try reader.readI64(wire)
      case 4: rowGroups = try reader.readStructures(wire, of: RowGroup.self)
      case 5: keyValueMetadata = try reader.readStructures(wire, of: KeyValue.self)
      case 6: createdBy = try reader.readString(wire)
      case 7: columnOrders = try reader.readStructures(wire, of: ColumnOrder.self)
      default: try reader.skip(wire)
      }
    }
    guard let version, let schema, let rowCount, let rowGroups else {
      throw reader.corrupt("a FileMetadata lacks a required field")
    }
    self.version = version
    self.schema = schema
    self.rowCount = rowCount
    self.rowGroups = rowGroups
    self.keyValueMetadata = keyValueMetadata
    self.createdBy = createdBy
    self.columnOrders = columnOrders
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.i32(1, version)
    writer.structures(2, schema)
    writer.i64(3, rowCount)
    writer.structures(4, rowGroups)
    writer.structures(5, keyValueMetadata)
    writer.string(6, createdBy)
    writer.structures(7, columnOrders)
    writer.endStruct()
  }
}
