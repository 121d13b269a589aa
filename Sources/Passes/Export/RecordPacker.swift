import Bytes
import Catalog
import Columnar
import Databento
import Parquet

/// Builds DBN records from the columns of a data file.
///
/// A packed row is the record, then its place in the output: 8 bytes that order it, 8 that break ties,
/// and its index timestamp.
final class RecordPacker {
  let recordByteCount: Int
  /// The record, and its place.
  var stride: Int { recordByteCount + 24 }
  var tieBreaker: RowField { RowField("tie", .uint64, offset: recordByteCount + 8) }

  private let schema: TableSchema
  private let template: [UInt8]
  private let fields: [(field: DBNField, column: SchemaColumn)]

  init(kind: RecordKind, version: Int, schema: TableSchema) throws {
    self.schema = schema
    var template = DBNFields.template(kind, version: version, tsOut: false)
    // What the vendor's own upgrade of older definitions puts where they have no leg: no side.
    if let side = DBNFields.fields(kind, version: version).first(where: { $0.name == "leg_side" }) {
      template[side.offset] = UInt8(ascii: "N")
    }
    self.template = template
    recordByteCount = template.count
    fields = DBNFields.fields(kind, version: version).compactMap { field in
      guard let column = schema.columns.first(where: { ($0.source ?? $0.name) == field.name })
      else { return nil }
      return (field, column)
    }
  }

  /// Hands over the records of one data file, row group by row group.
  ///
  /// - Parameters:
  ///   - fileNumber: Place of the file among those of its date.
  ///   - body: Takes a packed row, valid during the call, its source, and its key among the rows of that.
  func pack(
    path: String, fileNumber: Int, options: DBNExport.Options,
    body: (UnsafeRawPointer, ExportSource, SortKey) throws -> Void
  ) throws {
    let reader = try ParquetReader(path: path)
    for rowGroup in reader.metadata.rowGroups.indices {
      try pack(RowGroupColumns(reader, rowGroup, schema), fileNumber, options, body)
    }
  }

  private func pack(
    _ columns: RowGroupColumns, _ fileNumber: Int, _ options: DBNExport.Options,
    _ body: (UnsafeRawPointer, ExportSource, SortKey) throws -> Void
  ) throws {
    var filled: [(DBNField, Column)] = []
    for (field, column) in fields {
      if let values = try columns.read(column) { filled.append((field, values)) }
    }
    let symbols = try columns.texts("symbol")
    let times = try columns.integers(schema.indexColumn)
    let ordinals = try columns.ordinals()
    let instruments = try columns.integers("instrument_id")
    let publishers = try columns.integers("publisher_id")
    var row = template + [UInt8](repeating: 0, count: 24)
    for index in 0..<columns.rowCount {
      let time = times?[index] ?? 0
      if let range = options.range, !range.contains(time) { continue }
      if !options.symbols.isEmpty, let symbols, !options.symbols.contains(symbols(index)) {
        continue
      }
      let ordinal = ordinals?(index)
      let source = ExportSource(ordinal: ordinal, fileNumber: fileNumber)
      let key = Self.key(
        time: time, ordinal: ordinal, instrument: instruments?[index] ?? 0,
        publisher: publishers?[index] ?? 0)
      row.replaceSubrange(0..<recordByteCount, with: template)
      try row.withUnsafeMutableBytes { raw in
        guard let base = raw.baseAddress else { return }
        for (field, column) in filled { Self.store(column, index, field, base) }
        base.storeLE(key.index, recordByteCount)
        base.storeLE(key.sequence, recordByteCount + 8)
        base.storeLE(time, recordByteCount + 16)
        try body(UnsafeRawPointer(base), source, key)
      }
    }
  }

  private static func key(
    time: Int64, ordinal: Int64?, instrument: Int64, publisher: Int64
  ) -> SortKey {
    if let ordinal { return SortKey(index: 0, sequence: UInt64(truncatingIfNeeded: ordinal)) }
    return SortKey(
      index: time,
      sequence: UInt64(truncatingIfNeeded: instrument) << 16
        | UInt64(truncatingIfNeeded: publisher) & 0xFFFF)
  }

  /// Puts a value into its field; nulls stay as the template has them.
  private static func store(
    _ column: Column, _ row: Int, _ field: DBNField, _ record: UnsafeMutableRawPointer
  ) {
    if column.isNull(row) { return }
    switch column.storage {
    case .integers(let values): store(values[row], field, record)
    case .wide(let values): store(Int64(truncatingIfNeeded: values[row]), field, record)
    case .doubles(let values): record.storeLE(values[row].bitPattern, field.offset)
    case .bytes(let values):
      store(values.bytes[values.byteRange(row)], field, record)
    case .codes(let codes, let dictionary):
      store(dictionary.bytes[dictionary.byteRange(Int(codes[row]))], field, record)
    }
  }

  private static func store(
    _ value: Int64, _ field: DBNField, _ record: UnsafeMutableRawPointer
  ) {
    switch field.form.byteCount {
    case 1: record.storeLE(UInt8(truncatingIfNeeded: value), field.offset)
    case 2: record.storeLE(UInt16(truncatingIfNeeded: value), field.offset)
    case 4: record.storeLE(UInt32(truncatingIfNeeded: value), field.offset)
    default: record.storeLE(UInt64(truncatingIfNeeded: value), field.offset)
    }
  }

  private static func store(
    _ text: ArraySlice<UInt8>, _ field: DBNField, _ record: UnsafeMutableRawPointer
  ) {
    let byteCount = field.form.byteCount
    for (index, byte) in text.prefix(byteCount).enumerated() {
      record.storeLE(byte, field.offset + index)
    }
    if text.count < byteCount {
      for index in text.count..<byteCount { record.storeLE(UInt8(0), field.offset + index) }
    }
  }
}

/// Where rows of a date come from: those of one source keep their order.
enum ExportSource: Hashable {
  /// Rows that kept no place: time, instrument and publisher tell their order.
  case values
  /// A source that is known by the bits in front of its rows' places.
  case source(Int64)
  /// A file of an older version, whose rows' places say no source.
  case file(Int)

  init(ordinal: Int64?, fileNumber: Int) {
    guard let ordinal else {
      self = .values
      return
    }
    let source = InputIdentity.source(ordinal: ordinal)
    self = source == 0 ? .file(fileNumber) : .source(source)
  }
}

/// The columns of one row group, read as they are asked for.
private struct RowGroupColumns {
  private let reader: ParquetReader
  private let rowGroup: Int
  private let schema: TableSchema

  init(_ reader: ParquetReader, _ rowGroup: Int, _ schema: TableSchema) {
    self.reader = reader
    self.rowGroup = rowGroup
    self.schema = schema
  }

  var rowCount: Int { reader.rowCount(rowGroup: rowGroup) }

  /// A column's values; times in whole nanoseconds. nil where the file has no such column.
  func read(_ column: SchemaColumn) throws -> Column? {
    guard let leaf = reader.leafIndex(named: column.name) else { return nil }
    var values = Column(type: column.type, storage: .integers([]))
    try reader.readColumn(rowGroup: rowGroup, leaf: leaf, rows: nil, into: &values)
    if case .timestamp = column.type {
      try RemainderColumns(fields: schema.fileFields).combine(
        &values, name: column.name, reader: reader, rowGroup: rowGroup)
    }
    return values
  }

  func integers(_ name: String) throws -> [Int64]? {
    guard let column = schema.column(named: name), let values = try read(column),
      case .integers(let integers) = values.storage
    else { return nil }
    return integers
  }

  /// The place of a row in its source, where it kept it.
  func ordinals() throws -> ((Int) -> Int64?)? {
    guard let column = schema.column(named: TableSchema.ordinalColumn),
      let values = try read(column), case .integers(let integers) = values.storage
    else { return nil }
    return { values.isNull($0) ? nil : integers[$0] }
  }

  func texts(_ name: String) throws -> ((Int) -> String)? {
    guard let column = schema.column(named: name), let values = try read(column) else {
      return nil
    }
    switch values.storage {
    case .codes(let codes, let dictionary):
      let names = (0..<dictionary.count).map { dictionary[$0] }
      return { names[Int(codes[$0])] }
    case .bytes(let texts): return { texts[$0] }
    default: return nil
    }
  }
}
