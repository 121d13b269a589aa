import Bytes
import Columnar

/// Writes a Parquet file's rows anew, the way segments are written.
public struct ParquetRewriter {
  /// What pyarrow keeps of its own schema: it would contradict the new file's types.
  private static let droppedKeys: Set<String> = ["ARROW:schema"]

  private let reader: ParquetReader
  private var options: WriterOptions

  public init(reader: ParquetReader, options: WriterOptions = WriterOptions()) {
    self.reader = reader
    self.options = options
    self.options.keyValueMetadata += (reader.metadata.keyValueMetadata ?? []).filter {
      !Self.droppedKeys.contains($0.key)
    }
    let orders = Set(reader.metadata.rowGroups.map { $0.sortingColumns ?? [] })
    if orders.count == 1, let order = orders.first { self.options.sortingColumns = order }
  }

  /// Writes the rows to a new file, which appears when it is whole. Row groups stay apart; long ones are
  /// cut.
  ///
  /// - Throws: `ParquetError` with code `value` where a value cannot be stored, such as NaN.
  @discardableResult
  public func write(toPath path: String) throws(ParquetError) -> WrittenParquetFile {
    let isFlat = reader.leaves.allSatisfy { $0.path.count == 1 && $0.maxRepetitionLevel == 0 }
    let file = try mapped(path) { () throws(OutputFileError) in
      // A file, even where it is called like standard output.
      try OutputFile(path: path == "-" ? "./-" : path, replaces: false)
    }
    let written = try isFlat ? writeFlat(file) : writeNested(file)
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

  private func writeFlat(_ file: OutputFile) throws(ParquetError) -> WrittenParquetFile {
    let columns = reader.leaves.map { WriterColumn(Field($0.name, $0.type)) }
    let writer = try ParquetFileWriter(
      fileDescriptor: file.descriptor, path: file.path, columns: columns, options: options)
    let encoders = columns.map { ColumnChunkEncoder(column: $0, options: options) }
    var column = Column(type: .long, storage: .integers([]))
    for rowGroup in 0..<reader.rowGroupCount {
      let rowCount = reader.rowCount(rowGroup: rowGroup)
      let portion = reader.rowPortion(
        rowGroup: rowGroup, leaves: columns.indices, byteCount: options.rowGroupByteCountMax,
        limit: options.rowGroupRowCountMax)
      for start in stride(from: 0, to: rowCount, by: portion) {
        let rows = start..<Swift.min(start + portion, rowCount)
        var chunks: [EncodedColumnChunk] = []
        for leaf in columns.indices {
          try reader.readColumn(rowGroup: rowGroup, leaf: leaf, rows: rows, into: &column)
          chunks.append(try encoders[leaf].encode(column, rows: 0..<rows.count))
        }
        try writer.append(rowGroup: chunks, rowCount: rows.count)
      }
    }
    return try writer.finish()
  }

  private func writeNested(_ file: OutputFile) throws(ParquetError) -> WrittenParquetFile {
    var fields: [NestedField] = []
    for child in reader.schema.children { fields.append(try field(child)) }
    let writer = try NestedParquetWriter(
      fileDescriptor: file.descriptor, path: file.path, schema: fields, options: options)
    for rowGroup in 0..<reader.rowGroupCount {
      let cursor = try reader.rows(rowGroup: rowGroup)
      while let row = try cursor.next() { try writer.append(row) }
    }
    return try writer.finish()
  }

  private func field(_ node: SchemaNode) throws(ParquetError) -> NestedField {
    NestedField(node.name, try type(node))
  }

  /// The type of a node in the forms that are written: lists of three levels, maps by key.
  private func type(_ node: SchemaNode) throws(ParquetError) -> NestedType {
    if let type = node.type, node.repetition != .repeated { return .primitive(type) }
    let inner = node.children.first
    let isRepeated = inner?.repetition == .repeated && node.children.count == 1
    switch (node.element.logicalType, node.element.convertedType) {
    case (.map, _), (_, .map):
      if isRepeated, let inner, inner.children.count == 2, let key = inner.children[0].type {
        return .map(key: key, value: try type(inner.children[1]))
      }
    case (.list, _), (_, .list):
      if isRepeated, let inner, inner.children.count == 1 {
        return .list(try type(inner.children[0]))
      }
    default:
      if node.type == nil && node.repetition != .repeated {
        var members: [NestedField] = []
        for child in node.children { members.append(try field(child)) }
        return .structure(members)
      }
    }
    throw ParquetError(
      .unsupported, "the repeated group '\(node.name)' is of an older form that is not rewritten")
  }
}
