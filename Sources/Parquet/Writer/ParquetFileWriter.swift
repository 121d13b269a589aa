/// A written file, as its log entry needs to know it.
public struct WrittenParquetFile: Sendable {
  /// Statistics of one column over the whole file.
  public struct Column: Sendable {
    /// The column's name.
    public var field: String
    /// nil if there are only nulls, or no statistics.
    public var bounds: ValueBounds?
    /// Rows without a value.
    public var nullCount: Int
  }

  /// The size of the file.
  public var byteCount: Int
  /// Rows of all row groups.
  public var rowCount: Int
  /// Statistics of each column, in the file's order.
  public var columns: [Column]
}

/// Writes one Parquet file from encoded row groups: the chunks in order, then the page index, then
/// the footer.
public final class ParquetFileWriter {
  private static let magic: [UInt8] = Array("PAR1".utf8)

  /// The columns, in the file's order.
  public let columns: [WriterColumn]
  private let options: WriterOptions
  private let schema: [SchemaElement]
  private let sink: FileSink
  private var rowGroups: [RowGroup] = []
  private var rowCount = 0
  /// Chunks without their bytes, whose pages are still to be indexed, by row group.
  private var indexed: [[EncodedColumnChunk]] = []
  private var totals: [WrittenParquetFile.Column]
  /// Leaves with values that have no bounds: then the whole column has none.
  private var lacksBounds: [Bool]

  /// Creates a file, which must not exist.
  public convenience init(
    path: String, columns: [WriterColumn], options: WriterOptions
  ) throws(ParquetError) {
    try self.init(sink: FileSink(path: path), columns: columns, options: options)
  }

  /// Writes to an open descriptor, which stays open.
  ///
  /// - Parameter path: The file's name in errors.
  public convenience init(
    fileDescriptor: Int32, path: String?, columns: [WriterColumn], options: WriterOptions
  ) throws(ParquetError) {
    try self.init(
      sink: FileSink(fileDescriptor: fileDescriptor, path: path), columns: columns,
      options: options)
  }

  /// Keeps the file in memory, for `finishInMemory`.
  public convenience init(
    inMemory columns: [WriterColumn], options: WriterOptions
  ) throws(ParquetError) {
    try self.init(sink: FileSink(), columns: columns, options: options)
  }

  private convenience init(
    sink: FileSink, columns: [WriterColumn], options: WriterOptions
  ) throws(ParquetError) {
    let root = SchemaElement(name: "schema", childCount: Int32(columns.count))
    try self.init(
      sink: sink, schema: [root] + columns.map(\.schemaElement), leaves: columns, options: options)
  }

  /// - Parameter leaves: The leaf columns of `schema`, in order.
  init(
    sink: FileSink, schema: [SchemaElement], leaves: [WriterColumn], options: WriterOptions
  ) throws(ParquetError) {
    self.sink = sink
    self.schema = schema
    self.columns = leaves
    self.options = options
    totals = leaves.map { WrittenParquetFile.Column(field: $0.field.name, nullCount: 0) }
    lacksBounds = leaves.map { !$0.hasStatistics || !$0.isOrdered }
    try sink.write(Self.magic)
  }

  /// Appends a row group of one chunk per column.
  public func append(rowGroup chunks: [EncodedColumnChunk], rowCount: Int) throws(ParquetError) {
    try append(rowGroup: chunks, paths: columns.map { [$0.field.name] }, rowCount: rowCount)
  }

  func append(
    rowGroup chunks: [EncodedColumnChunk], paths: [[String]], rowCount: Int
  ) throws(ParquetError) {
    precondition(chunks.count == columns.count, "one chunk a column")
    precondition(chunks.allSatisfy { $0.rowCount == rowCount }, "chunks of the row group's rows")
    if rowCount == 0 { return }
    var group = RowGroup(columns: [], totalByteCount: 0, rowCount: Int64(rowCount))
    group.fileOffset = Int64(sink.offset)
    if rowGroups.count <= Int(Int16.max) { group.ordinal = Int16(rowGroups.count) }
    if !options.sortingColumns.isEmpty { group.sortingColumns = options.sortingColumns }
    var compressedByteCount = 0
    for (index, chunk) in chunks.enumerated() {
      group.columns.append(try append(chunk, path: paths[index]))
      group.totalByteCount += Int64(chunk.uncompressedByteCount)
      compressedByteCount += chunk.bytes.count
      total(chunk, index)
    }
    group.totalCompressedByteCount = Int64(compressedByteCount)
    rowGroups.append(group)
    indexed.append(
      chunks.map { chunk in
        var bare = chunk
        bare.bytes = []
        return bare
      })
    self.rowCount += rowCount
  }

  private func append(
    _ chunk: EncodedColumnChunk, path: [String]
  ) throws(ParquetError) -> ColumnChunk {
    let start = Int64(sink.offset)
    try sink.write(chunk.bytes)
    var encodings = [chunk.encoding]
    if chunk.encoding != .plain && chunk.dictionaryByteCount > 0 { encodings.append(.plain) }
    encodings.append(.rle)
    var stats = [
      PageEncodingStats(
        pageType: .dataPage, encoding: chunk.encoding, count: Int32(chunk.pages.count))
    ]
    if chunk.dictionaryByteCount > 0 {
      stats.insert(
        PageEncodingStats(pageType: .dictionaryPage, encoding: .plain, count: 1), at: 0)
    }
    let metadata = ColumnMetadata(
      type: chunk.column.physicalType, encodings: encodings, path: path, codec: chunk.codec,
      valueCount: Int64(chunk.valueCount),
      totalUncompressedByteCount: Int64(chunk.uncompressedByteCount),
      totalCompressedByteCount: Int64(chunk.bytes.count),
      dataPageOffset: start + Int64(chunk.dictionaryByteCount),
      dictionaryPageOffset: chunk.dictionaryByteCount > 0 ? start : nil,
      statistics: statistics(chunk), encodingStats: stats,
      sizeStatistics: sizeStatistics(chunk))
    return ColumnChunk(fileOffset: 0, metadata: metadata)
  }

  private func statistics(_ chunk: EncodedColumnChunk) -> Statistics {
    var statistics = Statistics(nullCount: Int64(chunk.nullCount))
    if let bounds = chunk.bounds {
      (statistics.minValue, statistics.maxValue) = bounds.encoded(for: chunk.column)
      statistics.isMinValueExact = bounds.isMinExact
      statistics.isMaxValueExact = bounds.isMaxExact
    }
    return statistics
  }

  private func sizeStatistics(_ chunk: EncodedColumnChunk) -> SizeStatistics? {
    guard chunk.column.physicalType == .byteArray else { return nil }
    let byteCount = chunk.pages.reduce(0) { $0 + ($1.stringByteCount ?? 0) }
    return SizeStatistics(unencodedByteArrayDataByteCount: Int64(byteCount))
  }

  private func total(_ chunk: EncodedColumnChunk, _ index: Int) {
    totals[index].nullCount += chunk.nullCount
    if lacksBounds[index] || chunk.nullCount == chunk.valueCount { return }
    guard let bounds = chunk.bounds else {
      lacksBounds[index] = true
      totals[index].bounds = nil
      return
    }
    totals[index].bounds =
      totals[index].bounds?.union(bounds, isUnsigned: columns[index].isUnsigned) ?? bounds
  }

  // MARK: - Finishing

  /// Writes the page index and the footer, and closes the file.
  ///
  /// - Parameter isDurable: Whether to sync the file to disk.
  @discardableResult
  public func finish(isDurable: Bool = false) throws(ParquetError) -> WrittenParquetFile {
    try writePageIndex()
    try writeFooter()
    try sink.finish(isDurable: isDurable)
    return WrittenParquetFile(byteCount: sink.offset, rowCount: rowCount, columns: totals)
  }

  /// Finishes a file that is kept in memory.
  public func finishInMemory() throws(ParquetError) -> (
    bytes: [UInt8], summary: WrittenParquetFile
  ) {
    let summary = try finish()
    return (sink.takeBytes(), summary)
  }

  private func writePageIndex() throws(ParquetError) {
    for (group, chunks) in indexed.enumerated() {
      for (column, chunk) in chunks.enumerated() {
        guard let index = columnIndex(chunk) else { continue }
        rowGroups[group].columns[column].columnIndexOffset = Int64(sink.offset)
        let bytes = index.thriftBytes
        rowGroups[group].columns[column].columnIndexByteCount = Int32(bytes.count)
        try sink.write(bytes)
      }
    }
    for (group, chunks) in indexed.enumerated() {
      for (column, chunk) in chunks.enumerated() {
        guard let metadata = rowGroups[group].columns[column].metadata else { continue }
        let start = metadata.dictionaryPageOffset ?? metadata.dataPageOffset
        rowGroups[group].columns[column].offsetIndexOffset = Int64(sink.offset)
        let bytes = offsetIndex(chunk, start: start).thriftBytes
        rowGroups[group].columns[column].offsetIndexByteCount = Int32(bytes.count)
        try sink.write(bytes)
      }
    }
  }

  /// nil if a page has values but no bounds, which the index cannot express.
  private func columnIndex(_ chunk: EncodedColumnChunk) -> ColumnIndex? {
    guard chunk.column.hasStatistics && chunk.column.isOrdered && !chunk.pages.isEmpty else {
      return nil
    }
    var index = ColumnIndex(
      nullPages: [], minValues: [], maxValues: [], boundaryOrder: .unordered, nullCounts: [])
    for page in chunk.pages {
      if let bounds = page.bounds {
        let (min, max) = bounds.encoded(for: chunk.column)
        index.minValues.append(min)
        index.maxValues.append(max)
        index.nullPages.append(false)
      } else {
        guard page.valueCount == 0 else { return nil }
        index.minValues.append([])
        index.maxValues.append([])
        index.nullPages.append(true)
      }
      index.nullCounts?.append(Int64(page.nullCount))
    }
    index.boundaryOrder = boundaryOrder(chunk)
    return index
  }

  private func boundaryOrder(_ chunk: EncodedColumnChunk) -> BoundaryOrder {
    let bounds = chunk.pages.compactMap(\.bounds)
    let isUnsigned = chunk.column.isUnsigned
    var (isAscending, isDescending) = (true, true)
    for (left, right) in zip(bounds, bounds.dropFirst()) {
      if right.min.precedes(left.min, isUnsigned: isUnsigned)
        || right.max.precedes(left.max, isUnsigned: isUnsigned)
      {
        isAscending = false
      }
      if left.min.precedes(right.min, isUnsigned: isUnsigned)
        || left.max.precedes(right.max, isUnsigned: isUnsigned)
      {
        isDescending = false
      }
    }
    return isAscending ? .ascending : isDescending ? .descending : .unordered
  }

  private func offsetIndex(_ chunk: EncodedColumnChunk, start: Int64) -> OffsetIndex {
    OffsetIndex(
      pageLocations: chunk.pages.map {
        PageLocation(
          offset: start + Int64($0.offset), compressedByteCount: Int32($0.byteCount),
          firstRowIndex: Int64($0.firstRow))
      },
      unencodedByteArrayDataByteCounts: chunk.column.physicalType == .byteArray
        ? chunk.pages.map { Int64($0.stringByteCount ?? 0) } : nil)
  }

  private func writeFooter() throws(ParquetError) {
    let metadata = FileMetadata(
      version: 2, schema: schema, rowCount: Int64(rowCount), rowGroups: rowGroups,
      keyValueMetadata: options.keyValueMetadata.isEmpty ? nil : options.keyValueMetadata,
      createdBy: options.createdBy,
      columnOrders: columns.map { _ in .typeDefined })
    let footer = metadata.thriftBytes
    try sink.write(footer)
    let length = UInt32(footer.count).littleEndian
    try withUnsafeBytes(of: length) { (bytes) throws(ParquetError) in try sink.write(bytes) }
    try sink.write(Self.magic)
  }
}
