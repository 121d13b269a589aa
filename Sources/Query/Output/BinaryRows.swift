import Bytes
import Columnar

/// Rows as bytes that can be decoded again: how they get to a Parquet writer, through merges and spill files if
/// needed.
///
/// A value is the byte 1 and its bytes (8 of an integer or double, 16 of a wide decimal, 4 of length and then
/// the text); a null is the byte 0. A time pair is two values.
enum BinaryRows {
  /// The fields of the rows: a time pair is two.
  static func fields(_ columns: [QueryColumn]) -> [Field] {
    columns.flatMap { column in
      let field = Field(column.name, column.type)
      return column.plusName.map { [field, Field($0, .short)] } ?? [field]
    }
  }

  static func append(
    _ readings: [ColumnReading], _ columns: [QueryColumn], row: Int, to out: ByteBuffer
  ) {
    for (reading, column) in zip(readings, columns) {
      append(reading.main, column.type, row, to: out)
      guard column.isPair else { continue }
      if let plus = reading.plus {
        append(plus, .short, row, to: out)
      } else {
        out.append(littleEndian: UInt8(0))
      }
    }
  }

  private static func append(
    _ vector: ColumnVector, _ type: ColumnType, _ row: Int, to out: ByteBuffer
  ) {
    let at = vector.isConstant ? 0 : row
    guard vector.form != .null, let values = vector.values,
      vector.isConstant || vector.validity.map({ $0[row] != 0 }) ?? true
    else {
      out.append(littleEndian: UInt8(0))
      return
    }
    out.append(littleEndian: UInt8(1))
    switch vector.form {
    case .integers, .doubles:
      out.append(littleEndian: values.load(fromByteOffset: at * 8, as: UInt64.self))
    case .wide:
      out.append(
        littleEndian: values.loadUnaligned(fromByteOffset: at * 16, as: UInt128.self))
    case .codes:
      let text = vector.entry(Int(values.load(fromByteOffset: at * 4, as: Int32.self)))
      out.append(littleEndian: UInt32(text.count))
      out.append(text)
    case .bytes:
      let text = vector.entry(at)
      out.append(littleEndian: UInt32(text.count))
      out.append(text)
    case .null: break
    }
  }
}

/// Builds columns from binary rows.
struct ColumnBuilder {
  private(set) var type: ColumnType
  private var integers: [Int64] = []
  private var wide: [Int128] = []
  private var doubles: [Double] = []
  private var text = ByteColumn()
  private var validity: [UInt8] = []
  private var hasNulls = false

  init(type: ColumnType) { self.type = type }

  /// Decodes one value at `at`, and advances it. The bytes are trusted: `BinaryRows` wrote them.
  mutating func take(_ bytes: UnsafeRawPointer, _ at: inout Int) {
    let isValid = bytes.loadLE(at, as: UInt8.self)
    at += 1
    validity.append(isValid)
    if isValid == 0 { hasNulls = true }
    switch type.storage {
    case .integers:
      integers.append(isValid == 0 ? 0 : bytes.loadLE(at, as: Int64.self))
      at += isValid == 0 ? 0 : 8
    case .doubles:
      doubles.append(isValid == 0 ? 0 : Double(bitPattern: bytes.loadLE(at, as: UInt64.self)))
      at += isValid == 0 ? 0 : 8
    case .wide:
      wide.append(isValid == 0 ? 0 : bytes.loadLE(at, as: Int128.self))
      at += isValid == 0 ? 0 : 16
    case .bytes:
      if isValid == 0 {
        text.appendEmpty()
      } else {
        let count = Int(bytes.loadLE(at, as: UInt32.self))
        text.append(UnsafeRawBufferPointer(start: bytes + at + 4, count: count))
        at += 4 + count
      }
    }
  }

  /// The column filled so far; the builder is empty afterwards.
  mutating func finish() -> Column {
    let storage: Column.Storage
    switch type.storage {
    case .integers: storage = .integers(integers)
    case .doubles: storage = .doubles(doubles)
    case .wide: storage = .wide(wide)
    case .bytes: storage = .bytes(text)
    }
    let column = Column(type: type, storage: storage, validity: hasNulls ? validity : nil)
    self = ColumnBuilder(type: type)
    return column
  }
}
