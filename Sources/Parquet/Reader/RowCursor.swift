// Record assembly: rows of any nesting from the levels of their leaves. Parquet "Nested Encoding";
// LogicalTypes.md, "Nested Types" for lists and maps in all of their forms.

/// Reads the rows of a row group as values. For speed, use `ColumnPageScanner` on flat columns.
public final class RowCursor {
  /// Rows of the row group.
  public let rowCount: Int
  /// Rows returned so far.
  public private(set) var rowIndex = 0
  /// The names of the values of a row, in order.
  public let names: [String]

  private let reader: ParquetReader
  private let rowGroup: Int
  private let fields: [SchemaNode]
  private let cursors: [LeafCursor?]
  /// Elements of lists and maps in the current row.
  private var valuesInRow = 0

  /// - Parameter columns: Top-level fields to read, in the order wanted; nil means all.
  convenience init(
    reader: ParquetReader, rowGroup: Int, columns: [String]?
  ) throws(ParquetError) {
    var fields = reader.schema.children
    if let columns {
      fields = []
      for name in columns {
        guard let field = reader.schema.children.first(where: { $0.name == name }) else {
          throw ParquetError(
            .request, "no column '\(name)'", place: .init(path: reader.name))
        }
        fields.append(field)
      }
    }
    try self.init(reader: reader, rowGroup: rowGroup, fields: fields)
  }

  /// - Parameter fields: Top-level fields of the file's schema.
  init(reader: ParquetReader, rowGroup: Int, fields: [SchemaNode]) throws(ParquetError) {
    guard reader.metadata.rowGroups.indices.contains(rowGroup) else {
      throw ParquetError(
        .request, "no row group \(rowGroup), the file has \(reader.rowGroupCount)",
        place: .init(path: reader.name))
    }
    self.reader = reader
    self.rowGroup = rowGroup
    rowCount = reader.rowCount(rowGroup: rowGroup)
    self.fields = fields
    names = fields.map(\.name)
    var cursors = [LeafCursor?](repeating: nil, count: reader.leaves.count)
    for field in fields { try Self.open(field, reader, rowGroup, &cursors) }
    self.cursors = cursors
  }

  private static func open(
    _ node: SchemaNode, _ reader: ParquetReader, _ rowGroup: Int, _ cursors: inout [LeafCursor?]
  ) throws(ParquetError) {
    if node.isLeaf {
      let index = node.leafRange.lowerBound
      do throws(ParquetError) {
        cursors[index] = try LeafCursor(
          reader: reader, rowGroup: rowGroup, leaf: index, keepsOversize: true)
      } catch {
        throw reader.located(error, rowGroup, index)
      }
      return
    }
    for child in node.children { try open(child, reader, rowGroup, &cursors) }
  }

  /// INT96 times in the rows so far that were returned as null because their day is out of range.
  public var lostTimeCount: Int { cursors.reduce(0) { $0 + ($1?.lostTimeCount ?? 0) } }

  // MARK: - Rows

  /// The next row, one value per column; nil at the end.
  public func next() throws(ParquetError) -> [Value]? {
    if rowIndex >= rowCount {
      try checkEnd()
      return nil
    }
    valuesInRow = 0
    var row: [Value] = []
    row.reserveCapacity(fields.count)
    for field in fields { row.append(try read(field)) }
    rowIndex += 1
    try checkRowBoundary()
    return row
  }

  /// Skips rows without assembling their values.
  public func skip(rows: Int) throws(ParquetError) {
    if rows <= 0 { return }
    for (index, cursor) in cursors.enumerated() {
      do throws(ParquetError) {
        try cursor?.skip(rows: rows)
      } catch {
        throw reader.located(error, rowGroup, index)
      }
    }
    rowIndex += rows
  }

  /// A row ends where every leaf begins the next one.
  private func checkRowBoundary() throws(ParquetError) {
    for (index, cursor) in cursors.enumerated() {
      guard let cursor, cursor.leaf.maxRepetitionLevel > 0 else { continue }
      if try has(cursor, index), cursor.repetitionLevel != 0 {
        throw corrupt("row \(rowIndex - 1) does not end where its neighbours' rows end", index)
      }
    }
  }

  private func checkEnd() throws(ParquetError) {
    for (index, cursor) in cursors.enumerated() {
      guard let cursor else { continue }
      if try has(cursor, index) {
        throw corrupt("the column has more than the \(rowCount) rows of its row group", index)
      }
    }
  }

  private func corrupt(_ what: String, _ leaf: Int) -> ParquetError {
    reader.located(ParquetError(.corrupt, what), rowGroup, leaf)
  }

  // MARK: - Levels

  private func has(_ cursor: LeafCursor, _ index: Int) throws(ParquetError) -> Bool {
    do throws(ParquetError) {
      return try cursor.hasEntry()
    } catch {
      throw reader.located(error, rowGroup, index)
    }
  }

  /// The cursor of a leaf, which must have an entry.
  private func cursor(_ index: Int) throws(ParquetError) -> LeafCursor {
    guard let cursor = cursors[index], try has(cursor, index) else {
      throw corrupt(
        "the column ends after \(rowIndex) rows, its row group has \(rowCount)", index)
    }
    return cursor
  }

  /// Moves past one entry of every leaf under a node that is null or empty.
  private func passOver(_ node: SchemaNode) throws(ParquetError) {
    for index in node.leafRange { try cursor(index).advance() }
  }

  // MARK: - Assembly

  private func read(_ node: SchemaNode) throws(ParquetError) -> Value {
    if node.repetition == .repeated {
      // A repeated node without a LIST or MAP around it: a list that is never null.
      return .list(try elements(node) { node throws(ParquetError) in try self.single(node) })
    }
    return try single(node)
  }

  /// The value of a single occurrence of a node; the caller handles repetition.
  private func single(_ node: SchemaNode) throws(ParquetError) -> Value {
    if node.isLeaf { return try cursor(node.leafRange.lowerBound).take() }
    guard let first = node.leafRange.first else { return .structure([]) }
    if try cursor(first).definitionLevel < node.maxDefinitionLevel {
      try passOver(node)
      return .null
    }
    switch node.shape {
    case .list(let repeated, let element):
      return .list(
        try elements(repeated) { repeated throws(ParquetError) in
          if let element { return try self.read(element) }
          return try self.single(repeated)
        })
    case .map(let entries): return try map(entries)
    case .structure:
      var members: [Value.Member] = []
      members.reserveCapacity(node.children.count)
      for child in node.children { members.append(.init(child.name, try read(child))) }
      return .structure(members)
    }
  }

  /// The elements of a repeated node.
  private func elements(
    _ node: SchemaNode, _ element: (SchemaNode) throws(ParquetError) -> Value
  ) throws(ParquetError) -> [Value] {
    guard let first = node.leafRange.first else { return [] }
    if try cursor(first).definitionLevel < node.maxDefinitionLevel {
      try passOver(node)
      return []
    }
    var values: [Value] = []
    while true {
      valuesInRow += 1
      if valuesInRow > Limits.rowValueCountMax {
        throw corrupt("a row of more than \(Limits.rowValueCountMax) values", first)
      }
      values.append(try element(node))
      let repeats = try isRepeated(first, node)
      // A leaf that repeats differently than its siblings would put values into the wrong row.
      for index in node.leafRange.dropFirst() where try isRepeated(index, node) != repeats {
        throw corrupt("the columns of a repeated group repeat differently", index)
      }
      if !repeats { return values }
    }
  }

  /// Whether the leaf's next entry begins another element of `node`.
  private func isRepeated(_ index: Int, _ node: SchemaNode) throws(ParquetError) -> Bool {
    guard let cursor = cursors[index], try has(cursor, index) else { return false }
    return cursor.repetitionLevel == node.maxRepetitionLevel
  }

  private func map(_ entries: SchemaNode) throws(ParquetError) -> Value {
    let pairs = try elements(entries) { entries throws(ParquetError) in
      .list([try self.read(entries.children[0]), try self.read(entries.children[1])])
    }
    return .map(
      pairs.map { pair in
        let parts = pair.elements ?? []
        return Value.MapEntry(key: parts[0], value: parts[1])
      })
  }
}

extension ParquetReader {
  /// Rows of any nesting.
  ///
  /// - Parameter columns: Top-level fields to read, in the order wanted; nil means all.
  public func rows(
    rowGroup: Int, columns: [String]? = nil
  ) throws(ParquetError) -> RowCursor {
    try RowCursor(reader: self, rowGroup: rowGroup, columns: columns)
  }

  /// The same for one top-level field of `schema`, even if others have its name.
  public func rows(rowGroup: Int, field: SchemaNode) throws(ParquetError) -> RowCursor {
    try RowCursor(reader: self, rowGroup: rowGroup, fields: [field])
  }
}
