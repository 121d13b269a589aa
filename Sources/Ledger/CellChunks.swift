import Bytes
import Tables

/// A value in a row of one of the lake's own small tables.
enum Cell: Sendable {
  case text(String)
  case integer(Int64)
  /// Nanoseconds since 1970 UTC.
  case time(Int64)
}

extension Cell {
  var text: String? {
    if case .text(let value) = self { value } else { nil }
  }

  var nanoseconds: Int64? {
    if case .time(let value) = self { value } else { nil }
  }
}

/// Rows for a small table, made chunk by chunk so that only some are in memory at a time: each chunk becomes a
/// row group. Values are by column; missing ones are null.
struct CellChunks {
  /// Bytes of rows in memory at a time.
  static let byteCountMax = 8 << 20
  /// Estimated size of a row beside its texts.
  private static let rowByteCount = 1024

  let count: Int
  let make: (Int) throws -> [[String: Cell]]

  init(count: Int, make: @escaping (Int) throws -> [[String: Cell]]) {
    self.count = count
    self.make = make
  }

  /// One row per item.
  ///
  /// - Parameter byteCount: Bytes of an item's texts.
  init<Item>(
    _ items: [Item], byteCount: (Item) -> Int = { _ in 0 },
    row: @escaping (Item) throws -> [String: Cell]
  ) {
    let cuts = Self.cuts(items.map { Self.byteCount(byteCount($0), rowCount: 1) })
    self.init(count: cuts.count) { try items[cuts[$0]].map(row) }
  }

  /// Estimated size of rows in memory.
  static func byteCount(_ textByteCount: Int, rowCount: Int) -> Int {
    let (rows, overflow) = rowCount.multipliedReportingOverflow(by: rowByteCount)
    return overflow ? Int.max : textByteCount.adding(clamped: rows)
  }

  /// Groups pieces of these sizes into chunks that fit, each with at least one piece.
  static func cuts(_ sizes: [Int]) -> [Range<Int>] {
    var cuts: [Range<Int>] = []
    var (start, byteCount) = (0, 0)
    for (index, size) in sizes.enumerated() {
      if index > start, byteCount.adding(clamped: size) > byteCountMax {
        cuts.append(start..<index)
        (start, byteCount) = (index, 0)
      }
      byteCount = byteCount.adding(clamped: size)
    }
    if start < sizes.count { cuts.append(start..<sizes.count) }
    return cuts
  }
}

extension RowColumns {
  /// The value of a column in a row, for the types that the lake's own tables have.
  func cell(_ name: String, _ row: Int) -> Cell? {
    if isNull(name, row) { return nil }
    if case .timestamp? = self[name]?.type { return time(name, row).map { .time($0) } }
    return text(name, row).map { .text($0) } ?? integer(name, row).map { .integer($0) }
  }
}
