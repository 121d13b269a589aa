/// Variable-length values, concatenated in one array.
public struct ByteColumn: Sendable, Equatable {
  /// `count + 1` offsets into `bytes`, the first one 0.
  public var offsets: [Int32]
  /// The concatenated values.
  public var bytes: [UInt8]

  /// An empty column.
  public init() {
    offsets = [0]
    bytes = []
  }

  /// A column of the strings' UTF-8 bytes.
  public init(_ strings: some Sequence<String>) {
    self.init()
    for string in strings { append(string) }
  }

  /// Number of values.
  public var count: Int { offsets.count - 1 }

  /// Appends the UTF-8 bytes of a string.
  public mutating func append(_ string: String) {
    bytes.append(contentsOf: string.utf8)
    offsets.append(Int32(bytes.count))
  }

  /// Appends a copy of the bytes.
  public mutating func append(_ value: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: value)
    offsets.append(Int32(bytes.count))
  }

  /// Appends an empty value, such as the filler of a null row.
  public mutating func appendEmpty() { offsets.append(Int32(bytes.count)) }

  /// The range in `bytes` of a value.
  public func byteRange(_ index: Int) -> Range<Int> {
    Int(offsets[index])..<Int(offsets[index + 1])
  }

  /// The value at `index` as text; invalid UTF-8 is replaced by U+FFFD.
  public subscript(index: Int) -> String {
    String(decoding: bytes[byteRange(index)], as: UTF8.self)
  }
}

/// One column of a batch: plain values and one validity byte per row, without optionals or an enum per value.
///
/// - Every type of up to 64 bits (booleans, dates, times, decimals of up to 18 digits) is stored as `integers`.
/// - `codes` are indices into a small dictionary, and may be used wherever `bytes` may.
/// - The value of a null row is 0 (or empty) and has no meaning.
public struct Column: Sendable {
  /// How the values are stored in memory.
  public enum Storage: Sendable {
    case integers([Int64])
    /// Decimals of 19 to 38 digits.
    case wide([Int128])
    case doubles([Double])
    case bytes(ByteColumn)
    case codes([Int32], dictionary: ByteColumn)
  }

  /// The logical type.
  public var type: ColumnType
  /// The values; those of null rows have no meaning.
  public var storage: Storage
  /// One byte per row: 1 for a value, 0 for null. nil if no row is null.
  public var validity: [UInt8]?

  /// A column of values; `validity` has one byte per row, 0 for null, and is nil if no row is null.
  public init(type: ColumnType, storage: Storage, validity: [UInt8]? = nil) {
    self.type = type
    self.storage = storage
    self.validity = validity
  }

  /// Number of rows.
  public var count: Int {
    switch storage {
    case .integers(let values): values.count
    case .wide(let values): values.count
    case .doubles(let values): values.count
    case .bytes(let values): values.count
    case .codes(let codes, _): codes.count
    }
  }

  /// Whether a row is null.
  public func isNull(_ row: Int) -> Bool { validity.map { $0[row] == 0 } ?? false }

  /// Number of null rows. Cost: a pass over all rows.
  public var nullCount: Int { validity.map { $0.reduce(0) { $0 + (1 - Int($1)) } } ?? 0 }
}

/// Columns of equal length with a flat schema.
public struct Batch: Sendable {
  /// Name and type of each column.
  public var fields: [Field]
  /// The columns, each with `rowCount` rows.
  public var columns: [Column]
  /// Number of rows; a batch may have rows but no columns.
  public var rowCount: Int

  /// - Precondition: Every column has `rowCount` rows.
  public init(fields: [Field], columns: [Column], rowCount: Int) {
    precondition(fields.count == columns.count, "one field a column")
    precondition(columns.allSatisfy { $0.count == rowCount }, "columns of equal length")
    self.fields = fields
    self.columns = columns
    self.rowCount = rowCount
  }
}
