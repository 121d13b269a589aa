import Bytes
import DeltaLog

/// Rows that one thread reads, filters and formats at once.
struct ScanUnit: Sendable {
  var file: OpenFile
  var rowGroup: Int
  var rows: Range<Int>
  /// The conditions to test: those that bounds prove are left out.
  var filter: Filter

  /// The deleted ones of its rows; nil if there is none.
  var deletions: DeletedSpan? { file.deletions(rowGroup: rowGroup, rows: rows) }
}

/// An open file; closed when its last unit is done.
final class OpenFile: Sendable {
  let file: TableFile
  let segment: any Segment
  /// Position among the files of the plan.
  let ordinal: Int
  /// nil if no row of the file is deleted.
  private let deletions: DeletedRows?
  /// The file's first row of each row group; empty if no row is deleted.
  private let firstRows: [Int]

  init(_ file: TableFile, ordinal: Int) throws {
    self.file = file
    self.ordinal = ordinal
    segment = try file.open()
    guard let readDeletions = file.deletions else {
      deletions = nil
      firstRows = []
      return
    }
    var firstRows: [Int] = []
    var rowCount = 0
    for count in segment.rowGroupRowCounts {
      firstRows.append(rowCount)
      // checked: a file has fewer rows than bits.
      rowCount = rowCount.adding(clamped: count)
    }
    deletions = try readDeletions(rowCount)
    self.firstRows = firstRows
  }

  /// The deleted rows among some of a row group; nil if there is none.
  func deletions(rowGroup: Int, rows: Range<Int>) -> DeletedSpan? {
    guard let deletions else { return nil }
    let first = firstRows[rowGroup]
    let span = DeletedSpan(
      deletions: deletions, rows: first + rows.lowerBound..<first + rows.upperBound)
    return span.isEmpty ? nil : span
  }

  /// Rows of a row group without long runs of deleted ones.
  ///
  /// - Parameter runLengthMin: Runs from this length are cut out.
  func liveParts(rowGroup: Int, rows: Range<Int>, cutting runLengthMin: Int) -> [Range<Int>] {
    guard let span = deletions(rowGroup: rowGroup, rows: rows) else { return [rows] }
    if span.count == rows.count { return [] }
    let first = firstRows[rowGroup]
    return span.deletions.remainder(of: span.rows, cutting: runLengthMin).map {
      $0.lowerBound - first..<$0.upperBound - first
    }
  }
}

/// Consecutive rows of a file of which some are deleted.
struct DeletedSpan: Sendable {
  let deletions: DeletedRows
  /// Rows of the file.
  let rows: Range<Int>

  var isEmpty: Bool { deletions.isEmpty(in: rows) }

  /// Deleted rows.
  var count: Int { deletions.count(in: rows) }

  /// Clears their bytes in a mask of the rows.
  func clear(_ mask: UnsafeMutablePointer<UInt8>) { deletions.clear(mask, rows: rows) }
}

/// Cuts the row groups of a file into units, skipping what bounds exclude.
struct UnitPlanner: Sendable {
  /// Rows per unit at least, if the row group has them: fewer don't pay for switching between columns.
  static let rowCountMin = 12_288
  /// Rows per unit at most: what a thread holds decoded and formatted.
  static let rowCountMax = 131_072
  /// Deleted rows in a row from this number on are not decoded: so many take several pages.
  static let deletedRunMin = 32_768
  /// Bytes of text per unit at most, by the sizes that the file states.
  static let textByteCount = 32 << 20

  let columns: [QueryColumn]
  /// Columns that are read for every selected row.
  let projection: [Int]
  let filter: Filter

  /// The units of one row group, in row order.
  func units(
    of file: OpenFile, rowGroup: Int, report: inout SkipReport
  ) throws -> [ScanUnit] {
    let segment = file.segment
    let rowCount = segment.rowGroupRowCounts[rowGroup]
    if rowCount == 0 { return [] }
    let byteCount = storedByteCount(segment, rowGroup)
    let groupBounds: (Int) -> FilterBounds? = { column in
      bounds(of: column, in: file, rowGroup: rowGroup, rowCount: rowCount)
    }
    if filter.verdict(groupBounds) == .none {
      report.rowGroups.skip(byteCount: byteCount, because: filter.reason(groupBounds))
      return []
    }
    report.rowGroups.keep(byteCount: byteCount)
    let residual = filter.residual(groupBounds)
    var ranges = [(rows: 0..<rowCount, filter: residual)]
    if residual != .everything {
      ranges = try pageRanges(file, rowGroup, rowCount, residual, &report)
    }
    ranges = ranges.flatMap { range in
      file.liveParts(rowGroup: rowGroup, rows: range.rows, cutting: Self.deletedRunMin)
        .map { ($0, range.filter) }
    }
    let cuts = try coarseCuts(segment, rowGroup)
    let limit = segment.rowPortion(
      rowGroup: rowGroup, columns: fileColumns, byteCount: Self.textByteCount,
      limit: Self.rowCountMax)
    return ranges.flatMap { range in
      Self.cut(range.rows, at: cuts, limit: limit).map {
        ScanUnit(file: file, rowGroup: rowGroup, rows: $0, filter: range.filter)
      }
    }
  }

  private func storedByteCount(_ segment: any Segment, _ rowGroup: Int) -> Int {
    fileColumns.reduce(0) {
      $0.adding(clamped: segment.byteCount(rowGroup: rowGroup, column: $1))
    }
  }

  /// Names of the columns that are read from the file.
  private var fileColumns: [String] {
    Set(projection).union(filter.columns).compactMap { index in
      if case .file(let name) = columns[index].origin { name } else { nil }
    }
  }

  /// What is known of a column in a row group.
  func bounds(
    of column: Int, in file: OpenFile, rowGroup: Int, rowCount: Int
  ) -> FilterBounds? {
    if let value = file.file.partition[column] { return .constant(value, rowCount: rowCount) }
    guard case .file(let name) = columns[column].origin else { return nil }
    // A column of the table that this file lacks is null in every row.
    if file.segment.type(of: name) == nil { return .constant(nil, rowCount: rowCount) }
    return file.segment.bounds(rowGroup: rowGroup, column: columns[column])
  }

  /// Rows that the column index does not exclude, with the conditions left to test.
  private func pageRanges(
    _ file: OpenFile, _ rowGroup: Int, _ rowCount: Int, _ filter: Filter,
    _ report: inout SkipReport
  ) throws -> [(rows: Range<Int>, filter: Filter)] {
    var tables: [Int: PageTable] = [:]
    for index in filter.columns {
      guard case .file(let name) = columns[index].origin,
        file.segment.type(of: name) != nil,
        let table = try file.segment.pages(rowGroup: rowGroup, column: columns[index]),
        !table.bounds.isEmpty
      else { continue }
      tables[index] = table
    }
    if tables.isEmpty { return [(0..<rowCount, filter)] }
    var cuts = Set([0])
    for table in tables.values { cuts.formUnion(table.firstRows) }
    let starts = cuts.sorted()
    var ranges: [(rows: Range<Int>, filter: Filter)] = []
    for (position, start) in starts.enumerated() {
      let rows = start..<(position + 1 < starts.count ? starts[position + 1] : rowCount)
      if rows.isEmpty { continue }
      let known: (Int) -> FilterBounds? = { column in
        if let table = tables[column] { return table.bounds(over: rows, rowCount: rowCount) }
        return bounds(of: column, in: file, rowGroup: rowGroup, rowCount: rowCount)
      }
      let byteCount = tables.values.reduce(0) { $0.adding(clamped: $1.byteCount(over: rows)) }
      if filter.verdict(known) == .none {
        report.pages.skip(byteCount: byteCount, because: filter.reason(known))
        continue
      }
      report.pages.keep(byteCount: byteCount)
      let residual = filter.residual(known)
      if let last = ranges.last, last.rows.upperBound == start, last.filter == residual {
        ranges[ranges.count - 1].rows = last.rows.lowerBound..<rows.upperBound
      } else {
        ranges.append((rows, residual))
      }
    }
    return ranges
  }

  /// Page starts of the column with the largest pages: other cuts would decode a page twice.
  private func coarseCuts(_ segment: any Segment, _ rowGroup: Int) throws -> [Int] {
    var coarsest: [Int]?
    for index in Set(projection).union(filter.columns) {
      guard case .file(let name) = columns[index].origin, segment.type(of: name) != nil,
        let table = try segment.pages(rowGroup: rowGroup, column: columns[index])
      else { continue }
      if table.count < coarsest?.count ?? .max { coarsest = table.firstRows }
    }
    return coarsest ?? []
  }

  /// Cuts `rows` at some of `cuts`, so that no piece is too small or too large.
  ///
  /// - Parameter limit: Rows per piece at most.
  static func cut(
    _ rows: Range<Int>, at cuts: [Int], limit: Int = UnitPlanner.rowCountMax
  ) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = rows.lowerBound
    for end in cuts.drop(while: { $0 <= start }) + [rows.upperBound] {
      let end = Swift.min(end, rows.upperBound)
      while end - start > limit {
        pieces.append(start..<(start + limit))
        start += limit
      }
      if end - start >= Swift.min(rowCountMin, limit) || end == rows.upperBound, end > start {
        pieces.append(start..<end)
        start = end
      }
    }
    return pieces
  }
}

extension Filter {
  /// The conditions left to test, given bounds.
  func residual(_ bounds: (Int) -> FilterBounds?) -> Filter {
    .conjunction(conjuncts.filter { $0.verdict(bounds) != .all })
  }
}
