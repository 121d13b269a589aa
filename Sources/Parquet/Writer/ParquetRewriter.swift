import Columnar
import Platform

/// Rewrites a Parquet file's rows, encoded as segments are.
///
/// The schema is kept: names, nesting in whatever form, field ids, required fields, and logical types, known or
/// not. Each leaf is copied with its levels, so that no row is assembled.
public struct ParquetRewriter {
  /// pyarrow's serialized schema, which would contradict the new file's types.
  private static let droppedKeys: Set<String> = ["ARROW:schema"]

  private let reader: ParquetReader
  private var options: WriterOptions
  private let schema: RewrittenSchema

  /// Copies a file's rows into a new one.
  public init(reader: ParquetReader, options: WriterOptions = WriterOptions()) {
    self.reader = reader
    self.options = options
    self.options.allowsNaN = true
    self.options.keyValueMetadata += (reader.metadata.keyValueMetadata ?? []).filter {
      !Self.droppedKeys.contains($0.key)
    }
    let orders = Set(reader.metadata.rowGroups.map { $0.sortingColumns ?? [] })
    if orders.count == 1, let order = orders.first { self.options.sortingColumns = order }
    schema = RewrittenSchema(reader)
  }

  /// Columns whose logical type is newer than this program, and is lost.
  public var columnsWithoutMeaning: [String] { schema.columnsWithoutMeaning }

  /// Writes the rows to a new file, which appears when it is complete. Row groups are kept; large ones are
  /// split.
  ///
  /// - Throws: `ParquetError` with code `value` if a value cannot be stored.
  @discardableResult
  public func write(toPath path: String) throws(ParquetError) -> WrittenParquetFile {
    let schema = try schema.fitting(reader, portion: options.rowGroupRowCountMax)
    let file = try mapped(path) { () throws(OutputFileError) in
      // A file, even if it is called like standard output.
      try OutputFile(path: path == "-" ? "./-" : path, replaces: false)
    }
    let written = try write(file, schema)
    try mapped(path) { () throws(OutputFileError) in try file.publish() }
    return written
  }

  private func mapped<Value>(
    _ path: String, _ body: () throws(OutputFileError) -> Value
  ) throws(ParquetError) -> Value {
    do {
      return try body()
    } catch {
      throw ParquetError(
        .file, error.message, place: .init(path: path),
        remedy: error.code == .exists
          ? "give another name: files are never overwritten" : error.remedy)
    }
  }

  private func write(
    _ file: OutputFile, _ schema: RewrittenSchema
  ) throws(ParquetError) -> WrittenParquetFile {
    let columns = schema.columns
    let writer = try ParquetFileWriter(
      sink: FileSink(fileDescriptor: file.descriptor, path: file.path), schema: schema.elements,
      leaves: columns, options: options)
    let scratch = EncoderScratch(options: options)
    let encoders = columns.map {
      ColumnChunkEncoder(column: $0, options: options, scratch: scratch)
    }
    for rowGroup in 0..<reader.rowGroupCount {
      let rowCount = reader.rowCount(rowGroup: rowGroup)
      let portion = reader.rowPortion(
        rowGroup: rowGroup, leaves: columns.indices, byteCount: options.rowGroupByteCountMax,
        limit: options.rowGroupRowCountMax)
      var sources: [LeafSource] = []
      for leaf in columns.indices {
        sources.append(try LeafSource(reader, rowGroup, leaf, as: schema.leaves[leaf]))
      }
      for start in stride(from: 0, to: rowCount, by: portion) {
        let rows = Swift.min(portion, rowCount - start)
        var chunks: [EncodedColumnChunk] = []
        for (source, encoder) in zip(sources, encoders) {
          chunks.append(try source.encode(rows: rows, with: encoder, options))
        }
        try writer.append(rowGroup: chunks, paths: reader.leaves.map(\.path), rowCount: rows)
      }
      for source in sources { try source.checkEnd() }
    }
    return try writer.finish()
  }
}

/// The schema of the new file: that of the old one, except for how some values are stored.
private struct RewrittenSchema {
  private(set) var elements: [SchemaElement] = []
  /// One per leaf.
  private(set) var columns: [WriterColumn] = []
  /// The leaves, with the types as which their values are read.
  private(set) var leaves: [LeafColumn] = []
  private(set) var columnsWithoutMeaning: [String] = []

  init(_ reader: ParquetReader) {
    for (index, element) in reader.metadata.schema.enumerated() {
      let isLeaf = index > 0 && element.type != nil && (element.childCount ?? 0) == 0
      if isLeaf {
        elements.append(addLeaf(element, reader.leaves[leaves.count]))
      } else {
        elements.append(known(element, name: element.name))
      }
    }
  }

  /// The schema with INT96 times stored so that each keeps its value.
  func fitting(_ reader: ParquetReader, portion: Int) throws(ParquetError) -> RewrittenSchema {
    var fitting = self
    var elementIndices = elements.indices.filter {
      $0 > 0 && elements[$0].type != nil && (elements[$0].childCount ?? 0) == 0
    }
    for leaf in leaves.indices.reversed() {
      let element = elementIndices.removeLast()
      guard leaves[leaf].physicalType == .int96, leaves[leaf].type != .null else { continue }
      switch try reader.int96Form(leaf: leaf, portion: portion) {
      case .nanoseconds: continue
      case .microseconds: fitting.retype(leaf, element, .timestamp(.microseconds, isUTC: false))
      case .int96: fitting.retype(leaf, element, .binary(fixed: 12), isInt96: true)
      }
    }
    return fitting
  }

  private mutating func retype(
    _ leaf: Int, _ element: Int, _ type: ColumnType, isInt96: Bool = false
  ) {
    let old = elements[element]
    leaves[leaf] = leaves[leaf].retyped(type)
    columns[leaf].field = Field(columns[leaf].field.name, type)
    columns[leaf].isInt96 = isInt96
    elements[element] = columns[leaf].schemaElement
    (elements[element].name, elements[element].repetition) = (old.name, old.repetition)
    elements[element].fieldID = old.fieldID
  }

  /// The element without a logical type that cannot be written since it is newer than this program.
  private mutating func known(_ element: SchemaElement, name: String) -> SchemaElement {
    guard case .other? = element.logicalType else { return element }
    columnsWithoutMeaning.append(name)
    var known = element
    known.logicalType = nil
    return known
  }

  private mutating func addLeaf(_ element: SchemaElement, _ leaf: LeafColumn) -> SchemaElement {
    let stored = leaf.storedIfOversizeDecimal
    leaves.append(stored)
    var column = WriterColumn(Field(leaf.name, stored.type))
    var written = column.schemaElement
    written.name = element.name
    written.repetition = element.repetition ?? .required
    written.fieldID = element.fieldID
    // Values that are read as bytes keep their meaning for other programs.
    if case .binary = stored.type {
      let old = known(element, name: leaf.name)
      (written.logicalType, written.convertedType) = (old.logicalType, old.convertedType)
      (written.scale, written.precision) = (old.scale, old.precision)
      column.hasStatistics = element.logicalType == nil && element.convertedType == nil
    }
    column.isRequired = leaf.maxDefinitionLevel == 0
    columns.append(column)
    return written
  }
}

/// The rows of one leaf in one row group, read in order.
private enum LeafSource {
  /// A flat column, which is decoded page by page.
  case flat(ColumnPageScanner)
  case nested(LeafCursor, locate: (ParquetError) -> ParquetError)

  init(
    _ reader: ParquetReader, _ rowGroup: Int, _ index: Int, as leaf: LeafColumn
  ) throws(ParquetError) {
    let isFlat = leaf.path.count == 1 && leaf.maxRepetitionLevel == 0
    if isFlat && leaf.type == reader.leaves[index].type {
      self = .flat(try reader.makeColumnScanner(rowGroup: rowGroup, leaf: index))
      return
    }
    let locate = { (error: ParquetError) in reader.located(error, rowGroup, index) }
    do throws(ParquetError) {
      self = .nested(
        try LeafCursor(
          reader: reader, rowGroup: rowGroup, leaf: index, as: leaf,
          oversizeScale: reader.leaves[index].oversizeScale), locate: locate)
    } catch {
      throw locate(error)
    }
  }

  /// Encodes the next rows.
  func encode(
    rows: Int, with encoder: ColumnChunkEncoder, _ options: WriterOptions
  ) throws(ParquetError) -> EncodedColumnChunk {
    switch self {
    case .flat(let scanner):
      var column = Column(type: .long, storage: .integers([]))
      try scanner.read(rows: rows, into: &column)
      return try encoder.encode(column, rows: 0..<rows)
    case .nested(let cursor, let locate):
      do throws(ParquetError) {
        return try cursor.take(rows: rows).encode(rows: rows, cursor.leaf, encoder, options)
      } catch {
        throw locate(error)
      }
    }
  }

  /// Checks that no rows follow.
  func checkEnd() throws(ParquetError) {
    switch self {
    case .flat(let scanner): try scanner.checkEnd()
    case .nested(let cursor, let locate):
      do throws(ParquetError) {
        if try cursor.hasEntry() {
          throw ParquetError(.corrupt, "the column has more rows than its row group")
        }
      } catch {
        throw locate(error)
      }
    }
  }
}

extension RepeatedColumn {
  /// Encodes the entries unchanged, cut into pages between rows.
  fileprivate func encode(
    rows: Int, _ leaf: LeafColumn, _ encoder: ColumnChunkEncoder, _ options: WriterOptions
  ) throws(ParquetError) -> EncodedColumnChunk {
    let spans = spans(cuts: options.pageCuts(rowCount: rows), leaf)
    let levels = NestedLevels(
      definition: definitionLevels.map(UInt32.init), definitionMax: leaf.maxDefinitionLevel,
      repetition: repetitionLevels.map(UInt32.init), repetitionMax: leaf.maxRepetitionLevel)
    let count = leaf.type == .null ? 0 : values.count
    return try values.withSource(rows: 0..<count) { (source) throws(ParquetError) in
      try encoder.encode(
        count == 0 ? .none : PackedValues(source.values, count: count), spans: spans,
        rowCount: rows, levels: levels)
    }
  }

  /// The entries and values between the rows `cuts`.
  private func spans(cuts: [Int], _ leaf: LeafColumn) -> [PageSpan] {
    var spans: [PageSpan] = []
    var (row, value) = (-1, 0)
    var (firstEntry, firstValue) = (0, 0)
    for entry in 0...definitionLevels.count {
      let isEnd = entry == definitionLevels.count
      if isEnd || repetitionLevels[entry] == 0 { row += 1 }
      if spans.count + 1 < cuts.count, row == cuts[spans.count + 1],
        isEnd || repetitionLevels[entry] == 0
      {
        spans.append(
          PageSpan(
            firstRow: cuts[spans.count], levels: firstEntry..<entry, values: firstValue..<value))
        (firstEntry, firstValue) = (entry, value)
      }
      if !isEnd && Int(definitionLevels[entry]) == leaf.maxDefinitionLevel && leaf.type != .null {
        value += 1
      }
    }
    return spans
  }
}
