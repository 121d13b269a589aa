import Bytes
import Columnar
import Parquet

/// How the rows of a data file, or of one symbol in it, are compared with new ones.
struct StoredView {
  /// Index of the columns that are compared, among the merge's forms.
  var form: Int
  var digest: StoredDigest
  /// Columns by which the stored rows could be compared.
  var stored: [Field]
  /// Whether new rows have more columns than the stored ones.
  var saysLess: Bool
  /// Whether new rows have all columns of the stored ones.
  var saysNoMore: Bool
  /// Whether new rows have columns that the stored ones lack.
  var lacksColumns: Bool
  /// Whether both sides have the same columns of the table's key, so that keys can be compared.
  var hasWholeKey: Bool
  /// Fields with the values of the columns that only new rows have.
  var gained: [RowField]

  /// Whether a new row has a value in a column that the stored ones lack.
  func isGain(_ row: UnsafeRawPointer) -> Bool { gained.contains { $0.hasValue(row) } }
}

extension RowField {
  /// Whether a packed row has a value in the field, however nulls are marked.
  func hasValue(_ row: UnsafeRawPointer) -> Bool {
    switch (null, form) {
    case (.bit(let offset, let mask), _): row.loadLE(offset, as: UInt8.self) & mask != 0
    case (.sentinel(let sentinel), _): bits(row) != sentinel
    case (.never, .character), (.never, .fixedText): row.loadLE(offset, as: UInt8.self) != 0
    case (.never, _): true
    }
  }

  /// The field's first bytes, eight at most, zero-extended.
  private func bits(_ row: UnsafeRawPointer) -> UInt64 {
    switch form.byteCount {
    case 1: UInt64(row.loadLE(offset, as: UInt8.self))
    case 2: UInt64(row.loadLE(offset, as: UInt16.self))
    case 4: UInt64(row.loadLE(offset, as: UInt32.self))
    default: row.loadLE(offset, as: UInt64.self)
    }
  }
}

extension StoredFile {
  /// The columns that are null in all rows of a symbol, though maybe not for other symbols.
  ///
  /// - Parameter fields: Columns to check, the same in every call.
  func blankColumns(of symbol: String, among fields: [Field]) throws -> Set<String> {
    let indexes = candidates(symbol: symbol, times: Int64.min...Int64.max)
    // Usually the footer says that there is nothing to find.
    var groups: Set<Int> = []
    for index in indexes { groups.insert(blocks[index].span.rowGroup) }
    var blank = Set(
      fields.map(\.name).filter { name in groups.contains { mayBeBlank(name, rowGroup: $0) } })
    if blank.isEmpty { return [] }
    var isFound = false
    for index in indexes {
      guard let here = try blanks(index, fields)[symbol] else { continue }
      isFound = true
      blank.formIntersection(here)
      if blank.isEmpty { break }
    }
    return isFound ? blank : []
  }

  private func mayBeBlank(_ name: String, rowGroup: Int) -> Bool {
    reader.statistics(name, rowGroup: rowGroup)?.nullCount.map { $0 > 0 } ?? true
  }

  /// The columns without values, by symbol, in a block.
  private func blanks(_ index: Int, _ fields: [Field]) throws -> [String: Set<String>] {
    if let known = loadedBlanks.first(where: { $0.index == index }) { return known.blanks }
    let span = blocks[index].span
    let runs = try reader.symbolRuns(span)
    var blanks: [String: Set<String>] = [:]
    for run in runs { blanks[run.name] = [] }
    for field in fields where mayBeBlank(field.name, rowGroup: span.rowGroup) {
      var filled: Set<String> = []
      if let column = try reader.values(field, span) {
        for run in runs where run.rows.contains(where: { !column.isNull($0) }) {
          filled.insert(run.name)
        }
      }
      for symbol in blanks.keys where !filled.contains(symbol) {
        blanks[symbol]?.insert(field.name)
      }
    }
    if loadedBlanks.count == 2 { loadedBlanks.removeFirst() }
    loadedBlanks.append((index, blanks))
    return blanks
  }
}
