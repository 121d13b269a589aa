import Bytes

/// Encoding of a field in a packed row, little-endian.
public enum RowFieldForm: Hashable, Sendable {
  case int8, uint8, int16, uint16, int32, uint32, int64, uint64
  /// 16 bytes, signed.
  case int128
  /// IEEE 754, 8 bytes.
  case double
  /// Nanoseconds since 1970 UTC, unsigned 64 bits: one field that feeds two columns (`ts`, `ts_plus_ns`).
  case timestamp
  /// One character; 0 is null.
  case character
  /// Text padded with NULs to `byteCount` bytes; it ends at the first NUL.
  case fixedText(byteCount: Int)
  /// A code of the source's `StringTable`, unsigned 32 bits.
  case text

  /// Size of the field in bytes.
  public var byteCount: Int {
    switch self {
    case .int8, .uint8, .character: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .text: 4
    case .int64, .uint64, .double, .timestamp: 8
    case .int128: 16
    case .fixedText(let byteCount): byteCount
    }
  }
}

/// How a packed row marks a null field.
public enum RowNull: Hashable, Sendable {
  case never
  /// The field is null if its bytes, zero-extended to 64 bits, equal this value.
  case sentinel(UInt64)
  /// The field is null if the bit `mask` of the row's byte at `offset` is 0.
  case bit(offset: Int, mask: UInt8)
}

/// One field of a packed row.
public struct RowField: Hashable, Sendable {
  /// The vendor's field name (`source` of a schema's column).
  public var name: String
  /// Encoding of the value.
  public var form: RowFieldForm
  /// Byte offset within the row.
  public var offset: Int
  /// How null is marked.
  public var null: RowNull

  /// The field without its name: what loops over rows need, and cheap to copy.
  public var location: FieldLocation { FieldLocation(form: form, offset: offset, null: null) }

  /// A field at a byte offset of the row.
  public init(_ name: String, _ form: RowFieldForm, offset: Int, null: RowNull = .never) {
    self.name = name
    self.form = form
    self.offset = offset
    self.null = null
  }
}

/// Position and encoding of a field in a packed row.
public struct FieldLocation: Hashable, Sendable {
  /// Encoding of the value.
  public var form: RowFieldForm
  /// Byte offset within the row.
  public var offset: Int
  /// How null is marked.
  public var null: RowNull

  /// A field at a byte offset of the row.
  public init(form: RowFieldForm, offset: Int, null: RowNull) {
    self.form = form
    self.offset = offset
    self.null = null
  }
}

/// The layout of fixed-width packed rows, in which sources pass rows to ingest.
public struct RowLayout: Hashable, Sendable {
  /// Bytes per row.
  public let stride: Int
  /// The fields, in display order.
  public let fields: [RowField]

  /// A layout with rows of `stride` bytes.
  public init(stride: Int, fields: [RowField]) {
    for field in fields {
      precondition(
        field.offset >= 0 && field.offset + field.form.byteCount <= stride,
        "every field lies within the row")
    }
    self.stride = stride
    self.fields = fields
  }

  /// The field with this name; nil if there is none.
  public func field(named name: String) -> RowField? { fields.first { $0.name == name } }
}

/// Interned strings of a source. Code 0 is the empty string.
public final class StringTable {
  /// Most distinct strings of one table.
  public static let countMax = 1 << 28

  /// The strings, indexed by code.
  public private(set) var values = ByteColumn()
  private var slots: [UInt32]
  private var mask: Int

  /// A table with the empty string only.
  public init() {
    slots = [UInt32](repeating: .max, count: 1024)
    mask = 1023
    values.appendEmpty()
    slots[Self.hash(UnsafeRawBufferPointer(start: nil, count: 0)) & mask] = 0
  }

  /// Number of distinct strings.
  public var count: Int { values.count }

  /// Removes all strings and restarts the codes.
  public func removeAll() {
    values = ByteColumn()
    slots = [UInt32](repeating: .max, count: 1024)
    mask = 1023
    values.appendEmpty()
    slots[Self.hash(UnsafeRawBufferPointer(start: nil, count: 0)) & mask] = 0
  }

  /// The code of `text`, which is added if it is new.
  public func code(_ text: UnsafeRawBufferPointer) -> UInt32 {
    var slot = Self.hash(text) & mask
    while slots[slot] != .max {
      if equals(Int(slots[slot]), text) { return slots[slot] }
      slot = (slot + 1) & mask
    }
    let code = UInt32(values.count)
    precondition(values.count < Self.countMax, "a source's distinct texts are bounded")
    values.append(text)
    slots[slot] = code
    if values.count * 2 > slots.count { grow() }
    return code
  }

  /// The code of a string, which is added if it is new.
  public func code(_ text: String) -> UInt32 {
    var text = text
    return text.withUTF8 { code(UnsafeRawBufferPointer($0)) }
  }

  /// The string of a code that this table returned.
  public subscript(code: UInt32) -> String { values[Int(code)] }

  private func equals(_ index: Int, _ text: UnsafeRawBufferPointer) -> Bool {
    let range = values.byteRange(index)
    if range.count != text.count { return false }
    return values.bytes.withUnsafeBytes { $0[range].elementsEqual(text) }
  }

  private func grow() {
    mask = slots.count * 2 - 1
    slots = [UInt32](repeating: .max, count: mask + 1)
    values.bytes.withUnsafeBytes { bytes in
      for index in 0..<values.count {
        let text = UnsafeRawBufferPointer(rebasing: bytes[values.byteRange(index)])
        var slot = Self.hash(text) & mask
        while slots[slot] != .max { slot = (slot + 1) & mask }
        slots[slot] = UInt32(index)
      }
    }
  }

  private static func hash(_ text: UnsafeRawBufferPointer) -> Int {
    Int(truncatingIfNeeded: RowHash.text(text))
  }
}

/// Packed rows of one layout, in source order.
public final class RowBlock {
  /// Layout of a row.
  public let layout: RowLayout
  /// The rows, concatenated.
  public let bytes: ByteBuffer
  /// Ordinal of the first row within its source.
  public var firstOrdinal: Int64

  /// An empty block.
  public init(layout: RowLayout, firstOrdinal: Int64 = 0) {
    self.layout = layout
    bytes = ByteBuffer()
    self.firstOrdinal = firstOrdinal
  }

  /// Number of rows in `bytes`.
  public var rowCount: Int { bytes.count / layout.stride }
}
