import Columnar

/// Sort keys of rows as integers, row by row: the rank of the text first, then the numbers.
enum RowKeys {
  /// Represents null, which sorts first.
  static let null = Int64.min

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
    for (word, values) in try words(reader, order, ranks, rows).enumerated() {
      for row in values.indices { keys[start + word + row * width] = values[row] }
    }
  }

  /// The words of the keys of rows, one array a word.
  private static func words(
    _ reader: SegmentReader, _ order: SortOrder, _ ranks: TextRanks, _ rows: StoredSpan
  ) throws -> [[Int64]] {
    var words: [[Int64]] = []
    if let text = order.text { words.append(try ranks.ranks(reader, text, rows)) }
    for field in order.numbers {
      guard reader.has(field.name) else {
        words.append([Int64](repeating: null, count: rows.count))
        continue
      }
      words.append(try numbers(try reader.column(field, rows), place: reader.path))
    }
    return words
  }

  /// The values of a column as words.
  ///
  /// - Parameter place: Where they are from, for errors.
  static func numbers(_ column: Column, place: String?) throws -> [Int64] {
    guard case .integers(var values) = column.storage else {
      throw PassError(
        .input, "a column by which rows should be put in order holds no whole numbers",
        place: place, remedy: "compact the table with the program that wrote the file")
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
    var all = [[Int64]](repeating: [], count: width(order))
    for span in reader.spans(of: rows) {
      for (word, values) in try words(reader, order, ranks, span).enumerated() {
        all[word] += values
      }
    }
    return SortedRows(all).rows
  }
}

/// Rows in the order of their keys; equal keys keep theirs.
struct SortedRows {
  /// Their numbers.
  let rows: [Int]
  private let words: [[Int64]]
  /// All words of a key in one, in the order of the rows; nil where they do not fit.
  private let sortedKeys: [UInt64]?

  /// Where the words of a key, each less the least of all rows, fit into one word together, that is sorted by its
  /// digits: a time of a day and some thousand symbols take less than 64 bits.
  ///
  /// - Parameter words: Of the rows' keys, the first one first, one array a word.
  init(_ words: [[Int64]]) {
    if let packed = Self.packed(words) {
      let sorted = RadixSort.rows(packed)
      (rows, sortedKeys) = (sorted.rows, sorted.keys)
      self.words = []
      return
    }
    sortedKeys = nil
    self.words = words
    rows = (0..<(words.first?.count ?? 0)).sorted { one, other in
      for word in words where word[one] != word[other] { return word[one] < word[other] }
      return one < other
    }
  }

  /// Rows that are in order already, and have no keys.
  init(rowCount: Int) {
    rows = Array(0..<rowCount)
    (words, sortedKeys) = ([], nil)
  }

  /// Whether two rows have the same key, by their places in the order.
  func isSameKey(_ one: Int, _ other: Int) -> Bool {
    if let sortedKeys { return sortedKeys[one] == sortedKeys[other] }
    return words.allSatisfy { $0[rows[one]] == $0[rows[other]] }
  }

  /// nil where they do not fit.
  private static func packed(_ words: [[Int64]]) -> [UInt64]? {
    guard let rowCount = words.first?.count else { return nil }
    var packed = [UInt64](repeating: 0, count: rowCount)
    var bitCount = 0
    for word in words {
      var (least, greatest) = (Int64.max, Int64.min)
      for key in word where key != RowKeys.null {
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
        let key = word[row]
        let value = key == RowKeys.null ? 0 : UInt64(bitPattern: key &- least) &+ 1
        packed[row] = packed[row] &<< UInt64(bits) | value
      }
    }
    return packed
  }
}
