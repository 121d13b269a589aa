import Bytes
import Catalog
import Columnar
import Databento
import Ingest
import Tables

/// Builds DBN records from the columns of a data file.
///
/// A packed row is the record, then its sort key: 8 bytes that order it, 8 that break ties,
/// and its index timestamp.
final class RecordPacker {
  let recordByteCount: Int
  /// Bytes of the record and its sort key.
  var stride: Int { recordByteCount + 24 }
  var tieBreaker: RowField { RowField("tie", .uint64, offset: recordByteCount + 8) }

  static let legSideField = "leg_side"
  /// The vendor's own upgrade sets this in older definitions without a leg.
  static let noLegSide = "N"

  private let schema: TableSchema
  private let template: [UInt8]
  private let fields: [FieldRoom]
  /// Columns of fields that newer versions have and this one lacks.
  private let absent: [AbsentField]

  init(kind: RecordKind, version: Int, schema: TableSchema) throws {
    self.schema = schema
    var template = DBNFields.template(kind, version: version, tsOut: false)
    let side = DBNFields.fields(kind, version: version).first { $0.name == Self.legSideField }
    if let side { template[side.offset] = Self.noLegSide.utf8.first ?? 0 }
    self.template = template
    recordByteCount = template.count
    let newest = DBNFields.fields(kind, version: DBNFields.versionMax)
    let own = DBNFields.fields(kind, version: version)
    func column(of field: DBNField) -> SchemaColumn? {
      schema.columns.first { ($0.source ?? $0.name) == field.name }
    }
    fields = own.compactMap { field in
      column(of: field).map { column in
        FieldRoom(
          field, column, version: version,
          newest: newest.first { $0.name == field.name } ?? field)
      }
    }
    absent = newest.filter { field in !own.contains { $0.name == field.name } }
      .compactMap { field in
        column(of: field).map { AbsentField(field: field, column: $0, version: version) }
      }
    isNarrower =
      !absent.isEmpty
      || own.contains { field in
        newest.first { $0.name == field.name }.map { $0.form != field.form } ?? false
      }
  }

  /// Whether newer versions of the format hold values that this one cannot.
  let isNarrower: Bool

  /// Passes on the records of one data file, row group by row group.
  ///
  /// - Parameters:
  ///   - fileNumber: Index of the file among those of its date.
  ///   - body: Takes a packed row, valid during the call, its source, and its sort key within the source.
  /// - Throws: `PassError` for a value that does not fit, with its record and field.
  func pack(
    path: String, fileNumber: Int, options: DBNExport.Options,
    body: (UnsafeRawPointer, ExportSource, SortKey) throws -> Void
  ) throws {
    let reader = try SegmentReader(path: path, fields: schema.fileFields)
    var firstRow = 0
    for group in reader.rowGroups {
      let columns = RowGroupColumns(reader, group, schema)
      try pack(columns, firstRow: firstRow, fileNumber, options, body)
      firstRow += columns.rowCount
    }
  }

  private func pack(
    _ columns: RowGroupColumns, firstRow: Int, _ fileNumber: Int, _ options: DBNExport.Options,
    _ body: (UnsafeRawPointer, ExportSource, SortKey) throws -> Void
  ) throws {
    var filled: [(FieldRoom, Column)] = []
    for field in fields {
      if let values = try columns.read(field.column) { filled.append((field, values)) }
    }
    var left: [(AbsentField, Column)] = []
    for field in absent {
      if let values = try columns.read(field.column) { left.append((field, values)) }
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
        do throws(FieldMisfit) {
          for (field, column) in filled { try field.store(column, index, base) }
          for (field, column) in left { try field.check(column, index) }
        } catch {
          throw error.located(
            symbol: symbols?(index) ?? "", time: time, row: firstRow + index, path: columns.path)
        }
        base.storeLE(key.index, recordByteCount)
        base.storeLE(key.sequence, recordByteCount + 8)
        base.storeLE(time, recordByteCount + 16)
        try body(UnsafeRawPointer(base), source, key)
      }
    }
  }

  /// The index timestamp of a packed row, in ns.
  func time(ofPacked row: UnsafeRawPointer) -> Int64 {
    row.loadLE(recordByteCount + 16, as: Int64.self)
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
}

/// The source of a row: rows of one source keep their order.
enum ExportSource: Hashable {
  /// Rows that have no source ordinal: time, instrument and publisher tell their order.
  case values
  /// A source that its rows' ordinals identify.
  case source(Int64)
  /// A file of an older version, whose rows' ordinals identify no source.
  case file(Int)

  init(ordinal: Int64?, fileNumber: Int) {
    guard let ordinal else {
      self = .values
      return
    }
    let source = SourceOrdinal.source(ordinal)
    self = source == 0 ? .file(fileNumber) : .source(source)
  }
}

/// The columns of one row group, read on first use.
private struct RowGroupColumns {
  private let reader: SegmentReader
  private let group: StoredSpan
  private let schema: TableSchema

  init(_ reader: SegmentReader, _ group: StoredSpan, _ schema: TableSchema) {
    self.reader = reader
    self.group = group
    self.schema = schema
  }

  var path: String { reader.path }
  var rowCount: Int { group.count }

  /// A column's values; times in whole nanoseconds. nil if the file lacks the column.
  func read(_ column: SchemaColumn) throws -> Column? {
    try reader.values(column.field, group)
  }

  func integers(_ name: String) throws -> [Int64]? {
    guard let column = schema.column(named: name), let values = try read(column),
      case .integers(let integers) = values.storage
    else { return nil }
    return integers
  }

  /// A row's source ordinal; nil for a row without one.
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
