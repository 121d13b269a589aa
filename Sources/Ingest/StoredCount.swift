import Catalog
import Columnar
import DeltaLog
import Ledger
import Tables

/// Counts a table's rows in a region.
package struct StoredCount: Sendable {
  private let table: LakeTable
  private let files: [AddFile]
  private let schema: TableSchema

  /// nil if there is no such table.
  package init?(_ name: TableName, kind: String, lake: Lake) throws {
    guard lake.hasTable(name) else { return nil }
    table = lake.table(name)
    let snapshot = try table.snapshot()
    files = try snapshot.files
    let schema = try TableSchema.named(kind, in: lake)
    self.schema = schema.widened(schema.wideColumns(of: snapshot)).forLayer(name.layer)
  }

  /// Rows of the region at the version that was looked at. Reads the symbol and index columns of pages that may
  /// hold some.
  package func rows(in region: ReplacedRegion) throws -> Int {
    guard let last = region.interval.last else { return 0 }
    let times = region.interval.lowerBound...last
    var count = 0
    for file in files {
      let bounds = FileBounds(file, indexColumn: schema.indexColumn)
      // Other writers may truncate statistics to milliseconds.
      if !bounds.mayHold(symbol: nil, times: times, slack: 1000) { continue }
      if region.isRaw, !region.holdsAllSymbols,
        !region.symbols.contains(where: { bounds.mayHold(symbolsIn: $0...$0) })
      {
        continue
      }
      count += try rows(file.localPath(in: table.path), region, times)
    }
    return count
  }

  private func rows(
    _ path: String, _ region: ReplacedRegion, _ times: ClosedRange<Int64>
  ) throws -> Int {
    let reader = try SegmentReader(path: path, fields: schema.fileFields)
    let index = schema.indexColumn
    var count = 0
    for page in try reader.pages(index: Field(index, .timestamp))
    where page.bounds.mayHold(symbol: nil, times: times) {
      let rows = try RowColumns(reader, page.span, columns: schema.regionColumns)
      let isInside = region.membership(of: rows)
      for row in 0..<rows.rowCount {
        guard let time = rows.time(index, row), region.interval.contains(time) else { continue }
        if isInside(row) { count += 1 }
      }
    }
    return count
  }
}

extension TableSchema {
  /// The columns that decide whether a row belongs to a region.
  var regionColumns: Set<String> {
    ["symbol", "requested_symbol", indexColumn, indexColumn + RemainderColumns.suffix]
  }
}

extension ReplacedRegion {
  /// Whether rows have symbols of the region, whatever their times; each text is tested once if the column has
  /// a dictionary.
  ///
  /// - Parameter others: Further raw symbols that count as the region's.
  func membership(of rows: RowColumns, and others: Set<String> = []) -> (Int) -> Bool {
    if holdsAllSymbols { return { _ in true } }
    let raw = isRaw ? symbols.union(others) : others
    let bySymbol = rows.test("symbol") { raw.contains($0) }
    if isRaw { return bySymbol }
    let byRequest = rows.test("requested_symbol") { text in
      // One instrument may have been requested by several names.
      symbols.contains(text)
        || text.contains(",")
          && text.split(separator: ",").contains { symbols.contains(String($0)) }
    }
    return { bySymbol($0) || byRequest($0) }
  }
}
