/// The deleted rows of a data file: indexes from 0 in the order of the file.
///
/// Kept as they were stored, in blocks of 65,536 rows, so that memory does not exceed what a file holds on disk.
public struct DeletedRows: Sendable {
  /// Rows of a block.
  static let blockRowCount = 1 << 16

  /// Deleted rows of one block.
  struct Block: Sendable {
    /// Index of the block's first row, divided by `blockRowCount`.
    var number: Int
    var rows: Rows
  }

  /// Indexes within a block.
  enum Rows: Sendable {
    /// Ascending.
    case list([UInt16])
    /// One bit per row, 1,024 words.
    case bitmap([UInt64])
    /// Ascending, both ends included.
    case runs([ClosedRange<UInt16>])
  }

  /// Ascending, none empty.
  let blocks: [Block]
  /// Number of deleted rows.
  public let count: Int

  /// - Parameters:
  ///   - blocks: In ascending order.
  ///   - count: Their rows, counted when they were read.
  init(_ blocks: [Block], count: Int) {
    self.blocks = blocks
    self.count = count
  }

  /// The last deleted row; nil if there is none.
  var last: Int? {
    guard let block = blocks.last else { return nil }
    let start = block.number * Self.blockRowCount
    switch block.rows {
    case .list(let rows): return rows.last.map { start + Int($0) }
    case .runs(let runs): return runs.last.map { start + Int($0.upperBound) }
    case .bitmap(let words):
      return words.lastIndex { $0 != 0 }.map {
        start + 64 * $0 + 63 - words[$0].leadingZeroBitCount
      }
    }
  }

  /// The blocks that hold rows of a range.
  private func blocks(in rows: Range<Int>) -> ArraySlice<Block> {
    if rows.isEmpty { return [] }
    let first = rows.lowerBound / Self.blockRowCount
    let last = (rows.upperBound - 1) / Self.blockRowCount
    let start = blocks.partitioningIndex { $0.number >= first }
    let end = blocks.partitioningIndex { $0.number > last }
    return blocks[start..<end]
  }

  /// Calls `body` with the deleted rows of a range in ascending order, as runs: neighbouring runs may touch.
  @inline(__always)
  private func forEachRun(in rows: Range<Int>, _ body: (Range<Int>) -> Void) {
    for block in blocks(in: rows) {
      let start = block.number * Self.blockRowCount
      switch block.rows {
      case .list(let list):
        let first = list.partitioningIndex { start + Int($0) >= rows.lowerBound }
        for index in first..<list.count {
          let row = start + Int(list[index])
          if row >= rows.upperBound { break }
          body(row..<row + 1)
        }
      case .runs(let runs):
        let first = runs.partitioningIndex { start + Int($0.upperBound) >= rows.lowerBound }
        for index in first..<runs.count {
          let run = start + Int(runs[index].lowerBound)..<start + Int(runs[index].upperBound) + 1
          if run.lowerBound >= rows.upperBound { break }
          body(run.clamped(to: rows))
        }
      case .bitmap(let words):
        let low = Swift.max(rows.lowerBound - start, 0)
        let high = Swift.min(rows.upperBound - start, Self.blockRowCount)
        Self.forEachRun(of: words, in: low..<high) {
          body(start + $0.lowerBound..<start + $0.upperBound)
        }
      }
    }
  }

  /// Calls `body` with the runs of set bits in a range, word by word.
  @inline(__always)
  private static func forEachRun(
    of words: [UInt64], in bits: Range<Int>, _ body: (Range<Int>) -> Void
  ) {
    var index = bits.lowerBound / 64
    while index * 64 < bits.upperBound {
      var word = within(words, index, bits)
      let base = index * 64
      while word != 0 {
        let first = word.trailingZeroBitCount
        let length = (~(word >> UInt64(first))).trailingZeroBitCount
        body(base + first..<base + first + length)
        // Shifting by 64 bits gives 0.
        word &= UInt64.max << UInt64(first + length)
      }
      index += 1
    }
  }

  /// Deleted rows within a range.
  public func count(in rows: Range<Int>) -> Int {
    blocks(in: rows).reduce(0) { $0 + Self.count(of: $1, in: rows) }
  }

  /// Whether no row of a range is deleted.
  public func isEmpty(in rows: Range<Int>) -> Bool {
    blocks(in: rows).allSatisfy { Self.count(of: $0, in: rows) == 0 }
  }

  private static func count(of block: Block, in rows: Range<Int>) -> Int {
    let start = block.number * blockRowCount
    let low = Swift.max(rows.lowerBound - start, 0)
    let high = Swift.min(rows.upperBound - start, blockRowCount)
    switch block.rows {
    case .list(let list):
      return list.partitioningIndex { Int($0) >= high } - list.partitioningIndex { Int($0) >= low }
    case .runs(let runs):
      let first = runs.partitioningIndex { Int($0.upperBound) >= low }
      return runs[first...].prefix { Int($0.lowerBound) < high }.reduce(0) {
        $0 + (Int($1.lowerBound)..<Int($1.upperBound) + 1).clamped(to: low..<high).count
      }
    case .bitmap(let words):
      var total = 0
      for index in low / 64..<(high + 63) / 64 {
        total += within(words, index, low..<high).nonzeroBitCount
      }
      return total
    }
  }

  /// A word of a bitmap without the bits outside a range.
  @inline(__always)
  private static func within(_ words: [UInt64], _ index: Int, _ bits: Range<Int>) -> UInt64 {
    var word = words[index]
    let base = index * 64
    if base < bits.lowerBound { word &= UInt64.max << UInt64(bits.lowerBound - base) }
    if bits.upperBound - base < 64 { word &= ~(UInt64.max << UInt64(bits.upperBound - base)) }
    return word
  }

  /// Clears the bytes of the deleted rows in a mask of one byte per row.
  ///
  /// - Parameters:
  ///   - rows: The rows of the file that the mask stands for.
  ///   - mask: As many bytes.
  public func clear(_ mask: UnsafeMutablePointer<UInt8>, rows: Range<Int>) {
    forEachRun(in: rows) { run in
      (mask + (run.lowerBound - rows.lowerBound)).update(repeating: 0, count: run.count)
    }
  }

  /// The rows of a range without long runs of deleted ones; what is left may still hold shorter runs.
  ///
  /// - Parameter runLengthMin: Runs from this length are cut out.
  public func remainder(of rows: Range<Int>, cutting runLengthMin: Int) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var start = rows.lowerBound
    var open: Range<Int>?
    func close() {
      guard let run = open, run.count >= runLengthMin else { return }
      if run.lowerBound > start { result.append(start..<run.lowerBound) }
      start = run.upperBound
    }
    forEachRun(in: rows) { run in
      if let known = open, known.upperBound == run.lowerBound {
        open = known.lowerBound..<run.upperBound
      } else {
        close()
        open = run
      }
    }
    close()
    if start < rows.upperBound { result.append(start..<rows.upperBound) }
    return result
  }

  /// The rows of a range that are not deleted, as runs, ascending.
  public func liveRuns(in rows: Range<Int>) -> [Range<Int>] { remainder(of: rows, cutting: 1) }
}
