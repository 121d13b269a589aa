import Bytes
import Columnar
import Parquet
import Tables

/// A data file that holds rows of a date: stored, or staged by this run.
struct StoredFileSource: Sendable {
  var path: String
  var bounds: FileBounds
  /// As the table's log names it; nil for a file that is staged and in no version yet.
  var logPath: String?
  /// The columns that the input of its rows had, where the file's tags say it.
  var columns: ColumnSet?
  /// Whether its rows are known to be in the table's order: it was written by `lake`.
  var isSorted: Bool
}

/// The rows of a data file, read block by block where new rows may meet them.
///
/// Used by one thread at a time.
final class StoredFile {
  /// Rows of a block at most, where the file has no page index.
  static let blockRowMax = 65_536

  let source: StoredFileSource
  let reader: ParquetReader
  let blocks: [Block]
  /// How its rows are compared, but for symbols that lack a column which others have; set once.
  var view: StoredView?
  /// The blocks that were read last: neighbouring symbols share one.
  private var loaded: [(index: Int, form: Int, rows: StoredBlock)] = []
  /// Which columns symbols have no value of, by the blocks that were looked through last.
  var loadedBlanks: [(index: Int, blanks: [String: Set<String>])] = []

  /// `extra` of the block that was asked for last.
  private var loadedExtra: (index: Int, column: Column)?

  private var knownFallbacks: Set<String>?
  /// Whether rows of the file have fields that no column is for.
  private(set) lazy var hasExtra = isFilled(ExtraTime.column)

  /// Rows side by side in a row group: those of one page of the index column.
  struct Block {
    var rowGroup: Int
    var rows: Range<Int>
    var bounds: FileBounds
  }

  init(_ source: StoredFileSource, indexColumn: String) throws {
    self.source = source
    reader = try ParquetReader(path: source.path)
    var blocks: [Block] = []
    for rowGroup in 0..<reader.rowGroupCount {
      blocks += try Self.blocks(reader, rowGroup, indexColumn)
    }
    self.blocks = blocks
  }

  /// Names of the columns by which its rows can be compared.
  ///
  /// Where nothing says which columns the input had, those without any value count as missing.
  func columns() throws -> Set<String> {
    let names = reader.leaves.map(\.name)
    if let columns = source.columns { return columns.compared(names) }
    return Set(names.filter { ColumnSet.isCompared($0) && isFilled($0) })
  }

  /// Whether a column has values, as far as is known.
  private func isFilled(_ name: String) -> Bool {
    guard let leaf = reader.leafIndex(named: name) else { return false }
    return (0..<reader.rowGroupCount).contains { rowGroup in
      let nulls = reader.statistics(rowGroup: rowGroup, leaf: leaf)?.nullCount
      return nulls.map { $0 < reader.rowCount(rowGroup: rowGroup) } ?? true
    }
  }

  /// Indices of the blocks that may hold rows of a symbol at some of these times (ns).
  ///
  /// - Parameter symbol: nil: whatever the symbol.
  func candidates(symbol: String?, times: ClosedRange<Int64>) -> [Int] {
    blocks.indices.filter { blocks[$0].bounds.mayHold(symbol: symbol, times: times) }
  }

  /// Stand-ins for symbols that the file holds; read once, and only where bounds allow any.
  func fallbackSymbols() throws -> Set<String> {
    if let knownFallbacks { return knownFallbacks }
    var found: Set<String> = []
    for block in blocks where FallbackSymbol.mayBeAmong(block.bounds) {
      let names = try StoredBlockReader(reader: reader, block: block).symbols().map(\.name)
      found.formUnion(names.filter { FallbackSymbol.isOne($0) })
    }
    knownFallbacks = found
    return found
  }

  /// Adds the symbols under which instruments are stored at some of these times (ns).
  func addSymbols(
    of instruments: Set<Int64>, times: ClosedRange<Int64>, to found: inout Set<String>
  ) throws {
    for index in candidates(symbol: nil, times: times) {
      let rows = StoredBlockReader(reader: reader, block: blocks[index])
      guard let column = try rows.column(Field(Self.instrumentColumn, .long)),
        case .integers(let ids) = column.storage
      else { return }
      for run in try rows.symbols() where !found.contains(run.name) {
        if run.rows.contains(where: { instruments.contains(ids[$0]) }) { found.insert(run.name) }
      }
    }
  }

  static let instrumentColumn = "instrument_id"

  func block(_ index: Int, _ view: StoredView) throws -> StoredBlock {
    if let known = loaded.first(where: { $0.index == index && $0.form == view.form }) {
      return known.rows
    }
    let rows = try StoredBlock(reader, blocks[index], view.digest)
    if loaded.count == 2 { loaded.removeFirst() }
    loaded.append((index, view.form, rows))
    return rows
  }

  /// What a row has in `extra`; nil where it has nothing.
  func extra(rowGroup: Int, row: Int) throws -> String? {
    func holds(_ block: Block) -> Bool { block.rowGroup == rowGroup && block.rows.contains(row) }
    let known = loadedExtra.flatMap { holds(blocks[$0.index]) ? $0 : nil }
    guard let index = known?.index ?? blocks.firstIndex(where: holds) else { return nil }
    let rows = StoredBlockReader(reader: reader, block: blocks[index])
    guard let column = try known?.column ?? rows.column(Field(ExtraTime.column, .string)) else {
      return nil
    }
    loadedExtra = (index, column)
    let place = row - blocks[index].rows.lowerBound
    if column.isNull(place) { return nil }
    return switch column.storage {
    case .codes(let codes, let texts): texts[Int(codes[place])]
    case .bytes(let texts): texts[place]
    default: nil
    }
  }

  // MARK: - Blocks

  private static func blocks(
    _ reader: ParquetReader, _ rowGroup: Int, _ indexColumn: String
  ) throws -> [Block] {
    let rowCount = reader.rowCount(rowGroup: rowGroup)
    guard let index = reader.leafIndex(named: indexColumn) else { return [] }
    let symbol = reader.leafIndex(named: "symbol")
    let whole = FileBounds(
      symbol: symbol.flatMap { reader.statistics(rowGroup: rowGroup, leaf: $0) },
      index: reader.statistics(rowGroup: rowGroup, leaf: index))
    let starts = try pageStarts(reader, rowGroup, index)
    guard let starts, let times = try reader.pageStatistics(rowGroup: rowGroup, leaf: index),
      times.count == starts.count
    else {
      return stride(from: 0, to: rowCount, by: blockRowMax).map {
        Block(rowGroup: rowGroup, rows: $0..<min($0 + blockRowMax, rowCount), bounds: whole)
      }
    }
    var symbols: [ColumnStatistics]?
    if let symbol, try pageStarts(reader, rowGroup, symbol) == starts {
      symbols = try reader.pageStatistics(rowGroup: rowGroup, leaf: symbol)
    }
    return starts.indices.map { page in
      let end = page + 1 < starts.count ? starts[page + 1] : rowCount
      var bounds = FileBounds(symbol: symbols?[page], index: times[page])
      if bounds.symbols == nil {
        (bounds.symbols, bounds.isHighPrefix) = (whole.symbols, whole.isHighPrefix)
      }
      return Block(rowGroup: rowGroup, rows: starts[page]..<end, bounds: bounds)
    }
  }

  /// First rows of a column chunk's pages; nil where they are not known for certain.
  private static func pageStarts(
    _ reader: ParquetReader, _ rowGroup: Int, _ leaf: Int
  ) throws -> [Int]? {
    guard let index = try reader.offsetIndex(rowGroup: rowGroup, leaf: leaf) else { return nil }
    let starts = index.pageLocations.map { Int($0.firstRowIndex) }
    let isRising = zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 }
    let rowCount = reader.rowCount(rowGroup: rowGroup)
    guard starts.first == 0, isRising, (starts.last ?? 0) < max(rowCount, 1) else { return nil }
    return starts
  }
}

/// What stored rows are compared by, over the columns that both sides have.
struct StoredDigest {
  /// Physical columns of the content.
  var content: [Field]
  /// Those of the key; empty where the table has none.
  var key: [Field]
  /// A column that tells events apart; nil where there is none.
  var identity: Field?
  /// The fields that no column is for, where both sides have such.
  var extra: Field?
  var indexField: Field
  var remainders: RemainderColumns
}

/// The rows of a block, as far as the merge has to know them.
struct StoredBlock {
  let rowGroup: Int
  /// Of the block's first row in its row group.
  let firstRow: Int
  /// Symbols of the rows one after the other.
  let symbols: [(name: String, rows: Range<Int>)]
  /// Index timestamps in ns.
  let times: [Int64]
  let contents: [Fingerprint]
  /// Empty where the table has no key.
  let keys: [Fingerprint]
  /// Canonical words of the column that tells events apart; empty where there is none.
  let identities: [UInt64]
  /// The same of the fields that no column is for.
  let extras: [UInt64]

  init(_ reader: ParquetReader, _ block: StoredFile.Block, _ digest: StoredDigest) throws {
    rowGroup = block.rowGroup
    firstRow = block.rows.lowerBound
    let rows = StoredBlockReader(reader: reader, block: block, remainders: digest.remainders)
    symbols = try rows.symbols()
    guard case .integers(let values)? = try rows.column(digest.indexField)?.storage else {
      throw PassError(.input, "the index column holds no times", place: reader.name)
    }
    times = values
    contents = try rows.hashes(digest.content)
    keys = digest.key.isEmpty ? [] : try rows.hashes(digest.key)
    identities = try digest.identity.map { try rows.words($0) } ?? []
    extras = try digest.extra.map { try rows.words($0) } ?? []
  }
}

/// Reads the columns of one block.
struct StoredBlockReader {
  let reader: ParquetReader
  let block: StoredFile.Block
  var remainders = RemainderColumns(fields: [])

  /// A column's values, times in whole nanoseconds; nil where the file lacks the column.
  func column(_ field: Field) throws -> Column? {
    guard let leaf = reader.leafIndex(named: field.name) else { return nil }
    var column = Column(type: field.type, storage: .integers([]))
    try reader.readColumn(rowGroup: block.rowGroup, leaf: leaf, rows: block.rows, into: &column)
    if case .timestamp = field.type {
      try remainders.combine(
        &column, name: field.name, reader: reader, rowGroup: block.rowGroup, rows: block.rows)
    }
    return column
  }

  func hashes(_ fields: [Field]) throws -> [Fingerprint] {
    var sums = [UInt64](repeating: 0, count: 2 * block.rows.count)
    for field in fields where !remainders.isRemainder(field.name) {
      guard let column = try column(field) else { continue }
      RowHash(name: field.name, type: field.type.hashName).add(column, sums: &sums)
    }
    return (0..<block.rows.count).map {
      RowHash.finalised(low: sums[2 * $0], high: sums[2 * $0 + 1])
    }
  }

  /// The canonical words of a column, 0 where it is null.
  func words(_ field: Field) throws -> [UInt64] {
    guard let column = try column(field) else { return [] }
    let words = RowHash.words(column).map { UInt64(bitPattern: $0) }
    return words.indices.map { column.isNull($0) ? 0 : words[$0] }
  }

  func symbols() throws -> [(name: String, rows: Range<Int>)] {
    guard let column = try column(Field("symbol", .string)) else {
      return [("", 0..<block.rows.count)]
    }
    var runs: [(name: String, rows: Range<Int>)] = []
    func add(_ row: Int, _ isSame: Bool, _ name: () -> String) {
      if isSame, let last = runs.indices.last {
        runs[last].rows = runs[last].rows.lowerBound..<row + 1
      } else {
        runs.append((name(), row..<row + 1))
      }
    }
    switch column.storage {
    case .codes(let codes, let dictionary):
      for row in codes.indices {
        add(row, row > 0 && codes[row] == codes[row - 1]) { dictionary[Int(codes[row])] }
      }
    case .bytes(let values):
      for row in 0..<values.count {
        let isSame =
          row > 0 && values.bytes[values.byteRange(row)] == values.bytes[values.byteRange(row - 1)]
        add(row, isSame) { values[row] }
      }
    default: throw PassError(.input, "the column 'symbol' holds no text", place: reader.name)
    }
    return runs
  }
}
