import Bytes
import Catalog
import Columnar

/// Decides which of several rows with one key stays: the first in the table's order, which keeps the order of files.
/// One that is equal to it in all that it says is a *duplicate*; any other one is a *conflict*.
///
/// Rows come in the table's order, a row group at a time. Rows of one key stand together as far as the sort columns
/// tell them apart; only rows that are equal in those are weighed against each other.
///
/// Invariant: no row is called a duplicate that differs from the one that stays in any value. Hashes only find
/// candidates; values decide.
struct DuplicateFilter {
  /// Rows of equal sort columns that may wait for the next row group.
  private static let waitingMax = 100_000

  /// What became of rows.
  struct Verdict {
    /// Rows that stay, ascending.
    var kept: [Int] = []
    var duplicateCount = 0
    /// Rows that conflict, ascending.
    var conflicts: [Int] = []
    /// The sum of the hashes of all rows that do not stay.
    var dropped = Fingerprint()
  }

  private let sorting: [Field]
  private let key: [Field]
  private let content: [Field]
  private let remainders: RemainderColumns
  /// Rows that stay, of the last sort columns that came: the next row group may have more of them.
  private var waiting: Waiting?

  private struct Waiting {
    var sorting: Fingerprint
    var rows: ContentRows
  }

  /// - Parameters:
  ///   - fields: All columns of a file.
  ///   - unhashed: Those that say nothing which others do not.
  ///   - keyColumns: Names of those that are a row's identity; the columns of `order` are among them.
  ///   - comparesContent: Whether rows with one key are held against each other; else all but one are duplicates.
  init(
    fields: [Field], unhashed: Set<String> = [], order: SortOrder, keyColumns: Set<String>,
    comparesContent: Bool = true
  ) {
    let remainders = RemainderColumns(fields: fields)
    self.remainders = remainders
    func isPart(_ field: Field, of names: Set<String>) -> Bool {
      names.contains(field.name)
        || remainders.isRemainder(field.name)
          && names.contains(String(field.name.dropLast(RemainderColumns.suffix.count)))
    }
    let names = Set(order.numbers.map(\.name) + (order.text.map { [$0] } ?? []))
    sorting = fields.filter { isPart($0, of: names) }
    key = fields.filter { isPart($0, of: keyColumns) }
    content =
      comparesContent
      ? fields.filter { !RowSums.isProvenance($0.name) && !unhashed.contains($0.name) } : key
  }

  /// Columns that must be at hand.
  var columns: [Field] {
    content + sorting.filter { field in !content.contains { $0.name == field.name } }
  }

  /// - Parameters:
  ///   - keyNumbers: Numbers of the rows' sort keys, where they are known: else the sort columns are hashed.
  ///   - column: Gives any of `columns`, as the table stores it: of all rows, or of some.
  mutating func judge(
    rowCount: Int, keyNumbers: (() -> [Int])? = nil, _ column: (Field, [Int]?) throws -> Column
  ) throws -> Verdict {
    var verdict = Verdict()
    if rowCount == 0 { return verdict }
    let sortingSums: [Fingerprint]
    if let keyNumbers {
      sortingSums = keyNumbers().map { Fingerprint(low: UInt64($0), high: 0) }
    } else {
      let sums = try sums(sorting, rowCount: rowCount) { try column($0, nil) }
      sortingSums = (0..<rowCount).map { sums[$0] }
    }
    let candidates = candidates(sortingSums)
    let rows = try ContentRows(candidates.count, key: key, content: content, remainders) {
      try column($0, candidates)
    }
    var isDropped = [Bool](repeating: false, count: rowCount)
    var start = 0
    while start < candidates.count {
      let group = sortingSums[candidates[start]]
      var end = start + 1
      while end < candidates.count, sortingSums[candidates[end]] == group { end += 1 }
      var kept = KeptRows()
      var before: ContentRows?
      if candidates[start] == 0, let waiting, waiting.sorting == group {
        before = waiting.rows
        for row in 0..<waiting.rows.count {
          kept.add(row, key: waiting.rows.keys[row], isBefore: true)
        }
      }
      for row in start..<end {
        switch kept.find(rows, row, before) {
        case .new: kept.add(row, key: rows.keys[row], isBefore: false)
        case .duplicate:
          isDropped[candidates[row]] = true
          verdict.dropped &+= rows.contents[row]
          verdict.duplicateCount += 1
        case .conflict:
          isDropped[candidates[row]] = true
          verdict.dropped &+= rows.contents[row]
          verdict.conflicts.append(candidates[row])
        }
      }
      // The last row's group goes on, maybe.
      if end == candidates.count { try keepWaiting(group, kept, rows, before) }
      start = end
    }
    verdict.kept = (0..<rowCount).filter { !isDropped[$0] }
    return verdict
  }

  /// Rows that share their sort columns with the row before or behind them: also the first and the last row, which
  /// may with rows of other row groups.
  private func candidates(_ keys: [Fingerprint]) -> [Int] {
    let last = keys.count - 1
    return keys.indices.filter { row in
      row == last || keys[row] == keys[row + 1]
        || (row == 0 ? waiting?.sorting == keys[row] : keys[row - 1] == keys[row])
    }
  }

  private mutating func keepWaiting(
    _ group: Fingerprint, _ kept: KeptRows, _ rows: ContentRows, _ before: ContentRows?
  ) throws {
    var all = rows.rows(kept.own)
    if let before { all = before.rows(kept.before).appending(all) }
    guard all.count <= Self.waitingMax else {
      throw PassError(
        .input,
        "more than \(Self.waitingMax) rows are equal in \(sorting.map(\.name).joined(separator: ", "))",
        remedy: "name further columns that tell rows apart first: --key")
    }
    waiting = Waiting(sorting: group, rows: all)
  }

  private func sums(
    _ fields: [Field], rowCount: Int, _ column: (Field) throws -> Column
  ) throws -> RowSums {
    var sums = RowSums(rowCount: rowCount)
    for field in fields where !remainders.isRemainder(field.name) {
      sums.add(try remainders.values(field, column), of: field)
    }
    return sums
  }
}

extension RemainderColumns {
  /// A column's values, times with their nanoseconds.
  func values(_ field: Field, _ column: (Field) throws -> Column) throws -> Column {
    let values = try column(field)
    guard case .timestamp = field.type else { return values }
    let remainder = Field(field.name + Self.suffix, .short)
    return values.nanoseconds(hasRemainder(field.name) ? try column(remainder) : nil)
  }
}

/// Rows that may be equal to others: their hashes, and their values.
private struct ContentRows {
  private(set) var keys: [Fingerprint]
  private(set) var contents: [Fingerprint]
  private var columns: [Column]
  private let keyCount: Int

  var count: Int { keys.count }

  init(
    _ rowCount: Int, key: [Field], content: [Field], _ remainders: RemainderColumns,
    _ column: (Field) throws -> Column
  ) throws {
    var keySums = RowSums(rowCount: rowCount)
    var contentSums = keySums
    let names = Set(key.map(\.name))
    var keyColumns: [Column] = []
    var others: [Column] = []
    for field in content where !remainders.isRemainder(field.name) {
      let values = try remainders.values(field, column)
      contentSums.add(values, of: field)
      if names.contains(field.name) {
        keySums.add(values, of: field)
        keyColumns.append(values)
      } else {
        others.append(values)
      }
    }
    keys = (0..<rowCount).map { keySums[$0] }
    contents = (0..<rowCount).map { contentSums[$0] }
    columns = keyColumns + others
    keyCount = keyColumns.count
  }

  func rows(_ rows: [Int]) -> ContentRows {
    var chosen = self
    chosen.keys = rows.map { keys[$0] }
    chosen.contents = rows.map { contents[$0] }
    chosen.columns = columns.map { $0.rows(rows) }
    return chosen
  }

  func appending(_ other: ContentRows) -> ContentRows {
    var both = self
    both.keys += other.keys
    both.contents += other.contents
    both.columns = zip(columns, other.columns).map { $0.appending($1) }
    return both
  }

  func hasKey(_ row: Int, of other: ContentRows, _ otherRow: Int) -> Bool {
    keys[row] == other.keys[otherRow]
      && columns.indices.prefix(keyCount).allSatisfy {
        columns[$0].isSame(row, other.columns[$0], otherRow)
      }
  }

  func isEqual(_ row: Int, to other: ContentRows, _ otherRow: Int) -> Bool {
    contents[row] == other.contents[otherRow]
      && columns.indices.allSatisfy { columns[$0].isSame(row, other.columns[$0], otherRow) }
  }
}

/// Rows of one group that stay.
private struct KeptRows {
  enum Finding { case new, duplicate, conflict }

  private(set) var own: [Int] = []
  private(set) var before: [Int] = []
  private var byKey: [Fingerprint: [(row: Int, isBefore: Bool)]] = [:]

  mutating func add(_ row: Int, key: Fingerprint, isBefore: Bool) {
    if isBefore { before.append(row) } else { own.append(row) }
    byKey[key, default: []].append((row, isBefore))
  }

  /// - Parameter before: Those of the row group before.
  func find(_ rows: ContentRows, _ row: Int, _ before: ContentRows?) -> Finding {
    for known in byKey[rows.keys[row]] ?? [] {
      let other = known.isBefore ? before ?? rows : rows
      if !rows.hasKey(row, of: other, known.row) { continue }
      return rows.isEqual(row, to: other, known.row) ? .duplicate : .conflict
    }
    return .new
  }
}

extension Column {
  /// Whether two rows of columns of one type hold the same value, nulls included.
  fileprivate func isSame(_ row: Int, _ other: Column, _ otherRow: Int) -> Bool {
    if isNull(row) || other.isNull(otherRow) { return isNull(row) && other.isNull(otherRow) }
    switch (storage, other.storage) {
    case (.integers(let one), .integers(let two)): return one[row] == two[otherRow]
    case (.wide(let one), .wide(let two)): return one[row] == two[otherRow]
    case (.doubles(let one), .doubles(let two)):
      return one[row] == two[otherRow] || one[row].isNaN && two[otherRow].isNaN
    default: return text(row).elementsEqual(other.text(otherRow))
    }
  }

  private func text(_ row: Int) -> ArraySlice<UInt8> {
    switch storage {
    case .bytes(let values): values.bytes[values.byteRange(row)]
    case .codes(let codes, let dictionary):
      dictionary.bytes[dictionary.byteRange(Int(codes[row]))]
    default: []
    }
  }
}
