import Columnar

/// Sort keys of rows as integers, row by row: the rank of the text first, then the numbers.
enum RowKeys {
  /// Represents null, which sorts first.
  private static let null = Int64.min

  /// Integers per key.
  static func width(_ order: SortOrder) -> Int {
    order.numbers.count + (order.text == nil ? 0 : 1)
  }

  /// - Returns: Negative if the key at `start` sorts first, 0 if both are equal.
  @inline(__always)
  static func compare(
    _ one: [Int64], _ start: Int, _ other: [Int64], _ otherStart: Int, _ width: Int
  ) -> Int {
    for word in 0..<width where one[start + word] != other[otherStart + word] {
      return one[start + word] < other[otherStart + word] ? -1 : 1
    }
    return 0
  }

  /// Appends the keys of rows.
  static func append(
    _ reader: SegmentReader, _ order: SortOrder, _ ranks: TextRanks, _ rows: StoredSpan,
    to keys: inout [Int64]
  ) throws {
    let width = width(order)
    let start = keys.count
    keys.append(contentsOf: repeatElement(0, count: rows.count * width))
    var word = start
    if let text = order.text {
      let values = try ranks.ranks(reader, text, rows)
      for row in values.indices { keys[word + row * width] = values[row] }
      word += 1
    }
    for field in order.numbers {
      let values = try numbers(reader, field, rows)
      for row in values.indices { keys[word + row * width] = values[row] }
      word += 1
    }
  }

  private static func numbers(
    _ reader: SegmentReader, _ field: Field, _ rows: StoredSpan
  ) throws -> [Int64] {
    guard reader.has(field.name) else { return [Int64](repeating: null, count: rows.count) }
    let column = try reader.column(field, rows)
    guard case .integers(var values) = column.storage else {
      throw PassError(
        .input,
        "column '\(field.name)' holds no whole numbers, by which rows could be put in order",
        place: reader.path, remedy: "compact the table with the program that wrote the file")
    }
    if let validity = column.validity {
      for row in values.indices where validity[row] == 0 { values[row] = null }
    }
    return values
  }

  /// Sorts rows of a file. Returns their indexes relative to the first. Equal rows keep their order.
  static func sortedRows(
    _ reader: SegmentReader, _ order: SortOrder, _ ranks: TextRanks, rows: Range<Int>
  ) throws -> [Int] {
    var keys: [Int64] = []
    for span in reader.spans(of: rows) { try append(reader, order, ranks, span, to: &keys) }
    return sortedRows(keys, width: width(order))
  }

  /// The rows of keys in their order. Equal keys keep theirs.
  ///
  /// Where the words of a key, each less the least of all rows, fit into one word together, that is sorted by its
  /// digits: a time of a day and some thousand symbols take less than 64 bits.
  static func sortedRows(_ keys: [Int64], width: Int) -> [Int] {
    if width == 0 { return [] }
    let rowCount = keys.count / width
    if let packed = packed(keys, width: width) { return RadixSort.rows(packed) }
    return Array(0..<rowCount).sorted { one, other in
      let order = compare(keys, one * width, keys, other * width, width)
      return order < 0 || order == 0 && one < other
    }
  }

  /// nil where they do not fit.
  private static func packed(_ keys: [Int64], width: Int) -> [UInt64]? {
    let rowCount = keys.count / width
    var packed = [UInt64](repeating: 0, count: rowCount)
    var bitCount = 0
    for word in 0..<width {
      var (least, greatest) = (Int64.max, Int64.min)
      for row in 0..<rowCount {
        let key = keys[row * width + word]
        if key == null { continue }
        least = min(least, key)
        greatest = max(greatest, key)
      }
      if least > greatest { continue }
      // 0 is a null's.
      let span = UInt64(bitPattern: greatest &- least)
      guard span < UInt64.max - 1 else { return nil }
      let bits = 64 - (span + 1).leadingZeroBitCount
      bitCount += bits
      guard bitCount <= 64, bits < 64 else { return nil }
      for row in 0..<rowCount {
        let key = keys[row * width + word]
        let value = key == null ? 0 : UInt64(bitPattern: key &- least) + 1
        packed[row] = packed[row] << UInt64(bits) | value
      }
    }
    return packed
  }
}
