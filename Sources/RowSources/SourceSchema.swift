import Bytes
import Columnar
import Market

/// A column of the target table, as far as a source must know it.
public struct SourceColumn: Sendable, Equatable {
  /// The table's name of it.
  public var name: String
  /// The vendor's name: the name of the field in packed rows.
  public var field: String
  /// Other names that files have for it.
  public var aliases: [String]
  /// What its values are.
  public var type: ColumnType
  /// Whether a column of the nanoseconds of each microsecond follows in the table.
  public var hasNanoseconds: Bool
  /// Whether a row without a value goes to quarantine.
  public var isRequired: Bool
  /// A 64-bit integer that is unsigned in the source and keeps its bits in a long.
  public var isUnsigned: Bool
  /// A time of 0 means that there is none.
  public var isNullAtZero: Bool
  /// What a column of one letter may hold; nil for other columns.
  var letters: LetterChoices?

  /// A column that a file may have.
  public init(
    _ name: String, _ type: ColumnType, field: String? = nil, aliases: [String] = [],
    hasNanoseconds: Bool = false, isRequired: Bool = false, isUnsigned: Bool = false,
    isNullAtZero: Bool = false
  ) {
    self.name = name
    self.field = field ?? name
    self.aliases = aliases
    self.type = type
    self.hasNanoseconds = hasNanoseconds
    self.isRequired = isRequired
    self.isUnsigned = isUnsigned
    self.isNullAtZero = isNullAtZero
  }

  /// The form that its values have in packed rows.
  var form: RowFieldForm {
    switch type {
    case .boolean, .integer(8, _): .int8
    case .integer(16, _): .int16
    case .integer(32, _), .date: .int32
    case .integer: isUnsigned ? .uint64 : .int64
    case .decimal(let precision, _): precision <= 18 ? .int64 : .int128
    case .float16, .float, .double: .double
    case .timestamp: .timestamp
    case .time: .int64
    default: .text
    }
  }
}

/// The target of a source: the columns that its rows may fill.
public struct SourceSchema: Sendable {
  /// `ohlcv-1s`, `trades`, …
  public var kind: String
  /// The columns of a table's rows.
  public var columns: [SourceColumn]
  /// Name of the index column: a timestamp, never null.
  public var index: String
  /// What every row must hold.
  public var rules: [SourceRule]
  /// Whether the table gives its rows a `source_ordinal`.
  public var numbersRows = false
  /// The zone of the table's partition dates, where that is known; else they are of UTC.
  public var partitionZone: TimeZoneRules?

  /// What rows of a kind look like.
  public init(kind: String, columns: [SourceColumn], index: String, rules: [SourceRule] = []) {
    self.kind = kind
    self.columns = columns
    self.index = index
    self.rules = rules
  }

  /// Position of the column with a table's or a vendor's name.
  func position(of name: String) -> Int? {
    columns.firstIndex { $0.name == name } ?? columns.firstIndex { $0.field == name }
  }
}

/// Where the columns of a schema lie in packed rows: validity bits first, then the fields.
struct SourceLayout {
  let layout: RowLayout
  /// One field a column, in the schema's order.
  let fields: [RowField]

  init(_ schema: SourceSchema) {
    let bitByteCount = (schema.columns.count + 7) / 8
    var offset = bitByteCount
    var fields: [RowField] = []
    for (index, column) in schema.columns.enumerated() {
      let null = RowNull.bit(offset: index / 8, mask: 1 << UInt8(index % 8))
      fields.append(RowField(column.field, column.form, offset: offset, null: null))
      offset += column.form.byteCount
    }
    self.fields = fields
    layout = RowLayout(stride: offset, fields: fields)
  }

  /// A row before any column of the file is read: nulls, and what the user said of every row.
  func template(_ schema: SourceSchema, _ options: SourceOptions, _ strings: StringTable)
    -> ByteBuffer
  {
    let template = ByteBuffer(capacity: layout.stride)
    template.base.initializeMemory(as: UInt8.self, repeating: 0, count: layout.stride)
    template.count = layout.stride
    if let symbol = options.symbol, let position = schema.position(of: "symbol") {
      template.base.storeLE(strings.code(symbol), fields[position].offset)
      fields[position].markValid(template.base)
    }
    return template
  }
}

extension RowField {
  /// Sets the validity bit of a row's field.
  @inline(__always)
  func markValid(_ row: UnsafeMutableRawPointer) {
    guard case .bit(let offset, let mask) = null else { return }
    row.storeLE(UnsafeRawPointer(row).loadLE(offset, as: UInt8.self) | mask, offset)
  }

  /// Whether a row's field, whose null is a validity bit, has a value.
  @inline(__always)
  package func isValid(_ row: UnsafeRawPointer) -> Bool {
    guard case .bit(let offset, let mask) = null else { return true }
    return row.loadLE(offset, as: UInt8.self) & mask != 0
  }
}
