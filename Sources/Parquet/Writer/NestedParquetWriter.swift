/// Writes rows of any nesting to a Parquet file, value by value: for logs and checkpoints, not for market data.
///
/// Memory is bounded by one row group: `WriterOptions.rowGroupRowCountMax` rows or
/// `rowGroupByteCountMax` bytes of values, whichever comes first.
public final class NestedParquetWriter {
  private let layout: NestedLayout
  private let options: WriterOptions
  private let writer: ParquetFileWriter
  private let leaves: [LeafBuffer]
  private let size = BufferedSize()
  private let encoders: [ColumnChunkEncoder]
  private var bufferedRowCount = 0
  /// For each field: the latest rows in which it is null, if its leaves do not have them yet.
  private var pendingNulls: [Int]
  private let names: [String]
  /// The leaves of each field.
  private let leafRanges: [Range<Int>]

  /// Creates a file, which must not exist.
  public convenience init(
    path: String, schema: [NestedField], options: WriterOptions = WriterOptions()
  ) throws(ParquetError) {
    try self.init(sink: FileSink(path: path), schema, options)
  }

  /// Writes to an open descriptor, which stays open.
  public convenience init(
    fileDescriptor: Int32, path: String?, schema: [NestedField], options: WriterOptions
  ) throws(ParquetError) {
    try self.init(sink: FileSink(fileDescriptor: fileDescriptor, path: path), schema, options)
  }

  /// Keeps the file in memory, for `finishInMemory`.
  public convenience init(
    inMemory schema: [NestedField], options: WriterOptions = WriterOptions()
  ) throws(ParquetError) {
    try self.init(sink: FileSink(), schema, options)
  }

  private init(
    sink: FileSink, _ schema: [NestedField], _ options: WriterOptions
  ) throws(ParquetError) {
    layout = NestedLayout(schema)
    self.options = options
    writer = try ParquetFileWriter(
      sink: sink, schema: layout.elements, leaves: layout.leaves.map(\.column), options: options)
    names = layout.nodes.map(\.name)
    leafRanges = layout.nodes.map { Self.leafRange($0.node) }
    pendingNulls = Array(repeating: 0, count: layout.nodes.count)
    leaves = layout.leaves.map { [size] in LeafBuffer($0, size: size) }
    encoders = layout.leaves.map { ColumnChunkEncoder(column: $0.column, options: options) }
  }

  /// Appends a row: a value for each field of the schema, in order.
  ///
  /// Members of structures are found by name, in any order; missing ones are null.
  public func append(_ row: [Value]) throws(ParquetError) {
    precondition(row.count == layout.nodes.count, "one value a field")
    for (field, value) in row.enumerated() { try append(value, toField: field) }
    try endRow()
  }

  /// Appends a row in which only the field `name` has a value.
  public func append(_ value: Value, as name: String) throws(ParquetError) {
    for (field, other) in names.enumerated() {
      if other == name {
        try append(value, toField: field)
      } else {
        // Added to the leaves in one go: most rows of a checkpoint have one field of six.
        pendingNulls[field] += 1
      }
    }
    try endRow()
  }

  private static func leafRange(_ node: NestedLayout.Node) -> Range<Int> {
    switch node {
    case .leaf(let leaf, _): leaf..<(leaf + 1)
    case .structure(_, _, let leaves), .list(_, _, _, _, let leaves),
      .map(_, _, _, _, _, let leaves):
      leaves
    }
  }

  private func append(_ value: Value, toField field: Int) throws(ParquetError) {
    let node = layout.nodes[field].node
    appendPendingNulls(field)
    for leaf in leafRanges[field] { leaves[leaf].beginRow() }
    try shred(value, node, definition: 0, repetition: 0)
  }

  private func appendPendingNulls(_ field: Int) {
    let count = pendingNulls[field]
    if count == 0 { return }
    for leaf in leafRanges[field] { leaves[leaf].appendNullRows(count) }
    pendingNulls[field] = 0
  }

  private func endRow() throws(ParquetError) {
    bufferedRowCount += 1
    if bufferedRowCount >= options.rowGroupRowCountMax
      || size.byteCount >= options.rowGroupByteCountMax
    {
      try endRowGroup()
    }
  }

  /// Writes the buffered rows and the footer, and closes the file.
  @discardableResult
  public func finish(isDurable: Bool = false) throws(ParquetError) -> WrittenParquetFile {
    try endRowGroup()
    return try writer.finish(isDurable: isDurable)
  }

  /// Finishes a file that is kept in memory.
  public func finishInMemory() throws(ParquetError) -> (
    bytes: [UInt8], summary: WrittenParquetFile
  ) {
    try endRowGroup()
    return try writer.finishInMemory()
  }

  /// Ends the row group, if it has rows: the next row begins a new one.
  public func endRowGroup() throws(ParquetError) {
    if bufferedRowCount == 0 { return }
    for field in layout.nodes.indices { appendPendingNulls(field) }
    let cuts = options.pageCuts(rowCount: bufferedRowCount)
    var chunks: [EncodedColumnChunk] = []
    for (leaf, encoder) in zip(leaves, encoders) {
      do throws(ParquetError) {
        chunks.append(try leaf.encode(with: encoder, cuts: cuts))
      } catch {
        throw error.at(column: leaf.leaf.column.field.name)
      }
      leaf.removeAll()
    }
    try writer.append(
      rowGroup: chunks, paths: layout.leaves.map(\.path), rowCount: bufferedRowCount)
    bufferedRowCount = 0
  }

  // MARK: - Shredding rows

  /// Dremel's record shredding: each leaf gets a value, or a null with the level at which it became null.
  private func shred(
    _ value: Value, _ node: NestedLayout.Node, definition: Int, repetition: Int
  ) throws(ParquetError) {
    switch node {
    case .leaf(let index, let isRequired):
      if !value.isNull { return try leaves[index].append(value, repetition: repetition) }
      if isRequired {
        throw ParquetError(
          .value, "a map's key is null",
          place: ParquetError.Place(column: leaves[index].leaf.column.field.name))
      }
      leaves[index].appendNull(definition: definition, repetition: repetition)
    case .structure(let children, let present, let leaves):
      if value.isNull { return appendNulls(leaves, definition, repetition) }
      guard case .structure(let members) = value else { throw mismatch(value, leaves) }
      for (position, child) in children.enumerated() {
        let member = Self.member(child.name, near: position, of: members)
        try shred(member, child.node, definition: present, repetition: repetition)
      }
    case .list(let element, let present, let elementLevel, let level, let leaves):
      if value.isNull { return appendNulls(leaves, definition, repetition) }
      guard case .list(let values) = value else { throw mismatch(value, leaves) }
      if values.isEmpty { return appendNulls(leaves, present, repetition) }
      for (position, value) in values.enumerated() {
        try shred(
          value, element, definition: elementLevel,
          repetition: position == 0 ? repetition : level)
      }
    case .map(let key, let item, let present, let elementLevel, let level, let leaves):
      if value.isNull { return appendNulls(leaves, definition, repetition) }
      guard case .map(let entries) = value else { throw mismatch(value, leaves) }
      if entries.isEmpty { return appendNulls(leaves, present, repetition) }
      for (position, entry) in entries.enumerated() {
        let repetition = position == 0 ? repetition : level
        try shred(entry.key, key, definition: elementLevel, repetition: repetition)
        try shred(entry.value, item, definition: elementLevel, repetition: repetition)
      }
    }
  }

  private func appendNulls(_ range: Range<Int>, _ definition: Int, _ repetition: Int) {
    for index in range { leaves[index].appendNull(definition: definition, repetition: repetition) }
  }

  /// Members are usually in schema order.
  private static func member(
    _ name: String, near position: Int, of members: [Value.Member]
  ) -> Value {
    if position < members.count && members[position].name == name {
      return members[position].value
    }
    return members.first { $0.name == name }?.value ?? .null
  }

  private func mismatch(_ value: Value, _ range: Range<Int>) -> ParquetError {
    let column = range.first.map { leaves[$0].leaf.path.joined(separator: ".") }
    return ParquetError(
      .value, "the value '\(value.excerpt)' does not have the shape of its column",
      place: ParquetError.Place(column: column))
  }
}
