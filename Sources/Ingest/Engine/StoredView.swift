import Bytes
import Columnar
import Parquet

/// How the rows of a data file, or those of one symbol in it, are compared with new ones.
struct StoredView {
  /// Place of what is compared among the merge's forms of comparison.
  var form: Int
  var digest: StoredDigest
  /// Columns by which the stored rows could be compared.
  var stored: [Field]
  /// Whether new rows say more than the stored ones: they had further columns.
  var saysLess: Bool
  /// Whether new rows had all columns that the stored ones had.
  var saysNoMore: Bool
  /// Whether new rows had columns that the stored ones had not.
  var lacksColumns: Bool
  /// Whether both sides had the same columns of the table's key, so that keys can be compared.
  var hasWholeKey: Bool
  /// What holds the values of the columns that only new rows had.
  var gained: [RowField]

  /// Whether a new row has a value where stored ones had no column.
  func isGain(_ row: UnsafeRawPointer) -> Bool { gained.contains { $0.hasValue(row) } }
}

extension RowField {
  /// Whether a packed row has a value of the field, however it says that one is missing.
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
  /// The columns that have no value in any row of a symbol, though rows of other symbols may have.
  ///
  /// - Parameter fields: Columns to look at, the same at every call.
  func blankColumns(of symbol: String, among fields: [Field]) throws -> Set<String> {
    let places = candidates(symbol: symbol, times: Int64.min...Int64.max)
    // Mostly the footer says that there is nothing to look for.
    var groups: Set<Int> = []
    for place in places { groups.insert(blocks[place].span.rowGroup) }
    var blank = Set(
      fields.map(\.name).filter { name in groups.contains { mayBeBlank(name, rowGroup: $0) } })
    if blank.isEmpty { return [] }
    var isFound = false
    for place in places {
      guard let here = try blanks(place, fields)[symbol] else { continue }
      isFound = true
      blank.formIntersection(here)
      if blank.isEmpty { break }
    }
    return isFound ? blank : []
  }

  private func mayBeBlank(_ name: String, rowGroup: Int) -> Bool {
    reader.statistics(name, rowGroup: rowGroup)?.nullCount.map { $0 > 0 } ?? true
  }

  /// The columns without a value, by symbol, of a block.
  private func blanks(_ place: Int, _ fields: [Field]) throws -> [String: Set<String>] {
    if let known = loadedBlanks.first(where: { $0.index == place }) { return known.blanks }
    let span = blocks[place].span
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
    loadedBlanks.append((place, blanks))
    return blanks
  }
}
