import Columnar
import DeltaLog

/// Rows of several files in the order of their table: those of a row group to be.
struct MergedRows {
  let rowCount: Int
  /// Where the rows come from, in their order. A file's rows may stand in any order.
  let runs: () -> [MergeRun]
  /// Numbers of the rows' sort keys, ascending: rows with one key have one number, those of other row groups too.
  /// nil where the keys are not at hand.
  var keyNumbers: (() -> [Int])?
  /// A column of all rows, or of some of them. Cost: decodes it, or copies it.
  let column: (Field, [Int]?) throws -> Column
}

/// All rows of some files in memory, and their order: for files that are small together, whatever their order.
struct SortedColumns {
  private let columns: [String: Column]
  /// The rows of all files one behind the other, in the order of the table.
  private let sorted: SortedRows
  /// Rows of each text of the order, in that order; all rows where it has none.
  let counts: [Int]
  /// Number of each file's first row.
  private let firstRows: [Int]

  /// Bytes that the rows take in memory, about.
  static func byteCount(
    _ readers: [SegmentReader], fields: [Field], order: SortOrder
  ) throws -> Int {
    // Keys, one word of all of them, and rows with that word twice while they are sorted.
    var perRow = (RowKeys.width(order) + 6) * 8
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
    _ readers: [SegmentReader], fields: [Field], order: SortOrder
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
      sorted = SortedRows(rowCount: all.rowCount)
      counts = [all.rowCount]
      return
    }
    func own(_ name: String, _ type: ColumnType) throws -> Column {
      // Files of others may lack a column of the order.
      try columns[name] ?? gather.column(Field(name, type), all)
    }
    var words: [[Int64]] = []
    if let text = order.text {
      let column = try own(text, .string)
      let ranks = TextRanks(column)
      counts = ranks.counts
      words.append(ranks.ranks(column))
    } else {
      counts = [all.rowCount]
    }
    for field in order.numbers {
      words.append(
        try RowKeys.numbers(try own(field.name, field.type), place: readers.first?.path))
    }
    sorted = SortedRows(words)
  }

  /// What the rows say together, by the columns that say what a row is.
  func fingerprint(_ fields: [Field]) throws -> PartitionFingerprint {
    let remainders = RemainderColumns(fields: fields)
    var sums = RowSums(rowCount: sorted.rows.count)
    for field in fields
    where !RowSums.isProvenance(field.name) && !remainders.isRemainder(field.name) {
      let values = try remainders.values(field) {
        columns[$0.name] ?? Column(nulls: sums.rowCount, of: $0.type)
      }
      sums.add(values, of: field)
    }
    return PartitionFingerprint(rowCount: Int64(sums.rowCount), rowHash: sums.fingerprint)
  }

  func forEachGroup(
    _ cuts: [Int], _ isInterrupted: () -> Bool, _ body: (MergedRows) throws -> Void
  ) throws {
    var first = 0
    var lastNumber = 0
    for cut in cuts {
      if isInterrupted() { throw PassError(.interrupted, "interrupted") }
      let range = first..<min(first + cut, sorted.rows.count)
      let own = Array(sorted.rows[range])
      first += own.count
      func keyNumbers() -> [Int] {
        range.map { index in
          if index > 0, !sorted.isSameKey(index, index - 1) { lastNumber += 1 }
          return lastNumber
        }
      }
      var chosen: (some: [Int], rows: [Int]) = ([], [])
      try body(
        MergedRows(rowCount: own.count, runs: { runs(own) }, keyNumbers: keyNumbers) {
          field, some in
          // The same rows are asked for of one column after the other.
          if let some, some != chosen.some { chosen = (some, some.map { own[$0] }) }
          let rows = some == nil ? own : chosen.rows
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
