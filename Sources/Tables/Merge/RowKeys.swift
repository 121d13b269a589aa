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
    let width = width(order)
    return Array(0..<rows.count).sorted { one, other in
      let order = compare(keys, one * width, keys, other * width, width)
      return order < 0 || order == 0 && one < other
    }
  }
}
