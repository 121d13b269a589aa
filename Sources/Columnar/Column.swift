/// Variable-length values, end to end in one array.
public struct ByteColumn: Sendable, Equatable {
  /// `count + 1` offsets into `bytes`, from 0.
  public var offsets: [Int32]
  /// The values one after the other.
  public var bytes: [UInt8]

  /// No values.
  public init() {
    offsets = [0]
    bytes = []
  }

  /// The UTF-8 bytes of some strings.
  public init(_ strings: some Sequence<String>) {
    self.init()
    for string in strings { append(string) }
  }

  /// Number of values.
  public var count: Int { offsets.count - 1 }

  /// Adds the UTF-8 bytes of a string.
  public mutating func append(_ string: String) {
    bytes.append(contentsOf: string.utf8)
    offsets.append(Int32(bytes.count))
  }

  /// Adds a copy of some bytes.
  public mutating func append(_ value: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: value)
    offsets.append(Int32(bytes.count))
  }

  /// Appends an empty value: what stands in place of a null.
  public mutating func appendEmpty() { offsets.append(Int32(bytes.count)) }

  /// Where in `bytes` a value lies.
  public func byteRange(_ index: Int) -> Range<Int> {
    Int(offsets[index])..<Int(offsets[index + 1])
  }

  /// The value at `index` as text; malformed UTF-8 is repaired.
  public subscript(index: Int) -> String {
    String(decoding: bytes[byteRange(index)], as: UTF8.self)
  }
}

/// One column of a batch: plain values and one validity byte a row. Never optionals or enums a value.
///
/// - Every type of up to 64 bits (booleans, dates, times, decimals of up to 18 digits) is `integers`.
/// - `codes` are indices into a small dictionary, and stand for `bytes` wherever those may stand.
/// - Where a row is null, the value in its place is 0 (or empty) and means nothing.
public struct Column: Sendable {
  /// How the values of a column lie in memory.
  public enum Storage: Sendable {
    case integers([Int64])
    /// Decimals of 19 to 38 digits.
    case wide([Int128])
    case doubles([Double])
    case bytes(ByteColumn)
    case codes([Int32], dictionary: ByteColumn)
  }

  /// What the values mean.
  public var type: ColumnType
  /// The values; those of null rows may be anything.
  public var storage: Storage
  /// One byte a row: 1 where there is a value, 0 where it is null. nil when no row is null.
  public var validity: [UInt8]?

  /// A column of values; `validity` has one byte a row, 0 where it is null, and is nil where none is.
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

  /// Whether a row has no value.
  public func isNull(_ row: Int) -> Bool { validity.map { $0[row] == 0 } ?? false }

  /// Number of rows without a value. Cost: a look at every row.
  public var nullCount: Int { validity.map { $0.reduce(0) { $0 + (1 - Int($1)) } } ?? 0 }
}

/// Columns of equal length under a flat schema.
public struct Batch: Sendable {
  /// Names and types, one for each column.
  public var fields: [Field]
  /// The values, `rowCount` in each.
  public var columns: [Column]
  /// Number of rows; a batch may have rows and no columns.
  public var rowCount: Int

  /// Rows by columns.
  public init(fields: [Field], columns: [Column], rowCount: Int) {
    precondition(fields.count == columns.count, "one field a column")
    precondition(columns.allSatisfy { $0.count == rowCount }, "columns of equal length")
    self.fields = fields
    self.columns = columns
    self.rowCount = rowCount
  }
}
