import Bytes
import Columnar

/// Writes the values that order a row as bytes whose order is that of the rows: compared with
/// memcmp, whatever the types.
///
/// A value is a flag (1; 2 for null, so that nulls come last) and its bytes, most significant
/// first; text is closed by two zeros, a zero in it is followed by 0xFF.
struct KeyEncoder: Sendable {
  let columns: [QueryColumn]
  /// Columns in the order of their weight.
  let order: [Int]
  /// Puts the UTC date of this column before all others.
  let dateOf: Int?

  init(_ table: QueryTable) {
    columns = table.columns
    order = table.orderColumns
    dateOf = table.dateColumn == nil ? table.indexColumn : nil
  }

  /// Appends the key of one row.
  ///
  /// - Parameter readings: One for each column of `order`.
  func append(_ readings: [ColumnReading], row: Int, to key: ByteBuffer) {
    key.reserve(key.count + 64)
    if let dateOf, let at = order.firstIndex(of: dateOf) {
      append(day: integer(readings[at].main, row), columns[dateOf], to: key)
    }
    for (reading, index) in zip(readings, order) {
      append(reading, columns[index], row, to: key)
    }
  }

  private func append(
    _ reading: ColumnReading, _ column: QueryColumn, _ row: Int, to key: ByteBuffer
  ) {
    let vector = reading.main
    let at = vector.isConstant ? 0 : row
    if vector.form == .null || !vector.isConstant && vector.validity.map({ $0[row] == 0 }) ?? false
    {
      key.append(littleEndian: UInt8(2))
      return
    }
    switch vector.form {
    case .integers:
      let value = integer(vector, row) ?? 0
      append(number: value, isUnsigned: column.isUnsigned64, to: key)
      if column.isPair {
        let plus = reading.plus.flatMap { integer($0, row) } ?? 0
        key.append(littleEndian: UInt16(truncatingIfNeeded: plus).byteSwapped)
      }
    case .doubles:
      let value = vector.values?.assumingMemoryBound(to: Double.self)[at] ?? 0
      append(number: ValueDomain.narrowKey(value), isUnsigned: false, to: key)
    case .wide:
      let value = vector.values?.assumingMemoryBound(to: Int128.self)[at] ?? 0
      key.append(littleEndian: UInt8(1))
      key.append(littleEndian: (UInt128(bitPattern: value) ^ (1 << 127)).byteSwapped)
    case .codes:
      let code = vector.values?.assumingMemoryBound(to: Int32.self)[at] ?? 0
      append(text: vector.entry(Int(code)), to: key)
    case .bytes: append(text: vector.entry(at), to: key)
    case .null: break
    }
  }

  /// The value of a row; nil for null.
  private func integer(_ vector: ColumnVector, _ row: Int) -> Int64? {
    guard vector.form == .integers, let values = vector.values else { return nil }
    if !vector.isConstant, let validity = vector.validity, validity[row] == 0 { return nil }
    return values.assumingMemoryBound(to: Int64.self)[vector.isConstant ? 0 : row]
  }

  private func append(day value: Int64?, _ column: QueryColumn, to key: ByteBuffer) {
    guard let value, case .timestamp(let unit, _) = column.type else {
      key.append(littleEndian: UInt8(2))
      return
    }
    append(
      number: Self.day(Int128(value), perSecond: unit.perSecond), isUnsigned: false, to: key)
  }

  private static func day(_ value: Int128, perSecond: Int64) -> Int64 {
    let perDay = Int128(perSecond) * 86_400
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: perDay)
    return Int64(clamping: rest < 0 ? quotient - 1 : quotient)
  }

  private func append(number value: Int64, isUnsigned: Bool, to key: ByteBuffer) {
    let bits = UInt64(bitPattern: value) ^ (isUnsigned ? 0 : 1 << 63)
    key.append(littleEndian: UInt8(1))
    key.append(littleEndian: bits.byteSwapped)
  }

  private func append(text: UnsafeRawBufferPointer, to key: ByteBuffer) {
    key.append(littleEndian: UInt8(1))
    for byte in text {
      key.append(littleEndian: byte)
      if byte == 0 { key.append(littleEndian: UInt8(0xFF)) }
    }
    key.append(littleEndian: UInt16(0))
  }

  // MARK: - Bounds

  /// Keys that no row of a unit lies below and above; nil where too little is known.
  func bounds(
    of known: (Int) -> ColumnBounds?
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
    // Whatever else decides lies between.
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
