import CommandLineKit
import JSON
import Parquet

/// What `lake parquet` shows of a file's footer.
struct ParquetDescription {
  let reader: ParquetReader
  let context: Context

  /// Longest bound in the table, in characters.
  private static let boundCountMax = 32

  // MARK: - Text

  func printText() {
    let metadata = reader.metadata
    context.print("file         \(Escaping.controls(reader.name))")
    context.print("created by   \(Escaping.controls(metadata.createdBy ?? "unknown"))")
    context.print("rows         \(Quantity.count(Int(metadata.rowCount)))")
    context.print("row groups   \(reader.rowGroupCount)")
    context.print("columns      \(reader.leaves.count)")
    context.print("bytes        \(Quantity.count(reader.byteCount))")
    for property in metadata.keyValueMetadata ?? [] {
      let value = property.value ?? ""
      context.print(
        "property     \(Escaping.controls(property.key)) = \(shortened(Escaping.controls(value), 60))"
      )
    }
    context.print("")
    context.print("schema")
    for line in reader.schema.lines { context.print("  " + Escaping.controls(line)) }
    for rowGroup in 0..<reader.rowGroupCount { printRowGroup(rowGroup) }
  }

  private func printRowGroup(_ index: Int) {
    let group = reader.metadata.rowGroups[index]
    context.print("")
    var line = "row group \(index): \(Quantity.count(Int(group.rowCount))) rows"
    if let sorting = group.sortingColumns, !sorting.isEmpty {
      line += ", sorted by " + sorting.map(sortingText).joined(separator: ", ")
    }
    context.print(line)
    var table = TextTable([
      ("COLUMN", .left), ("CODEC", .left), ("ENCODINGS", .left), ("VALUES", .right),
      ("BYTES", .right), ("UNPACKED", .right), ("NULLS", .right), ("MIN", .left), ("MAX", .left),
      ("INDEX", .left),
    ])
    for leaf in reader.leaves.indices { table.add(cells(index, leaf)) }
    context.print(table)
  }

  private func sortingText(_ sorting: SortingColumn) -> String {
    let index = Int(sorting.columnIndex)
    let name = reader.leaves.indices.contains(index) ? reader.leaves[index].name : "#\(index)"
    return Escaping.controls(name) + (sorting.isDescending ? " descending" : "")
  }

  private func cells(_ rowGroup: Int, _ leaf: Int) -> [String] {
    let column = reader.leaves[leaf]
    // An error is shown in place of the description.
    guard let chunk = try? reader.chunkMetadata(rowGroup: rowGroup, leaf: leaf) else {
      return [column.name, "encrypted or in another file", "", "", "", "", "", "", "", ""]
    }
    let statistics = reader.statistics(rowGroup: rowGroup, leaf: leaf)
    func bound(_ value: StatisticsValue?) -> String {
      value.map { shortened($0.value(of: column.type).plainText, Self.boundCountMax) } ?? "-"
    }
    return [
      column.name, chunk.codec.name, encodings(chunk), Quantity.count(Int(chunk.valueCount)),
      Quantity.count(Int(chunk.totalCompressedByteCount)),
      Quantity.count(Int(chunk.totalUncompressedByteCount)),
      statistics?.nullCount.map(Quantity.count) ?? "-", bound(statistics?.minimum),
      bound(statistics?.maximum), indexText(rowGroup, leaf),
    ]
  }

  private func encodings(_ chunk: ColumnMetadata) -> String {
    chunk.encodings.map(\.name).joined(separator: ",")
  }

  private func indexText(_ rowGroup: Int, _ leaf: Int) -> String {
    let chunk = reader.metadata.rowGroups[rowGroup].columns[leaf]
    var parts: [String] = []
    if chunk.columnIndexOffset != nil { parts.append("column") }
    if chunk.offsetIndexOffset != nil { parts.append("offset") }
    if chunk.metadata?.bloomFilterOffset != nil { parts.append("bloom") }
    return parts.isEmpty ? "-" : parts.joined(separator: ",")
  }

  private func shortened(_ text: String, _ count: Int) -> String {
    text.count <= count ? text : text.prefix(count - 1) + "…"
  }

  // MARK: - JSON

  func printJSON() {
    for node in reader.leaves { context.print(column(node)) }
    for rowGroup in 0..<reader.rowGroupCount {
      for leaf in reader.leaves.indices { context.print(chunk(rowGroup, leaf)) }
    }
    let metadata = reader.metadata
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string("summary")
    json.key("file")
    json.string(reader.name)
    json.key("created_by")
    if let name = metadata.createdBy { json.string(name) } else { json.null() }
    json.key("format_version")
    json.integer(Int(metadata.version))
    json.key("rows")
    json.integer(metadata.rowCount)
    json.key("row_groups")
    json.integer(reader.rowGroupCount)
    json.key("columns")
    json.integer(reader.leaves.count)
    json.key("bytes")
    json.integer(reader.byteCount)
    json.key("properties")
    json.beginObject()
    for property in metadata.keyValueMetadata ?? [] {
      json.key(property.key)
      if let value = property.value { json.string(value) } else { json.null() }
    }
    json.endObject()
    json.endObject()
    context.print(json.string)
  }

  private func column(_ leaf: LeafColumn) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string("column")
    json.key("path")
    json.beginArray()
    for name in leaf.path { json.string(name) }
    json.endArray()
    json.key("column_type")
    json.string(leaf.type.name)
    json.key("physical_type")
    json.string(leaf.physicalType.name)
    json.key("max_definition_level")
    json.integer(leaf.maxDefinitionLevel)
    json.key("max_repetition_level")
    json.integer(leaf.maxRepetitionLevel)
    json.endObject()
    return json.string
  }

  private func chunk(_ rowGroup: Int, _ leaf: Int) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string("chunk")
    json.key("row_group")
    json.integer(rowGroup)
    json.key("rows")
    json.integer(reader.rowCount(rowGroup: rowGroup))
    json.key("column")
    json.string(reader.leaves[leaf].name)
    // For unreadable metadata the members are omitted, as the line's schema allows.
    if let chunk = try? reader.chunkMetadata(rowGroup: rowGroup, leaf: leaf) {
      json.key("codec")
      json.string(chunk.codec.name)
      json.key("encodings")
      json.beginArray()
      for encoding in chunk.encodings { json.string(encoding.name) }
      json.endArray()
      json.key("values")
      json.integer(chunk.valueCount)
      json.key("bytes")
      json.integer(chunk.totalCompressedByteCount)
      json.key("unpacked_bytes")
      json.integer(chunk.totalUncompressedByteCount)
    }
    json.key("statistics")
    appendStatistics(rowGroup, leaf, to: &json)
    json.key("index")
    json.string(indexText(rowGroup, leaf))
    json.endObject()
    return json.string
  }

  private func appendStatistics(_ rowGroup: Int, _ leaf: Int, to json: inout JSONWriter) {
    guard let statistics = reader.statistics(rowGroup: rowGroup, leaf: leaf) else {
      json.null()
      return
    }
    let type = reader.leaves[leaf].type
    func bound(_ value: StatisticsValue) -> [UInt8] {
      var text = ValueText()
      text.appendJSON(value.value(of: type))
      return text.bytes
    }
    json.beginObject()
    if let minimum = statistics.minimum {
      json.key("min")
      json.raw(bound(minimum))
      json.key("min_is_exact")
      json.boolean(statistics.isMinimumExact)
    }
    if let maximum = statistics.maximum {
      json.key("max")
      json.raw(bound(maximum))
      json.key("max_is_exact")
      json.boolean(statistics.isMaximumExact)
    }
    if let count = statistics.nullCount {
      json.key("nulls")
      json.integer(count)
    }
    if let count = statistics.distinctCount {
      json.key("distinct")
      json.integer(count)
    }
    json.endObject()
  }
}
