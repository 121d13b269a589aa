import Columnar

/// A column under construction: the arrays of a `Column`, moved out of it so that they grow without being
/// copied, and moved back at the end.
struct ColumnStore {
  let kind: StorageKind
  var integers: [Int64] = []
  var wide: [Int128] = []
  var doubles: [Double] = []
  var text = ByteColumn()
  /// In use instead of `text` when there is a dictionary.
  var codes: [Int32] = []
  var dictionary: ByteColumn?
  /// One byte per row if `hasNulls`.
  var validity: [UInt8] = []
  var hasNulls = false
  /// Rows appended so far. The arrays of numbers may be longer until `finish`.
  var count = 0

  init(kind: StorageKind) { self.kind = kind }

  /// Takes over a column's arrays to reuse their memory; the column is left empty.
  mutating func adopt(_ column: inout Column) {
    switch column.storage {
    case .integers(let values): integers = values
    case .wide(let values): wide = values
    case .doubles(let values): doubles = values
    case .bytes(let values): text = values
    case .codes(let values, _): codes = values
    }
    column.storage = .integers([])
    if let values = column.validity { validity = values }
    column.validity = nil
    text.offsets.removeAll(keepingCapacity: true)
    text.offsets.append(0)
    text.bytes.removeAll(keepingCapacity: true)
    dictionary = nil
    hasNulls = false
    count = 0
  }

  /// Moves the rows into a column, leaving this store empty except for spare memory.
  mutating func finish(into column: inout Column, type: ColumnType) {
    column.type = type
    switch kind {
    case .integers:
      integers.removeLast(integers.count - count)
      column.storage = .integers(integers)
      integers = []
    case .wide:
      wide.removeLast(wide.count - count)
      column.storage = .wide(wide)
      wide = []
    case .doubles:
      doubles.removeLast(doubles.count - count)
      column.storage = .doubles(doubles)
      doubles = []
    case .bytes:
      if let dictionary {
        codes.removeLast(codes.count - count)
        column.storage = .codes(codes, dictionary: dictionary)
        codes = []
      } else {
        column.storage = .bytes(text)
        text = ByteColumn()
      }
    }
    if hasNulls {
      validity.removeLast(validity.count - count)
      column.validity = validity
      validity = []
    } else {
      column.validity = nil
    }
    dictionary = nil
    hasNulls = false
    count = 0
  }

  // MARK: - Growth

  /// Makes every array of numbers hold at least `rowCount` more rows.
  mutating func makeRoom(_ rowCount: Int) {
    let wanted = count + rowCount
    switch kind {
    case .integers: Self.grow(&integers, wanted)
    case .wide: Self.grow(&wide, wanted)
    case .doubles: Self.grow(&doubles, wanted)
    case .bytes: break
    }
  }

  static func grow<T: ExpressibleByIntegerLiteral>(_ array: inout [T], _ wanted: Int) {
    if array.count < wanted {
      array.append(contentsOf: repeatElement(0, count: wanted - array.count))
    }
  }

  /// Reserves memory for rows that are certain to follow, so that the arrays are not moved as they grow.
  mutating func reserve(_ rowCount: Int) {
    let rows = Swift.min(rowCount, Self.reservedRowCountMax)
    switch kind {
    case .integers: integers.reserveCapacity(rows)
    case .wide: wide.reserveCapacity(rows)
    case .doubles: doubles.reserveCapacity(rows)
    case .bytes: break
    }
  }

  /// Rows for which memory is reserved unseen: a count may be hostile.
  private static let reservedRowCountMax = 1 << 20

  // MARK: - Nulls

  /// Marks the `rowCount` rows after `count` as not null.
  mutating func appendAllValid(_ rowCount: Int) {
    if !hasNulls { return }
    setValidity(1, rowCount)
  }

  mutating func appendAllNull(_ rowCount: Int) {
    beginNulls(rowCount)
    setValidity(0, rowCount)
  }

  private mutating func setValidity(_ value: UInt8, _ rowCount: Int) {
    Self.grow(&validity, count + rowCount)
    let start = count
    validity.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      (base + start).update(repeating: value, count: rowCount)
    }
  }

  /// Marks rows by their definition levels.
  mutating func appendValidity(
    _ levels: UnsafePointer<UInt8>, _ rowCount: Int, present: UInt8
  ) {
    beginNulls(rowCount)
    let start = count
    validity.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let target = base + start
      if present == 1 {
        target.update(from: levels, count: rowCount)
      } else {
        for row in 0..<rowCount { target[row] = levels[row] == present ? 1 : 0 }
      }
    }
  }

  private mutating func beginNulls(_ rowCount: Int) {
    Self.grow(&validity, count + rowCount)
    if hasNulls { return }
    hasNulls = true
    let before = count
    validity.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { base.update(repeating: 1, count: before) }
    }
  }

  /// Moves `valueCount` values at `count` to the rows whose validity byte is 1.
  mutating func spread(_ valueCount: Int, _ rowCount: Int) {
    let start = count
    validity.withUnsafeBufferPointer { validity in
      guard let valid = validity.baseAddress.map({ $0 + start }) else { return }
      switch kind {
      case .integers: Self.spread(&integers, start, valueCount, rowCount, valid)
      case .wide: Self.spread(&wide, start, valueCount, rowCount, valid)
      case .doubles: Self.spreadDoubles(&doubles, start, valueCount, rowCount, valid)
      case .bytes:
        if dictionary != nil {
          Self.spread(&codes, start, valueCount, rowCount, valid)
        } else {
          Self.spreadOffsets(&text.offsets, start, valueCount, rowCount, valid)
        }
      }
    }
  }

  private static func spread<T: FixedWidthInteger>(
    _ array: inout [T], _ start: Int, _ valueCount: Int, _ rowCount: Int,
    _ valid: UnsafePointer<UInt8>
  ) {
    grow(&array, start + rowCount)
    array.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { spread(base + start, valueCount, rowCount, valid) }
    }
  }

  /// Without branches, since nulls are hard to predict: a validity byte is used as the number 0 or 1.
  @inline(__always)
  private static func spread<T: FixedWidthInteger>(
    _ base: UnsafeMutablePointer<T>, _ valueCount: Int, _ rowCount: Int,
    _ valid: UnsafePointer<UInt8>
  ) {
    var from = valueCount &- 1
    var row = rowCount &- 1
    while row >= 0 {
      let isThere = valid[row]
      let value = base[from < 0 ? 0 : from]
      base[row] = value & (0 &- T(truncatingIfNeeded: isThere))
      from &-= Int(isThere)
      row &-= 1
    }
  }

  /// Doubles are moved as their bits; 0 is 0.0.
  private static func spreadDoubles(
    _ array: inout [Double], _ start: Int, _ valueCount: Int, _ rowCount: Int,
    _ valid: UnsafePointer<UInt8>
  ) {
    grow(&array, start + rowCount)
    array.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      (base + start).withMemoryRebound(to: UInt64.self, capacity: rowCount) { bits in
        spread(bits, valueCount, rowCount, valid)
      }
    }
  }

  /// A null's text is empty: it ends where the previous value ends.
  private static func spreadOffsets(
    _ offsets: inout [Int32], _ start: Int, _ valueCount: Int, _ rowCount: Int,
    _ valid: UnsafePointer<UInt8>
  ) {
    grow(&offsets, start + 1 + rowCount)
    offsets.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress.map({ $0 + start }) else { return }
      var from = valueCount
      var row = rowCount
      while row > 0 {
        base[row] = base[from]
        if valid[row &- 1] != 0 && from > 0 { from &-= 1 }
        row &-= 1
      }
    }
  }

  // MARK: - Codes

  /// Replaces codes by their text, since a page without dictionary follows.
  mutating func materialise() throws(ParquetError) {
    guard let dictionary else { return }
    self.dictionary = nil
    try appendText(of: codes, count, dictionary)
  }

  /// Appends the text of `rowCount` codes. Rows that are null are empty.
  private mutating func appendText(
    of codes: [Int32], _ rowCount: Int, _ dictionary: ByteColumn
  ) throws(ParquetError) {
    var total = text.bytes.count
    for row in 0..<rowCount where !hasNulls || validity[row] != 0 {
      total += dictionary.byteRange(Int(codes[row])).count
    }
    _ = try ByteArrayDecoder.total(total, 0, limit: Limits.expandedTextByteCountMax)
    text.bytes.reserveCapacity(total)
    for row in 0..<rowCount {
      if !hasNulls || validity[row] != 0 {
        text.bytes.append(contentsOf: dictionary.bytes[dictionary.byteRange(Int(codes[row]))])
      }
      text.offsets.append(Int32(text.bytes.count))
    }
  }

  /// Appends rows of a finished column of the same kind.
  mutating func append(_ column: Column, rows: Range<Int>) throws(ParquetError) {
    makeRoom(rows.count)
    if let valid = column.validity {
      valid.withUnsafeBufferPointer { buffer in
        if let base = buffer.baseAddress {
          appendValidity(base + rows.lowerBound, rows.count, present: 1)
        }
      }
    } else {
      appendAllValid(rows.count)
    }
    let end = count + rows.count
    switch column.storage {
    case .integers(let values): integers.replaceSubrange(count..<end, with: values[rows])
    case .wide(let values): wide.replaceSubrange(count..<end, with: values[rows])
    case .doubles(let values): doubles.replaceSubrange(count..<end, with: values[rows])
    case .codes(let values, let other):
      if count == 0 && dictionary == nil { dictionary = other }
      if dictionary != nil {
        Self.grow(&codes, end)
        codes.replaceSubrange(count..<end, with: values[rows])
      } else {
        for row in rows {
          if !column.isNull(row) {
            _ = try ByteArrayDecoder.total(
              text.bytes.count, other.byteRange(Int(values[row])).count,
              limit: Limits.expandedTextByteCountMax)
            text.bytes.append(contentsOf: other.bytes[other.byteRange(Int(values[row]))])
          }
          text.offsets.append(Int32(text.bytes.count))
        }
      }
    case .bytes(let values):
      try materialise()
      let first = Int(values.offsets[rows.lowerBound])
      let last = Int(values.offsets[rows.upperBound])
      let shift = text.bytes.count - first
      _ = try ByteArrayDecoder.total(text.bytes.count, last - first)
      text.bytes.append(contentsOf: values.bytes[first..<last])
      for row in rows { text.offsets.append(Int32(Int(values.offsets[row + 1]) + shift)) }
    }
    count = end
  }
}
