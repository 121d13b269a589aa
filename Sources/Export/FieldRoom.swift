import Bytes
import Catalog
import Columnar
import Databento
import Platform
import Tables

/// A field of a record, and the values of its column that fit into it.
struct FieldRoom {
  let column: SchemaColumn
  private let field: DBNField
  private let version: Int
  /// The range of numbers: all that the field's bytes hold, without the null sentinel.
  private let range: ClosedRange<Int64>
  /// Bytes of the longest text.
  private let textByteCountMax: Int
  private let newest: DBNField
  /// Units of the column in one of the field: more than one where the table keeps more digits.
  private let unit: Int128

  /// - Parameter newest: The same field in the newest version of the format.
  init(_ field: DBNField, _ column: SchemaColumn, version: Int, newest: DBNField) {
    self.field = field
    self.column = column
    self.version = version
    self.newest = newest
    range = Self.range(field, column)
    unit = Self.unit(field, column)
    textByteCountMax = Self.textByteCountMax(field, newest: newest)
  }

  /// Stores a value in its field. A null leaves the template's value, if that means null: the sentinel of the
  /// format, or a blank text.
  func store(_ values: Column, _ row: Int, _ record: UnsafeMutableRawPointer) throws(FieldMisfit) {
    if values.isNull(row) {
      if hasNull { return }
      throw FieldMisfit(
        message: "'\(column.name)' is null, and DBN has nothing that says so: 0 would be a value",
        isHeldByNewest: false)
    }
    switch values.storage {
    case .integers(let values): try store(values[row], record)
    case .wide(let values):
      let (whole, rest) = values[row].quotientAndRemainder(dividingBy: unit)
      guard rest == 0, let value = Int64(exactly: whole) else { throw misfit(shown(values[row])) }
      try store(value, record)
    case .doubles(let values): record.storeLE(values[row].bitPattern, field.offset)
    case .bytes(let values): try store(values.bytes[values.byteRange(row)], record)
    case .codes(let codes, let dictionary):
      try store(dictionary.bytes[dictionary.byteRange(Int(codes[row]))], record)
    }
  }

  /// Quantities for which 0 is a normal value. In other fields the vendor's tools use 0 for "none": in feed
  /// flags, and in fields that older records lack. For instruments without an id, see `InstrumentMap`.
  private static let quantities: Set<String> = ["volume", "size"]

  /// Whether the format can represent null.
  private var hasNull: Bool { field.nullSentinel != nil || !Self.quantities.contains(field.name) }

  private func store(_ value: Int64, _ record: UnsafeMutableRawPointer) throws(FieldMisfit) {
    guard range.contains(value) else { throw misfit(shown(Int128(value) * unit)) }
    switch field.form.byteCount {
    case 1: record.storeLE(UInt8(truncatingIfNeeded: value), field.offset)
    case 2: record.storeLE(UInt16(truncatingIfNeeded: value), field.offset)
    case 4: record.storeLE(UInt32(truncatingIfNeeded: value), field.offset)
    default: record.storeLE(UInt64(truncatingIfNeeded: value), field.offset)
    }
  }

  private func store(
    _ text: ArraySlice<UInt8>, _ record: UnsafeMutableRawPointer
  ) throws(FieldMisfit) {
    guard text.count <= textByteCountMax, !text.contains(0) else {
      throw misfit("'\(String(decoding: text, as: UTF8.self))'")
    }
    var offset = field.offset
    for byte in text {
      record.storeLE(byte, offset)
      offset += 1
    }
    for rest in offset..<field.offset + field.form.byteCount { record.storeLE(UInt8(0), rest) }
  }

  // MARK: - Limits

  private static func range(_ field: DBNField, _ column: SchemaColumn) -> ClosedRange<Int64> {
    let bitCount = field.form.byteCount * 8
    let isUnsigned: Bool
    switch field.form {
    case .uint8, .uint16, .uint32, .uint64, .timestamp: isUnsigned = true
    default: isUnsigned = false
    }
    // A long with an unsigned number's bits may appear negative.
    if bitCount > 64 || bitCount == 64 && keepsBits(column) { return .min ... .max }
    var low = isUnsigned ? 0 : Int64.min >> (64 - bitCount)
    var high = Int64.max >> (64 - bitCount)
    if isUnsigned && bitCount < 64 { high = high * 2 + 1 }
    if let null = field.nullSentinel.map({ Int64(truncatingIfNeeded: $0) }) {
      if null == high { high -= 1 }
      if null == low && field.form != .character { low += 1 }
    }
    return low...high
  }

  private static func unit(_ field: DBNField, _ column: SchemaColumn) -> Int128 {
    guard case .decimal(_, let scale) = column.type, column.type.storage == .wide else { return 1 }
    return (0..<max(0, scale - (field.isPrice ? 9 : 0))).reduce(1) { unit, _ in unit * 10 }
  }

  private static func keepsBits(_ column: SchemaColumn) -> Bool { column.unit == "unsigned" }

  private static func textByteCountMax(_ field: DBNField, newest: DBNField) -> Int {
    guard case .fixedText(let byteCount) = field.form else { return field.form.byteCount }
    // A source that fills the field to its last byte is written unchanged; a narrower text ends with a NUL.
    return newest.form == field.form ? byteCount : byteCount - 1
  }

  private func shown(_ value: Int128) -> String {
    if case .decimal(_, let scale) = column.type {
      return DecimalText.format(value, scale: scale, trimmed: true)
    }
    if case .timestamp = column.type, let time = Int64(exactly: value) {
      return TimeText.iso(nanoseconds: time, digits: 9)
    }
    if Self.keepsBits(column), let bits = Int64(exactly: value) {
      return "\(UInt64(bitPattern: bits))"
    }
    return "\(value)"
  }

  private func misfit(_ value: String) -> FieldMisfit {
    let room: String
    switch column.type {
    case .string, .json, .enumeration:
      room = textByteCountMax == 1 ? "one letter" : "\(textByteCountMax) letters without a NUL"
    default:
      room =
        shown(Int128(range.lowerBound) * unit) + " to " + shown(Int128(range.upperBound) * unit)
        + (unit > 1 ? (field.isPrice ? ", of nine decimals" : ", without a fraction") : "")
    }
    return FieldMisfit(
      message: "'\(column.name)' is \(value), and DBN version \(version) has room for \(room)",
      isHeldByNewest: newest.form != field.form)
  }
}

/// A field that this version of the format lacks.
struct AbsentField {
  let field: DBNField
  let column: SchemaColumn
  let version: Int

  /// The vendor's own upgrade sets this if an older record has no such number.
  private var upgraded: Int64 { field.name == "is_last" ? Int64(UInt8.max) : 0 }

  /// Refuses a value that would be lost: one other than the vendor's upgrade would restore.
  func check(_ values: Column, _ row: Int) throws(FieldMisfit) {
    if values.isNull(row) { return }
    let shown: String
    switch values.storage {
    case .integers(let integers):
      if integers[row] == upgraded && field.nullSentinel == nil { return }
      shown = text(Int128(integers[row]))
    case .wide(let wide): shown = text(wide[row])
    case .doubles(let doubles): shown = "\(doubles[row])"
    case .bytes(let bytes):
      if isEmpty(bytes[row]) { return }
      shown = "'\(bytes[row])'"
    case .codes(let codes, let dictionary):
      if isEmpty(dictionary[Int(codes[row])]) { return }
      shown = "'\(dictionary[Int(codes[row])])'"
    }
    throw FieldMisfit(
      message:
        "'\(column.name)' is \(shown), and records of DBN version \(version) have no such field",
      isHeldByNewest: true)
  }

  private func isEmpty(_ text: String) -> Bool {
    text.isEmpty || text == RecordPacker.noLegSide && field.name == RecordPacker.legSideField
  }

  private func text(_ value: Int128) -> String {
    guard case .decimal(_, let scale) = column.type else { return "\(value)" }
    return DecimalText.format(value, scale: scale, trimmed: true)
  }
}

/// A value that a version of the format cannot hold.
struct FieldMisfit: Error {
  var message: String
  /// Whether it fits into the newest version of the format.
  var isHeldByNewest: Bool

  /// - Parameter row: Index in the data file.
  func located(symbol: String, time: Int64, row: Int, path: String) -> PassError {
    let named = symbol.isEmpty ? "" : "\(symbol), "
    return PassError(
      .input, message,
      place: "\(path), row \(row): \(named)\(TimeText.iso(nanoseconds: time, digits: 9))",
      remedy: isHeldByNewest
        ? "--dbn-version \(DBNFields.versionMax) holds it"
        : "lake query \(LoggedFile.table(of: path)) -o rows.parquet writes the rows ; --symbol, --start and --end export others"
    )
  }
}
