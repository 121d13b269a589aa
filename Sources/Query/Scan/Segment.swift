import Bytes
import Columnar

/// Pages of one column of a row group, without their values.
struct PageTable: Sendable {
  /// First row of each page in its row group; ascending from 0.
  var firstRows: [Int]
  /// Bounds of each page; empty without a column index.
  var bounds: [FilterBounds?]
  /// Stored size of each page.
  var byteCounts: [Int]

  var count: Int { firstRows.count }

  /// Rows of page `index`, in a row group of `rowCount` rows.
  func rows(_ index: Int, rowCount: Int) -> Range<Int> {
    firstRows[index]..<(index + 1 < firstRows.count ? firstRows[index + 1] : rowCount)
  }

  /// Bounds over all pages that overlap `rows`; nil if any is unknown.
  func bounds(over rows: Range<Int>, rowCount: Int) -> FilterBounds? {
    if bounds.isEmpty { return nil }
    var merged: FilterBounds?
    var index = firstPage(at: rows.lowerBound)
    while index < firstRows.count, firstRows[index] < rows.upperBound {
      guard let next = bounds[index] else { return nil }
      merged = merged.map { $0.merged(with: next) } ?? next
      index += 1
    }
    return merged
  }

  /// Stored bytes of the pages that overlap `rows`.
  func byteCount(over rows: Range<Int>) -> Int {
    var total = 0
    var index = firstPage(at: rows.lowerBound)
    while index < firstRows.count, firstRows[index] < rows.upperBound {
      total = total.adding(clamped: byteCounts[index])
      index += 1
    }
    return total
  }

  /// The page that holds `row`.
  private func firstPage(at row: Int) -> Int {
    var low = 0
    var high = firstRows.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if firstRows[middle] <= row { low = middle } else { high = middle }
    }
    return low
  }
}

extension FilterBounds {
  /// The union of both bounds.
  func merged(with other: FilterBounds) -> FilterBounds {
    var result = FilterBounds(low: nil, high: nil, nullCount: nil, rowCount: 0)
    result.rowCount = rowCount.adding(clamped: other.rowCount)
    result.mayHoldNaN = mayHoldNaN || other.mayHoldNaN
    if let left = nullCount, let right = other.nullCount {
      result.nullCount = left.adding(clamped: right)
    }
    // A page of nulls has no bounds and adds no values.
    if nullCount == rowCount {
      (result.low, result.high) = (other.low, other.high)
    } else if other.nullCount == other.rowCount {
      (result.low, result.high) = (low, high)
    } else {
      if let left = low, let right = other.low { result.low = left < right ? left : right }
      if let left = high, let right = other.high { result.high = left < right ? right : left }
    }
    return result
  }
}

extension BoundValue: Comparable {
  static func < (left: BoundValue, right: BoundValue) -> Bool {
    switch (left, right) {
    case (.number(let left), .number(let right)): left < right
    case (.bytes(let left), .bytes(let right)): BytesTest.isLess(left, right)
    // Of one column all bounds are of one kind.
    case (.number, .bytes): true
    case (.bytes, .number): false
    }
  }
}

/// A data file as a scan sees it. A test double counts what a query decodes.
protocol Segment: AnyObject, Sendable {
  /// For messages.
  var name: String { get }
  var rowGroupRowCounts: [Int] { get }
  /// Stored bytes of a column in a row group.
  func byteCount(rowGroup: Int, column: String) -> Int
  /// The number of rows whose texts in these columns take about `byteCount` bytes; at most `limit`.
  func rowPortion(rowGroup: Int, columns: [String], byteCount: Int, limit: Int) -> Int
  /// The type of a column in this file; nil where the file has none of that name.
  func type(of column: String) -> ColumnType?
  func bounds(rowGroup: Int, column: QueryColumn) -> FilterBounds?
  /// nil if the pages are unknown.
  func pages(rowGroup: Int, column: QueryColumn) throws -> PageTable?
  /// Whether all rows of the file are known to be sorted by these columns, ascending.
  func isSorted(by columns: [String]) -> Bool
  /// A decoder for one thread.
  func makeDecoder() throws -> any SegmentDecoder
  /// Whether a column is nested.
  func isNested(_ column: String) -> Bool
}

extension Segment {
  func isNested(_ column: String) -> Bool { false }

  func rowPortion(rowGroup: Int, columns: [String], byteCount: Int, limit: Int) -> Int { limit }
}

/// Decodes columns of one file on one thread.
protocol SegmentDecoder: AnyObject {
  /// The values of `rows` of a row group, in the units of `type`; valid until the same column is
  /// read again.
  func read(
    rowGroup: Int, column: String, as type: ColumnType, rows: Range<Int>
  ) throws -> ColumnVector

  /// The values of `rows` of a nested column, as texts; valid as those of `read`.
  func readNested(
    rowGroup: Int, column: String, as reading: NestedReading, rows: Range<Int>
  ) throws -> ColumnVector
}

extension SegmentDecoder {
  func readNested(
    rowGroup: Int, column: String, as reading: NestedReading, rows: Range<Int>
  ) throws -> ColumnVector {
    preconditionFailure("only Parquet files have nested columns")
  }
}
