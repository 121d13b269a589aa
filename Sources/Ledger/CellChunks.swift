import Bytes
import Tables

/// A value for a row of one of the lake's own small tables.
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

/// Rows for a small table, made chunk by chunk so that never all of them are in memory: each chunk
/// becomes a row group. Values are by column; what is missing is null.
struct CellChunks {
  /// Bytes of rows that are held at a time.
  static let byteCountMax = 8 << 20
  /// What a row takes beside its texts.
  private static let rowByteCount = 1024

  let count: Int
  let make: (Int) throws -> [[String: Cell]]

  init(count: Int, make: @escaping (Int) throws -> [[String: Cell]]) {
    self.count = count
    self.make = make
  }

  /// A row of each item.
  ///
  /// - Parameter byteCount: Bytes of an item's texts.
  init<Item>(
    _ items: [Item], byteCount: (Item) -> Int = { _ in 0 },
    row: @escaping (Item) throws -> [String: Cell]
  ) {
    let cuts = Self.cuts(items.map { Self.byteCount(byteCount($0), rowCount: 1) })
    self.init(count: cuts.count) { try items[cuts[$0]].map(row) }
  }

  /// Bytes that rows take in memory.
  static func byteCount(_ textByteCount: Int, rowCount: Int) -> Int {
    let (rows, overflow) = rowCount.multipliedReportingOverflow(by: rowByteCount)
    return overflow ? Int.max : textByteCount.adding(clamped: rows)
  }

  /// Cuts pieces of these sizes into chunks that fit, each of one piece at least.
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
  /// Any value of the kinds that the lake's own tables have.
  func cell(_ name: String, _ row: Int) -> Cell? {
    if isNull(name, row) { return nil }
    if case .timestamp? = self[name]?.type { return time(name, row).map { .time($0) } }
    return text(name, row).map { .text($0) } ?? integer(name, row).map { .integer($0) }
  }
}
