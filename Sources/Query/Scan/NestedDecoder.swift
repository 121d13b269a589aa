import Columnar
import Parquet

/// How a nested column is read: as values of one type, encoded as bytes.
struct NestedReading: Equatable, Sendable {
  var type: NestedType
  /// Whether the bytes are `NestedBytes`; else JSON.
  var isBinary = false
}

/// Reads one nested column of a row group, rows in ascending order, on one thread.
final class NestedDecoder {
  private let segment: ParquetSegment
  private let name: String
  private let node: SchemaNode
  private var rowGroup = -1
  /// A Parquet cursor, not a cursor of this room.
  private var cursor: RowCursor?
  private var text = ValueText()
  private var bytes: [UInt8] = []

  init(segment: ParquetSegment, name: String, node: SchemaNode) {
    self.segment = segment
    self.name = name
    self.node = node
  }

  /// The values of `rows` as texts; a null is null.
  func read(rowGroup: Int, as reading: NestedReading, rows: Range<Int>) throws -> Column {
    if self.rowGroup != rowGroup || cursor.map({ $0.rowIndex > rows.lowerBound }) ?? true {
      if reading.type.hasShreddedVariant(in: node) {
        throw QueryError(
          .badData, "variants that are shredded into typed columns are not read", at: location,
          remedy: "leave the column out with --columns, or have the table's engine write it as text"
        )
      }
      cursor = try segment.reader.rows(rowGroup: rowGroup, field: node)
      self.rowGroup = rowGroup
    }
    var result = ByteColumn()
    var validity: [UInt8] = []
    let type = reading.type.located(in: node)
    guard let cursor else { return Column(type: .json, storage: .bytes(result)) }
    try cursor.skip(rows: rows.lowerBound - cursor.rowIndex)
    for row in rows {
      guard let value = try cursor.next()?.first?.shaped(as: type) else {
        throw QueryError(
          .badData, "the column ends after \(row) rows of its row group", at: location)
      }
      validity.append(value.isNull ? 0 : 1)
      if value.isNull {
        result.appendEmpty()
        continue
      }
      let written = write(value, reading)
      if written.count > Int(Int32.max) - result.bytes.count {
        throw QueryError(
          .badData, "nested values of more than \(Int32.max) bytes at once", at: location,
          remedy: "leave the column out with --columns")
      }
      written.withUnsafeBytes { result.append($0) }
    }
    return Column(
      type: .json, storage: .bytes(result), validity: validity.contains(0) ? validity : nil)
  }

  private var location: String { "\(segment.name), row group \(rowGroup), column '\(name)'" }

  private func write(_ value: Value, _ reading: NestedReading) -> [UInt8] {
    if reading.isBinary {
      bytes.removeAll(keepingCapacity: true)
      NestedBytes.append(value, to: &bytes)
      return bytes
    }
    text.removeAll()
    text.appendJSON(value)
    return text.bytes
  }
}
