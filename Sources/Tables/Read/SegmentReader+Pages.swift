import Columnar
import Parquet

/// Consecutive rows that are read together, and what is known of them before reading.
package struct SegmentPage: Sendable {
  /// Where the rows are in the file.
  package var span: StoredSpan
  /// What the page index says of them, or the footer where there is no page index.
  package var bounds: FileBounds
}

extension SegmentReader {
  /// Rows per page at most, if the file has no page index.
  package static let pageRowMax = 65_536

  /// The pages of the index column, with bounds of their symbols and times: pages that cannot hold the wanted
  /// rows need not be read.
  package func pages(index: Field) throws -> [SegmentPage] {
    guard has(index.name) else { return [] }
    return try rowGroups.flatMap { try pages($0, index) }
  }

  private func pages(_ group: StoredSpan, _ index: Field) throws -> [SegmentPage] {
    let rowGroup = group.rowGroup
    guard let leaf = self.leaf(of: index.name) else { return [] }
    let symbol = self.leaf(of: "symbol")
    func times(_ statistics: ColumnStatistics?) -> ColumnStatistics? {
      // Bounds in another unit than the table's are ignored.
      file.leaves[leaf].type == index.type ? statistics : nil
    }
    let whole = FileBounds(
      symbol: symbol.flatMap { file.statistics(rowGroup: rowGroup, leaf: $0) },
      index: times(file.statistics(rowGroup: rowGroup, leaf: leaf)))
    guard let starts = try pageStarts(group, leaf),
      let bounds = try file.pageStatistics(rowGroup: rowGroup, leaf: leaf),
      bounds.count == starts.count
    else {
      return stride(from: 0, to: group.count, by: Self.pageRowMax).map { first in
        let rows = first..<min(first + Self.pageRowMax, group.count)
        return SegmentPage(span: StoredSpan(rowGroup: rowGroup, rows: rows), bounds: whole)
      }
    }
    var symbols: [ColumnStatistics]?
    if let symbol, try pageStarts(group, symbol) == starts {
      symbols = try file.pageStatistics(rowGroup: rowGroup, leaf: symbol)
      if symbols?.count != starts.count { symbols = nil }
    }
    return starts.indices.map { page in
      let end = page + 1 < starts.count ? starts[page + 1] : group.count
      var own = FileBounds(symbol: symbols?[page], index: times(bounds[page]))
      if own.symbols == nil {
        (own.symbols, own.isHighPrefix) = (whole.symbols, whole.isHighPrefix)
      }
      return SegmentPage(
        span: StoredSpan(rowGroup: rowGroup, rows: starts[page]..<end), bounds: own)
    }
  }

  /// First row of each page of a column chunk; nil if not known for certain.
  private func pageStarts(_ group: StoredSpan, _ leaf: Int) throws -> [Int]? {
    guard let index = try file.offsetIndex(rowGroup: group.rowGroup, leaf: leaf) else { return nil }
    let starts = index.pageLocations.map { Int($0.firstRowIndex) }
    let isRising = zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 }
    guard starts.first == 0, isRising, (starts.last ?? 0) < max(group.count, 1) else { return nil }
    return starts
  }
}
