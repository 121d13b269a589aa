import Bytes
import Columnar

/// Encodes the values that order a row as bytes that compare like the rows, with memcmp, whatever their types.
///
/// A value is a flag (1; 2 for null, so that nulls sort last) and its bytes, most significant first. Text ends
/// with two zeros, and a zero in it is followed by 0xFF.
struct KeyEncoder: Sendable {
  let columns: [QueryColumn]
  /// Columns, the most significant first.
  let order: [Int]
  /// If set, the UTC date of this column comes before all others.
  let dateOf: Int?
  private let parts: [Part]
  /// Index of `dateOf` in `order`, its units per day, and the part that it comes before.
  private let date: (at: Int, unitsPerDay: Int64, before: Int)?

  /// What the row loop needs of a column. It has no strings, so that no row pays for a copy.
  private struct Part {
    var isPair: Bool
    var isUnsigned: Bool
    var isDescending = false
  }

  init(_ table: QueryTable) {
    columns = table.columns
    order = table.orderColumns
    dateOf = table.dateColumn == nil ? table.indexColumn : nil
    parts = table.orderColumns.map {
      Part(isPair: table.columns[$0].isPair, isUnsigned: table.columns[$0].isUnsigned64)
    }
    date = Self.date(of: dateOf, columns, order, before: 0)
  }

  private static func date(
    of column: Int?, _ columns: [QueryColumn], _ order: [Int], before: Int
  ) -> (at: Int, unitsPerDay: Int64, before: Int)? {
    guard let column, let at = order.firstIndex(of: column),
      case .timestamp(let unit, _) = columns[column].type
    else { return nil }
    return (at, unit.perSecond * 86_400, before)
  }

  /// In an order of the user's. Nulls come last, ascending or not.
  init(_ table: QueryTable, terms: [OrderTerm]) {
    columns = table.columns
    // Rows that are equal in them come as they do without them.
    let usual = (table.dateColumn.map { [$0] } ?? []) + table.orderColumns
    order =
      terms.map(\.column) + usual.filter { index in !terms.contains { $0.column == index } }
    dateOf = table.dateColumn == nil ? table.indexColumn : nil
    date = Self.date(of: dateOf, columns, order, before: terms.count)
    parts = order.enumerated().map { index, column in
      Part(
        isPair: table.columns[column].isPair, isUnsigned: table.columns[column].isUnsigned64,
        isDescending: index < terms.count && terms[index].isDescending)
    }
  }

  /// Appends the key of one row.
  ///
  /// - Parameter readings: One for each column of `order`.
  func append(_ readings: [ColumnReading], row: Int, to key: ByteBuffer) {
    var byteCountMax = 16
    for reading in readings { byteCountMax += Self.byteCountMax(reading.main, row) }
    let start = key.count
    key.reserve(start + byteCountMax)
    let base = key.base
    var out = base + start
    for index in 0..<parts.count {
      if let date, date.before == index {
        out = Self.put(day: readings[date.at].main, row, date.unitsPerDay, out)
      }
      let start = out
      out = Self.put(readings[index], parts[index], row, out)
      if parts[index].isDescending { Self.reverse(start, out) }
    }
    key.count = out - base
  }

  /// Reverses the order of values; the flag that tells nulls stays.
  private static func reverse(_ start: TextPointer, _ end: TextPointer) {
    var at = start + 1
    while at < end {
      at.storeLE(~at.load(as: UInt8.self), 0)
      at += 1
    }
  }

  /// Index of the row's value in a vector, 0 in a constant one; nil for null.
  @inline(__always)
  private static func index(_ vector: ColumnVector, _ row: Int) -> Int? {
    if vector.form == .null { return nil }
    if vector.isConstant { return 0 }
    if let validity = vector.validity, validity[row] == 0 { return nil }
    return row
  }

  private static func byteCountMax(_ vector: ColumnVector, _ row: Int) -> Int {
    guard vector.form == .codes || vector.form == .bytes, let at = index(vector, row) else {
      return 24
    }
    return 8 + 2 * text(vector, at).count
  }

  @inline(__always)
  private static func text(_ vector: ColumnVector, _ at: Int) -> UnsafeRawBufferPointer {
    guard vector.form == .codes, let codes = vector.values else { return vector.entry(at) }
    return vector.entry(Int(codes.load(fromByteOffset: at &* 4, as: Int32.self)))
  }

  @inline(__always)
  private static func put(
    _ reading: ColumnReading, _ part: Part, _ row: Int, _ out: TextPointer
  ) -> TextPointer {
    let vector = reading.main
    guard let at = index(vector, row), let values = vector.values else {
      out.storeLE(2 as UInt8, 0)
      return out + 1
    }
    switch vector.form {
    case .integers:
      let value = values.load(fromByteOffset: at &* 8, as: Int64.self)
      let end = put(number: value, isUnsigned: part.isUnsigned, out)
      guard part.isPair else { return end }
      var plus: Int64 = 0
      if let beside = reading.plus, let plusAt = index(beside, row), let extra = beside.values {
        plus = extra.load(fromByteOffset: plusAt &* 8, as: Int64.self)
      }
      end.storeLE(UInt16(truncatingIfNeeded: plus).byteSwapped, 0)
      return end + 2
    case .doubles:
      let value = values.load(fromByteOffset: at &* 8, as: Double.self)
      return put(number: ValueDomain.narrowKey(value), isUnsigned: false, out)
    case .wide:
      let value = values.loadUnaligned(fromByteOffset: at &* 16, as: Int128.self)
      out.storeLE(1 as UInt8, 0)
      out.storeLE((UInt128(bitPattern: value) ^ (1 << 127)).byteSwapped, 1)
      return out + 17
    case .codes, .bytes: return put(text: text(vector, at), out)
    case .null: return out
    }
  }

  private static func put(
    day vector: ColumnVector, _ row: Int, _ unitsPerDay: Int64, _ out: TextPointer
  ) -> TextPointer {
    guard let at = index(vector, row), let values = vector.values, vector.form == .integers else {
      out.storeLE(2 as UInt8, 0)
      return out + 1
    }
    let value = values.load(fromByteOffset: at &* 8, as: Int64.self)
    let day = value / unitsPerDay &- (value % unitsPerDay < 0 ? 1 : 0)
    return put(number: day, isUnsigned: false, out)
  }

  @inline(__always)
  private static func put(
    number value: Int64, isUnsigned: Bool, _ out: TextPointer
  ) -> TextPointer {
    let bits = UInt64(bitPattern: value) ^ (isUnsigned ? 0 : 1 << 63)
    out.storeLE(1 as UInt8, 0)
    out.storeLE(bits.byteSwapped, 1)
    return out + 9
  }

  private static func put(text: UnsafeRawBufferPointer, _ out: TextPointer) -> TextPointer {
    out.storeLE(1 as UInt8, 0)
    var end = out + 1
    for byte in text {
      end.storeLE(byte, 0)
      end += 1
      if byte == 0 {
        end.storeLE(0xFF as UInt8, 0)
        end += 1
      }
    }
    end.storeLE(0 as UInt16, 0)
    return end + 2
  }

  private static func append(
    to key: ByteBuffer, _ byteCountMax: Int, _ put: (TextPointer) -> TextPointer
  ) {
    key.reserve(key.count + byteCountMax)
    let end = put(key.base + key.count)
    key.count = end - key.base
  }

  private func append(number value: Int64, isUnsigned: Bool, to key: ByteBuffer) {
    Self.append(to: key, 9) { Self.put(number: value, isUnsigned: isUnsigned, $0) }
  }

  private func append(text: UnsafeRawBufferPointer, to key: ByteBuffer) {
    Self.append(to: key, 8 + 2 * text.count) { Self.put(text: text, $0) }
  }

  private static func day(_ value: Int128, perSecond: Int64) -> Int64 {
    let perDay = Int128(perSecond) * 86_400
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: perDay)
    return Int64(clamping: rest < 0 ? quotient - 1 : quotient)
  }

  // MARK: - Bounds

  /// Keys below and above all rows of a unit; nil if too little is known.
  func bounds(
    of known: (Int) -> FilterBounds?
  ) -> (low: [UInt8], high: [UInt8])? {
    let low = ByteBuffer()
    let high = ByteBuffer()
    if let dateOf {
      guard let bounds = known(dateOf), case .timestamp(let unit, _) = columns[dateOf].type,
        case .number(let first)? = bounds.low, case .number(let last)? = bounds.high,
        bounds.nullCount == 0
      else { return nil }
      let perSecond = columns[dateOf].isPair ? 1_000_000_000 : unit.perSecond
      append(number: Self.day(first, perSecond: perSecond), isUnsigned: false, to: low)
      append(number: Self.day(last, perSecond: perSecond), isUnsigned: false, to: high)
    }
    for index in order {
      guard let bounds = known(index), bounds.nullCount == 0, let first = bounds.low,
        let last = bounds.high, append(first, columns[index], to: low),
        append(last, columns[index], to: high)
      else { break }
    }
    if low.count == 0 { return nil }
    // All further columns lie between these.
    return (Array(low.bytes), Array(high.bytes) + [0xFF])
  }

  private func append(_ value: BoundValue, _ column: QueryColumn, to key: ByteBuffer) -> Bool {
    switch value {
    case .bytes(let text):
      text.withUnsafeBytes { append(text: $0, to: key) }
      return true
    case .number(let number):
      guard column.type.storage == .integers else { return false }
      if column.isPair {
        let (value, plus) = ValueKernels.split(number)
        append(number: value, isUnsigned: false, to: key)
        key.append(littleEndian: UInt16(truncatingIfNeeded: plus).byteSwapped)
        return true
      }
      let bits =
        column.isUnsigned64
        ? Int64(bitPattern: UInt64(clamping: number)) : Int64(clamping: number)
      append(number: bits, isUnsigned: column.isUnsigned64, to: key)
      return true
    }
  }
}
