import Bytes
import Catalog
import Columnar
import DeltaLog
import Parquet

/// One data file of a table, read as the table's columns. Everything that reads stored rows is built on it.
///
///     let file = try SegmentReader(path: path, fields: schema.fileFields)
///     for group in file.rowGroups {
///       let volume = try file.column(Field("volume", .long), group)
///     }
///
/// Immutable: any number of threads may read from it. Pages that hold none of the wanted rows are not
/// decompressed.
///
/// Invariants, whatever program wrote the file:
/// - A column that the file lacks is null: it was added to the table since.
/// - Times are converted to the table's unit; one that does not fit is an error, never rounded.
/// - A column that means something else in the file than in the table is an error.
package final class SegmentReader: Sendable {
  let file: ParquetReader
  /// The table's columns, without its partition column.
  package let fields: [Field]
  /// The date of all rows, days since 1970, of a file that has no column of it: its partition says it.
  private let day: Int?
  /// Whether numbers of the file may be narrower than the table's.
  private let widens: Bool
  /// Leaves by the table's names, where the file has other ones.
  private let leaves: [String: Int]?
  /// Rows that count no more; nil where all count.
  private let deleted: DeletedRows?
  /// Index in the file of each row group's first row.
  private let firstRows: [Int]
  /// Which of them are the nanoseconds of a time.
  package let remainders: RemainderColumns

  /// - Parameters:
  ///   - fields: The table's columns; nil for those that the file has, as it has them.
  ///   - day: What `TableSchema.dateColumn` is of all rows where the file lacks it; null there where this is nil.
  ///   - widens: Whether whole numbers and decimals of the file are read as the wider decimals of the table; else they are
  ///     an error.
  package convenience init(
    path: String, fields: [Field]? = nil, day: Int? = nil, widens: Bool = false
  ) throws {
    try self.init(path: path, fields: fields, day: day, widens: widens, names: nil) { _ in nil }
  }

  /// The same, of a file that another engine's features apply to: see `PlainFiles`.
  ///
  /// - Parameters:
  ///   - names: Where the file has the table's columns; nil where under their own names.
  ///   - deleted: The rows that are deleted, of a file with that many rows.
  init(
    path: String, fields: [Field]?, day: Int? = nil, widens: Bool = false, names: StoredNames?,
    deleted: (Int) throws -> DeletedRows?
  ) throws {
    file = try ParquetReader(path: path)
    leaves = names?.leaves(of: file)
    var firstRows: [Int] = []
    var rowCount = 0
    for rowGroup in 0..<file.rowGroupCount {
      firstRows.append(rowCount)
      rowCount = rowCount.adding(clamped: file.rowCount(rowGroup: rowGroup))
    }
    self.firstRows = firstRows
    self.deleted = try deleted(rowCount)
    self.widens = widens
    self.day = day
    self.fields =
      fields
      ?? file.leaves.filter { $0.path.count == 1 && $0.maxRepetitionLevel == 0 }
      .map { Field($0.name, $0.type) }
    remainders = RemainderColumns(fields: self.fields)
  }

  /// As it was opened.
  package var path: String { file.name }
  /// Row groups in the footer.
  package var rowGroupCount: Int { file.rowGroupCount }
  /// Rows of one row group, by its index from 0.
  package func rowCount(rowGroup: Int) -> Int { file.rowCount(rowGroup: rowGroup) }

  /// All rows, row group by row group.
  package var rowGroups: [StoredSpan] {
    (0..<rowGroupCount).map { StoredSpan(rowGroup: $0, rows: 0..<rowCount(rowGroup: $0)) }
  }

  /// Rows of all row groups.
  package func rowCount() throws -> Int {
    var total = 0
    for rowGroup in 0..<rowGroupCount {
      let (sum, overflow) = total.addingReportingOverflow(rowCount(rowGroup: rowGroup))
      if overflow { throw PassError(.input, "the file has too many rows", place: path) }
      total = sum
    }
    return total
  }

  /// Rows of the file, given as indexes from its beginning, by row group.
  package func spans(of rows: Range<Int>) -> [StoredSpan] {
    var result: [StoredSpan] = []
    var first = 0
    for group in rowGroups {
      let part = rows.clamped(to: first..<first + group.count)
      if !part.isEmpty {
        result.append(
          StoredSpan(
            rowGroup: group.rowGroup, rows: part.lowerBound - first..<part.upperBound - first))
      }
      first += group.count
    }
    return result
  }

  /// The rows of a span that are not deleted, as runs of indexes in its row group.
  package func liveRows(of span: StoredSpan) -> [Range<Int>] {
    guard let deleted else { return [span.rows] }
    let first = firstRows[span.rowGroup]
    // checked: rows of a file, whose number was added up when it was opened
    let rows = first + span.rows.lowerBound..<first + span.rows.upperBound
    return deleted.liveRuns(in: rows).map { $0.lowerBound - first..<$0.upperBound - first }
  }

  // MARK: - Columns

  /// The leaf of a column.
  func leaf(of column: String) -> Int? {
    leaves.map { $0[column] } ?? file.leafIndex(named: column)
  }

  /// Names of the columns that the file has.
  package var storedNames: [String] { file.leaves.map(\.name) }

  /// Whether it has columns that are no plain values of rows: they are not read.
  package var hasNestedColumns: Bool {
    file.leaves.contains { $0.path.count > 1 || $0.maxRepetitionLevel > 0 }
  }

  /// Whether the file itself has the column; one that it lacks is read as null.
  package func has(_ column: String) -> Bool { leaf(of: column) != nil }

  /// A column's type in the file; nil if the file lacks it.
  package func storedType(of column: String) -> ColumnType? {
    leaf(of: column).map { file.leaves[$0].type }
  }

  /// The table's column of a name.
  package func field(named name: String) -> Field? { fields.first { $0.name == name } }

  /// A column of some rows; all null if the file lacks it.
  package func column(_ field: Field, _ rows: StoredSpan) throws -> Column {
    var column = Column(type: field.type, storage: .integers([]))
    if try read(field, rows, into: &column) { return column }
    return Column(nulls: rows.count, of: field.type)
  }

  /// Reads a column of some rows into an existing one, whose arrays are reused.
  ///
  /// - Returns: false if the file lacks the column.
  package func read(_ field: Field, _ rows: StoredSpan, into column: inout Column) throws -> Bool {
    guard let leaf = leaf(of: field.name) else {
      guard let day, field.name == TableSchema.dateColumn, field.type == .date else { return false }
      column = Column(
        type: .date, storage: .integers([Int64](repeating: Int64(day), count: rows.count)))
      return true
    }
    let stored = file.leaves[leaf].type
    let factor = widens ? ColumnForm.widening(stored, to: field.type) : nil
    if factor == nil { try ColumnForm.requireSame(file.leaves[leaf], field, path: path) }
    // For whole row groups it is verified that no row follows.
    let isWhole = rows.rows == 0..<rowCount(rowGroup: rows.rowGroup)
    try file.readColumn(
      rowGroup: rows.rowGroup, leaf: leaf, rows: isWhole ? nil : rows.rows, into: &column)
    if let factor {
      column = column.widened(by: factor, to: field.type)
    } else {
      try column.takeUnit(of: field, stored: stored, path: path)
    }
    return true
  }

  /// A column as values of rows: a time is one number of nanoseconds, together with the column of those that
  /// stands beside it. nil where the file lacks it.
  package func values(_ field: Field, _ rows: StoredSpan) throws -> Column? {
    var column = Column(type: field.type, storage: .integers([]))
    guard try read(field, rows, into: &column) else { return nil }
    guard case .timestamp = field.type else { return column }
    guard remainders.hasRemainder(field.name) else { return column.nanoseconds(nil) }
    let remainder = Field(field.name + RemainderColumns.suffix, .short)
    return column.nanoseconds(has(remainder.name) ? try self.column(remainder, rows) : nil)
  }

  /// A scanner that decodes an integer column of a row group, page by page, to wherever the caller wants the values;
  /// nil where the file lacks it.
  ///
  /// - Throws: Where its values are not those of the table as they are: they are not converted on the way.
  package func scanner(_ field: Field, rowGroup: Int) throws -> ColumnPageScanner? {
    guard let leaf = leaf(of: field.name) else { return nil }
    try ColumnForm.requireSame(file.leaves[leaf], field, path: path)
    if case .timestamp(let unit, _) = file.leaves[leaf].type,
      case .timestamp(let own, _) = field.type, unit != own
    {
      throw ColumnForm.differs(file.leaves[leaf].type, field, path: path)
    }
    return try file.makeColumnScanner(rowGroup: rowGroup, leaf: leaf)
  }

  // MARK: - What the footer says

  /// Whether some row has a value in a column, as far as the footer says.
  package func mayHaveValues(_ column: String) -> Bool {
    guard let leaf = leaf(of: column) else { return false }
    return (0..<rowGroupCount).contains { rowGroup in
      let nulls = file.statistics(rowGroup: rowGroup, leaf: leaf)?.nullCount
      return nulls.map { $0 < rowCount(rowGroup: rowGroup) } ?? true
    }
  }

  /// The bounds of a column in a row group; nil where the footer has none.
  package func statistics(_ column: String, rowGroup: Int) -> ColumnStatistics? {
    leaf(of: column).flatMap { file.statistics(rowGroup: rowGroup, leaf: $0) }
  }

  /// Whether it has no other columns than these, in no other form in memory.
  package func hasOnly(_ columns: [String: StorageKind]) -> Bool {
    file.leaves.allSatisfy { $0.path.count == 1 && columns[$0.name] == $0.type.storage }
  }

  /// Bytes of a row group before compression, as the footer says; nil where it says nonsense.
  package func byteCount(rowGroup: Int) -> Int? {
    let count = file.metadata.rowGroups[rowGroup].totalByteCount
    return count < 0 ? nil : Int(count)
  }

  /// The order that the footer says all rows are in, as far as these columns are it; their positions are those in the
  /// list.
  func declaredOrder(of columns: [String]) -> [SortingColumn] {
    guard let first = file.metadata.rowGroups.first?.sortingColumns else { return [] }
    var order: [SortingColumn] = []
    for sorting in first {
      let position = columns.firstIndex { leaf(of: $0).map { Int32($0) } == sorting.columnIndex }
      guard let position,
        file.metadata.rowGroups.allSatisfy({ ($0.sortingColumns ?? []).starts(with: first) })
      else { break }
      var own = sorting
      own.columnIndex = Int32(position)
      order.append(own)
    }
    return order
  }

  /// Whether the footer says of all rows that they are in the ascending order of these columns.
  package func isDeclaredSorted(by columns: [String]) -> Bool {
    let leaves = columns.compactMap { leaf(of: $0).map { Int32($0) } }
    guard leaves.count == columns.count, rowGroupCount > 0 else { return false }
    return file.metadata.rowGroups.allSatisfy { group in
      let order = (group.sortingColumns ?? []).prefix(leaves.count)
      return order.map(\.columnIndex) == leaves && order.allSatisfy { !$0.isDescending }
    }
  }
}

/// Consecutive rows of one row group.
package struct StoredSpan: Hashable, Sendable {
  /// Index from 0.
  package var rowGroup: Int
  /// Indexes within the row group.
  package var rows: Range<Int>

  /// - Parameter rows: Indexes within the row group.
  package init(rowGroup: Int, rows: Range<Int>) {
    self.rowGroup = rowGroup
    self.rows = rows
  }

  /// Number of rows.
  package var count: Int { rows.count }
}

/// Whether a column means the same in a file as in the table.
enum ColumnForm {
  static func requireSame(_ stored: LeafColumn, _ field: Field, path: String) throws {
    if !isSame(stored, field.type) { throw differs(stored.type, field, path: path) }
  }

  static func differs(_ stored: ColumnType, _ field: Field, path: String) -> PassError {
    PassError(
      .input,
      "column '\(field.name)' is \(stored.name) in a data file and \(field.type.name) in the table",
      place: path, remedy: "compact the table with the program that wrote the file")
  }

  /// What numbers are multiplied with where the table's decimals are wider than they are; nil where they are not, or are
  /// no numbers.
  static func widening(_ stored: ColumnType, to type: ColumnType) -> Int128? {
    guard case .decimal(let precision, let scale) = type, type.storage == .wide else { return nil }
    let (digits, own): (Int, Int)
    switch stored {
    case .integer(let bits, _): (digits, own) = (bits > 32 ? 20 : 10, 0)
    case .decimal(let storedPrecision, let storedScale) where stored.storage == .integers:
      (digits, own) = (storedPrecision, storedScale)
    default: return nil
    }
    guard own <= scale, digits + scale - own <= precision else { return nil }
    return (own..<scale).reduce(1) { factor, _ in factor * 10 }
  }

  private static func isSame(_ stored: LeafColumn, _ type: ColumnType) -> Bool {
    switch (stored.type, type) {
    case (.integer, .integer), (.float16, .double), (.float, .double), (.float, .float): true
    case (.decimal(_, let one), .decimal(_, let other)):
      one == other && stored.type.storage == type.storage
    case (.string, .string), (.binary, .string), (.json, .string), (.enumeration, .string),
      (.binary, .binary), (.string, .binary):
      true
    // An INT96 says nothing about zones: a table's times are UTC.
    case (.timestamp(_, let one), .timestamp(_, let other)):
      one == other || stored.physicalType == .int96
    default: stored.type == type
    }
  }
}
