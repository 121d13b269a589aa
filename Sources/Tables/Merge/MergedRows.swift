import Columnar
import DeltaLog

/// Rows of several files in the order of their table: those of a row group to be.
struct MergedRows {
  let rowCount: Int
  /// Where the rows come from, in their order. A file's rows may stand in any order.
  let runs: () -> [MergeRun]
  /// A column of all rows, or of some of them. Cost: decodes it, or copies it.
  let column: (Field, [Int]?) throws -> Column
}

/// All rows of some files in memory, and their order: for files that are small together, whatever their order.
struct SortedColumns {
  private let columns: [String: Column]
  /// Numbers of the rows, of all files one behind the other, in the order of the table.
  private let sortedRows: [Int]
  /// Number of each file's first row.
  private let firstRows: [Int]

  /// Bytes that the rows take in memory, about.
  static func byteCount(
    _ readers: [SegmentReader], fields: [Field], order: SortOrder
  ) throws -> Int {
    // Keys and row numbers, which are sorted aside.
    var perRow = (RowKeys.width(order) + 4) * 8
    for field in fields {
      switch field.type.storage {
      case .wide: perRow += 16 + 1
      case .integers, .doubles, .bytes: perRow += 8 + 1
      }
    }
    let isText = fields.contains { $0.type.storage == .bytes }
    var total = 0
    for reader in readers {
      let (rows, overflow) = try reader.rowCount().multipliedReportingOverflow(by: perRow)
      guard !overflow else { return .max }
      total = total.adding(clamped: rows)
      // Of texts the footer says how long they are.
      for group in 0..<reader.rowGroupCount where isText {
        total = total.adding(clamped: reader.byteCount(rowGroup: group) ?? .max)
      }
    }
    return total
  }

  init(
    _ readers: [SegmentReader], fields: [Field], order: SortOrder, ranks: TextRanks
  ) throws {
    let gather = ColumnGather(readers)
    var all = GatheredRows()
    var firstRows: [Int] = []
    for (file, reader) in readers.enumerated() {
      firstRows.append(all.rowCount)
      let rowCount = try reader.rowCount()
      if rowCount > 0 { all.append(MergeRun(file: file, rows: 0..<rowCount)) }
    }
    self.firstRows = firstRows
    var columns: [String: Column] = [:]
    for field in fields { columns[field.name] = try gather.column(field, all) }
    self.columns = columns
    if order.isAsStored {
      sortedRows = Array(0..<all.rowCount)
      return
    }
    var keys: [Int64] = []
    keys.reserveCapacity(all.rowCount * RowKeys.width(order))
    for reader in readers {
      for group in reader.rowGroups { try RowKeys.append(reader, order, ranks, group, to: &keys) }
    }
    sortedRows = RowKeys.sortedRows(keys, width: RowKeys.width(order))
  }

  func forEachGroup(
    _ cuts: [Int], _ isInterrupted: () -> Bool, _ body: (MergedRows) throws -> Void
  ) throws {
    var first = 0
    for cut in cuts {
      if isInterrupted() { throw PassError(.interrupted, "interrupted") }
      let own = Array(sortedRows[first..<min(first + cut, sortedRows.count)])
      first += own.count
      try body(
        MergedRows(rowCount: own.count, runs: { runs(own) }) { field, some in
          let rows = some.map { $0.map { own[$0] } } ?? own
          return columns[field.name]?.rows(rows) ?? Column(nulls: rows.count, of: field.type)
        })
    }
  }

  private func runs(_ numbers: [Int]) -> [MergeRun] {
    var runs: [MergeRun] = []
    var file = 0
    for number in numbers {
      if number < firstRows[file] || file + 1 < firstRows.count && number >= firstRows[file + 1] {
        file = self.file(of: number)
      }
      let row = number - firstRows[file]
      if let last = runs.last, last.file == file, last.rows.upperBound == row {
        runs[runs.count - 1].rows = last.rows.lowerBound..<row + 1
      } else {
        runs.append(MergeRun(file: file, rows: row..<row + 1))
      }
    }
    return runs
  }

  /// The last file whose rows begin at a number or before it: those without rows begin where the next one does.
  private func file(of number: Int) -> Int {
    var (low, high) = (0, firstRows.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if firstRows[middle] <= number { low = middle } else { high = middle }
    }
    return low
  }
}
