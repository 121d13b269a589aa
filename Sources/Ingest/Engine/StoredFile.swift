import Bytes
import Columnar
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
  let source: StoredFileSource
  let reader: SegmentReader
  let blocks: [SegmentPage]
  /// How its rows are compared, but for symbols that lack a column which others have; set once.
  var view: StoredView?
  /// The blocks that were read last: neighbouring symbols share one.
  private var loaded: [(index: Int, form: Int, hasExtra: Bool, rows: StoredBlock)] = []
  /// Which columns symbols have no value of, by the blocks that were looked through last.
  var loadedBlanks: [(index: Int, blanks: [String: Set<String>])] = []

  /// `extra` of the block that was asked for last.
  private var loadedExtra: (index: Int, column: Column)?

  private var knownFallbacks: Set<String>?
  /// Whether rows of the file have fields that no column is for.
  private(set) lazy var hasExtra = reader.mayHaveValues(ExtraTime.column)

  init(_ source: StoredFileSource, _ schema: StoredSchema) throws {
    self.source = source
    reader = try SegmentReader(path: source.path, fields: schema.fields)
    blocks = try reader.pages(index: schema.index)
  }

  /// Names of the columns by which its rows can be compared.
  ///
  /// Where nothing says which columns the input had, those without any value count as missing.
  func columns() throws -> Set<String> {
    let names = reader.storedNames
    if let columns = source.columns { return columns.compared(names) }
    return Set(names.filter { ColumnSet.isCompared($0) && reader.mayHaveValues($0) })
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
      let names = try reader.symbolRuns(block.span).map(\.name)
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
      let span = blocks[index].span
      guard let column = try reader.values(Field(Self.instrumentColumn, .long), span),
        case .integers(let ids) = column.storage
      else { return }
      for run in try reader.symbolRuns(span) where !found.contains(run.name) {
        if run.rows.contains(where: { instruments.contains(ids[$0]) }) { found.insert(run.name) }
      }
    }
  }

  static let instrumentColumn = "instrument_id"

  func block(_ index: Int, _ view: StoredView) throws -> StoredBlock {
    let asks = view.digest.extra != nil
    if let known = loaded.first(where: {
      $0.index == index && $0.form == view.form && $0.hasExtra == asks
    }) {
      return known.rows
    }
    let rows = try StoredBlock(reader, blocks[index].span, view.digest)
    if loaded.count == 2 { loaded.removeFirst() }
    loaded.append((index, view.form, asks, rows))
    return rows
  }

  /// What a row has in `extra`; nil where it has nothing.
  func extra(rowGroup: Int, row: Int) throws -> String? {
    func holds(_ block: SegmentPage) -> Bool {
      block.span.rowGroup == rowGroup && block.span.rows.contains(row)
    }
    let known = loadedExtra.flatMap { holds(blocks[$0.index]) ? $0 : nil }
    guard let index = known?.index ?? blocks.firstIndex(where: holds) else { return nil }
    let span = blocks[index].span
    guard let column = try known?.column ?? reader.values(Field(ExtraTime.column, .string), span)
    else { return nil }
    loadedExtra = (index, column)
    let place = row - span.rows.lowerBound
    if column.isNull(place) { return nil }
    return switch column.storage {
    case .codes(let codes, let texts): texts[Int(codes[place])]
    case .bytes(let texts): texts[place]
    default: nil
    }
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
  /// The fields that no column is for, where it matters whether both sides have the same.
  var extra: Field?
  var indexField: Field
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

  init(_ reader: SegmentReader, _ rows: StoredSpan, _ digest: StoredDigest) throws {
    rowGroup = rows.rowGroup
    firstRow = rows.rows.lowerBound
    symbols = try reader.symbolRuns(rows)
    guard case .integers(let values)? = try reader.values(digest.indexField, rows)?.storage else {
      throw PassError(.input, "the index column holds no times", place: reader.path)
    }
    times = values
    contents = try reader.hashes(digest.content, rows)
    keys = digest.key.isEmpty ? [] : try reader.hashes(digest.key, rows)
    identities = try digest.identity.map { try reader.words($0, rows) } ?? []
    extras = try digest.extra.map { try reader.words($0, rows) } ?? []
  }
}

extension SegmentReader {
  fileprivate func hashes(_ fields: [Field], _ rows: StoredSpan) throws -> [Fingerprint] {
    let sums = try sums(of: fields, rows)
    return (0..<rows.count).map { sums[$0] }
  }

  /// The canonical words of a column, 0 where it is null.
  fileprivate func words(_ field: Field, _ rows: StoredSpan) throws -> [UInt64] {
    guard let column = try values(field, rows) else { return [] }
    let words = RowHash.words(column).map { UInt64(bitPattern: $0) }
    return words.indices.map { column.isNull($0) ? 0 : words[$0] }
  }
}
