import Columnar

/// The sort keys of one sorted file, a window of rows at a time.
final class SegmentKeys {
  let reader: SegmentReader
  let rowCount: Int
  private let order: SortOrder
  private let windowRowMax: Int
  /// Rank of each text among those of all files.
  private let ranks: TextRanks
  private var rowGroup = 0
  private var rowInGroup = 0
  /// Integers per key: the rank of the text first, then the numbers.
  private let width: Int
  /// Keys of the window, row by row.
  private var keys: [Int64] = []
  /// Index in the file of the window's first row.
  private(set) var firstRow = 0
  private(set) var count = 0
  /// The next row to be taken, as an index in the window.
  private(set) var head = 0
  /// Key of the window's last row.
  private var last: [Int64] = []

  init(
    _ reader: SegmentReader, order: SortOrder, ranks: TextRanks, windowRowMax: Int
  ) throws {
    self.reader = reader
    self.order = order
    self.ranks = ranks
    self.windowRowMax = windowRowMax
    rowCount = try reader.rowCount()
    width = RowKeys.width(order)
    try load()
  }

  var isAtEnd: Bool { head == count }

  /// Compares row `row` of this window with the head of another.
  @inline(__always)
  func compare(_ row: Int, _ other: SegmentKeys) -> Int {
    RowKeys.compare(keys, row * width, other.keys, other.head * width, width)
  }

  /// Takes the rows from `head` on that sort before the head of `other`; at least one.
  ///
  /// - Parameter winsTies: Whether rows equal to that head come before it.
  /// - Returns: Indexes of the rows in the file.
  func take(before other: SegmentKeys?, winsTies: Bool) throws -> Range<Int> {
    let start = head
    var end = count
    if let other {
      func isBefore(_ row: Int) -> Bool {
        let order = compare(row, other)
        return order < 0 || order == 0 && winsTies
      }
      // Runs are short or very long: the step doubles until it overshoots, then a binary search ends it.
      var (low, step) = (start, 1)
      while low + step < count, isBefore(low + step) {
        low += step
        step *= 2
      }
      var high = min(low + step, count)
      low += 1
      while low < high {
        let middle = low + (high - low) / 2
        if isBefore(middle) { low = middle + 1 } else { high = middle }
      }
      end = low
    }
    let rows = firstRow + start..<firstRow + end
    head = end
    if head == count { try load() }
    return rows
  }

  /// Reads the next window.
  private func load() throws {
    firstRow += count
    (count, head) = (0, 0)
    while rowGroup < reader.rowGroupCount, rowInGroup == reader.rowCount(rowGroup: rowGroup) {
      rowGroup += 1
      rowInGroup = 0
    }
    if rowGroup == reader.rowGroupCount { return }
    let rows = rowInGroup..<min(rowInGroup + windowRowMax, reader.rowCount(rowGroup: rowGroup))
    keys.removeAll(keepingCapacity: true)
    let span = StoredSpan(rowGroup: rowGroup, rows: rows)
    try RowKeys.append(reader, order, ranks, span, to: &keys)
    count = rows.count
    rowInGroup = rows.upperBound
    try checkOrder()
  }

  private func checkOrder() throws {
    if count == 0 { return }
    if !last.isEmpty, RowKeys.compare(last, 0, keys, 0, width) > 0 {
      throw UnsortedSegment(path: reader.path)
    }
    for row in 1..<max(count, 1)
    where RowKeys.compare(keys, (row - 1) * width, keys, row * width, width) > 0 {
      throw UnsortedSegment(path: reader.path)
    }
    last = Array(keys[((count - 1) * width)...])
  }
}

extension SortOrder {
  /// Whether a file's rows are in this order. Cost: reads all columns of the order.
  package func holds(in path: String) throws -> Bool {
    if isAsStored { return true }
    let reader = try SegmentReader(path: path)
    let ranks = try text.map { try TextRanks([reader], column: $0) } ?? TextRanks()
    do {
      let keys = try SegmentKeys(reader, order: self, ranks: ranks, windowRowMax: 65_536)
      while !keys.isAtEnd { _ = try keys.take(before: nil, winsTies: true) }
    } catch is UnsortedSegment {
      return false
    }
    return true
  }
}

/// A file whose rows are not sorted as its table's are.
struct UnsortedSegment: Error {
  var path: String
}

/// The distinct texts of a column over several files, sorted.
struct TextRanks {
  private var ranks: [[UInt8]: Int64] = [:]
  /// Rows of each text, in sorted order; nulls first if there are any.
  private(set) var counts: [Int] = []
  private static let null = Int64.min

  init() {}

  init(_ readers: [SegmentReader], column name: String) throws {
    var tally = Tally()
    for reader in readers {
      guard reader.has(name) else {
        tally.nullCount += try reader.rowCount()
        continue
      }
      var column = Column(type: .string, storage: .integers([]))
      for group in reader.rowGroups {
        _ = try reader.read(Field(name, .string), group, into: &column)
        tally.add(column)
      }
    }
    self.init(tally)
  }

  /// The texts of a column that is in memory.
  init(_ column: Column) {
    var tally = Tally()
    tally.add(column)
    self.init(tally)
  }

  private init(_ tally: Tally) {
    let sorted = tally.rows.keys.sorted { $0.lexicographicallyPrecedes($1) }
    for (rank, text) in sorted.enumerated() { ranks[text] = Int64(rank) }
    counts = (tally.nullCount > 0 ? [tally.nullCount] : []) + sorted.compactMap { tally.rows[$0] }
  }

  /// Rows by text.
  private struct Tally {
    var rows: [[UInt8]: Int] = [:]
    var nullCount = 0

    mutating func add(_ column: Column) {
      if case .codes(let codes, let dictionary) = column.storage {
        var byCode = [Int](repeating: 0, count: dictionary.count)
        for row in codes.indices {
          if column.isNull(row) { nullCount += 1 } else { byCode[Int(codes[row])] += 1 }
        }
        dictionary.bytes.withUnsafeBytes { bytes in
          for (code, count) in byCode.enumerated() where count > 0 {
            rows[Array(bytes[dictionary.byteRange(code)]), default: 0] += count
          }
        }
        return
      }
      TextRanks.forEachRun(
        column, nulls: { nullCount += $0 },
        texts: { text, count in rows[Array(text), default: 0] += count })
    }
  }

  func ranks(_ reader: SegmentReader, _ name: String, _ rows: StoredSpan) throws -> [Int64] {
    var column = Column(type: .string, storage: .integers([]))
    guard try reader.read(Field(name, .string), rows, into: &column) else {
      return [Int64](repeating: Self.null, count: rows.count)
    }
    return ranks(column)
  }

  /// The ranks of the texts of a column.
  func ranks(_ column: Column) -> [Int64] {
    var result = [Int64](repeating: Self.null, count: column.count)
    if case .codes(let codes, let dictionary) = column.storage {
      let byCode = dictionary.bytes.withUnsafeBytes { bytes in
        (0..<dictionary.count).map { ranks[Array(bytes[dictionary.byteRange($0)])] ?? Self.null }
      }
      for row in codes.indices where !column.isNull(row) { result[row] = byCode[Int(codes[row])] }
      return result
    }
    var row = 0
    Self.forEachRun(
      column, nulls: { row += $0 },
      texts: { text, count in
        let rank = ranks[Array(text)] ?? Self.null
        for index in row..<row + count { result[index] = rank }
        row += count
      })
    return result
  }

  /// Calls `body` with each run of equal texts.
  private static func forEachRun(
    _ column: Column, nulls: (Int) -> Void, texts body: (UnsafeRawBufferPointer, Int) -> Void
  ) {
    guard case .bytes(let values) = column.storage else { return }
    values.bytes.withUnsafeBytes { bytes in
      func text(_ row: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[values.byteRange(row)])
      }
      var row = 0
      while row < column.count {
        let start = row
        let isNull = column.isNull(start)
        repeat {
          row += 1
        } while row < column.count && column.isNull(row) == isNull
          && (isNull || text(start).elementsEqual(text(row)))
        if isNull { nulls(row - start) } else { body(text(start), row - start) }
      }
    }
  }
}
