import Bytes
import Catalog
import Columnar
import JSON
import Tables

/// Stored rows from files that the download replacing them lacks: they are quarantined.
package struct RemovedRows {
  /// Rows of one unit that may be quarantined; with more, the unit is refused.
  static let countMax = 100_000
  static let rule = "replaced_by_download"

  private let schema: TableSchema
  private let originals: OriginalStore
  /// The removed rows, in the order in which they were added.
  package private(set) var rows: [RejectedRow] = []

  /// - Parameter originals: Stores the rows' values once memory for them is used up.
  package init(_ schema: TableSchema, originals: OriginalStore) {
    self.schema = schema
    self.originals = originals
  }

  /// Adds rows of a data file.
  ///
  /// - Parameter places: Indexes of rows by row group.
  package mutating func take(path: String, places: [Int: [Int]]) throws {
    guard rows.count + places.values.reduce(0, { $0 + $1.count }) <= Self.countMax else {
      throw PassError(
        .tooManyBadRows,
        "more than \(Self.countMax) rows that files brought are not in the vendor's answer",
        place: path, remedy: "--force replaces them, and sets none aside")
    }
    let reader = try SegmentReader(path: path, fields: schema.rowFields)
    for (rowGroup, rows) in places.sorted(by: { $0.key < $1.key }) {
      var columns: [(field: Field, values: Column)] = []
      let group = reader.rowGroups[rowGroup]
      for field in schema.rowFields where !reader.remainders.isRemainder(field.name) {
        if let values = try reader.values(field, group) { columns.append((field, values)) }
      }
      for row in rows {
        let rejected = RejectedRow(
          stored: columns, row, rule: Self.rule,
          reason: "a file brought it, and the vendor's answer lacks it", index: schema.indexColumn)
        self.rows.append(try originals.keep(rejected))
      }
    }
  }
}

extension RejectedRow {
  /// A row that a table holds, or held: its values by column, as JSON.
  ///
  /// - Parameters:
  ///   - columns: Times in ns since 1970 UTC.
  ///   - index: Name of the column of the row's time; nil where it is not known.
  ///   - partition: Values that stand in the path of the row's file, and not in its columns.
  package init(
    stored columns: [(field: Field, values: Column)], _ row: Int, rule: String, reason: String,
    index: String?, partition: [String: String?] = [:]
  ) {
    self.init(rule: rule, reason: reason, position: -1, original: [])
    var members: [(String, JSONValue)] = partition.sorted { $0.key < $1.key }.compactMap {
      key, value in
      value.map { (key, .string($0)) }
    }
    for (field, column) in columns where !column.isNull(row) {
      let value = StoredValue.json(column, row, field.type)
      members.append((field.name, value))
      if field.name == "symbol" {
        symbol = value.string.flatMap { $0.utf8.count <= Self.symbolByteCountMax ? $0 : nil }
      }
      if field.name == index, case .integers(let values) = column.storage {
        timestamp = values[row]
      }
    }
    original = Array(JSONValue.object(JSONObject(members)).description.utf8)
    originalForm = "json"
    isText = true
  }
}

/// Stored values as JSON: decimals with all digits, times as ISO texts.
package enum StoredValue {
  /// - Parameter column: Its timestamps are in ns.
  static func json(_ column: Column, _ row: Int, _ type: ColumnType) -> JSONValue {
    switch column.storage {
    case .integers(let values): return number(Int128(values[row]), type)
    case .wide(let values): return number(values[row], type)
    case .doubles(let values): return .string("\(values[row])")
    case .bytes(let values): return text(values.bytes[values.byteRange(row)])
    case .codes(let codes, let dictionary):
      return text(dictionary.bytes[dictionary.byteRange(Int(codes[row]))])
    }
  }

  /// Text as it is; bytes that are none as an object with their base64.
  private static func text(_ bytes: ArraySlice<UInt8>) -> JSONValue {
    String(validating: bytes, as: UTF8.self).map { .string($0) }
      ?? .object(JSONObject([("base64", .string(Base64.encode(bytes)))]))
  }

  /// An integer of a column, as what it represents.
  package static func number(_ value: Int128, _ type: ColumnType) -> JSONValue {
    switch type {
    case .boolean: .boolean(value != 0)
    case .decimal(_, let scale):
      .number(DecimalText.format(value, scale: scale, trimmed: true))
    case .timestamp:
      .string(TimeText.iso(nanoseconds: Int64(truncatingIfNeeded: value), digits: 9))
    case .date: .string(CivilDate(daysSinceEpoch: Int(truncatingIfNeeded: value)).iso)
    default: .integer(value)
    }
  }
}
