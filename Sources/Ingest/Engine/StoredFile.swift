import Bytes
import Columnar
import Tables

/// A data file with rows of a date: stored, or staged by this run.
struct StoredFileSource: Sendable {
  var path: String
  var bounds: FileBounds
  /// Path in the table's log; nil for a staged file that no version has yet.
  var logPath: String?
  /// The columns of its rows' input, if the file's tags say them.
  var columns: ColumnSet?
  /// Whether its rows are known to be sorted: `lake` wrote it.
  var isSorted: Bool
}

/// The rows of a data file, read block by block where new rows may match them.
///
/// Used by one thread at a time.
final class StoredFile {
  let source: StoredFileSource
  let reader: SegmentReader
  let blocks: [SegmentPage]
  /// How its rows are compared, except for symbols that lack some column; set once.
  var view: StoredView?
  /// The last blocks read: consecutive symbols share one.
  private var loaded: [(index: Int, form: Int, hasExtra: Bool, rows: StoredBlock)] = []
  /// Columns without values by symbol, for the last blocks searched.
  var loadedBlanks: [(index: Int, blanks: [String: Set<String>])] = []

  /// `extra` of the last block that was asked for.
  private var loadedExtra: (index: Int, column: Column)?

  private var knownFallbacks: Set<String>?
  /// Whether rows of the file have extra fields.
  private(set) lazy var hasExtra = reader.mayHaveValues(ExtraTime.column)

  init(_ source: StoredFileSource, _ schema: StoredSchema) throws {
    self.source = source
    reader = try SegmentReader(path: source.path, fields: schema.fields)
    blocks = try reader.pages(index: schema.index)
  }

  /// Names of the columns by which its rows can be compared.
  ///
  /// If the input's columns are unknown, those without any value count as missing.
  func columns() throws -> Set<String> {
    let names = reader.storedNames
    if let columns = source.columns { return columns.compared(names) }
    return Set(names.filter { ColumnSet.isCompared($0) && reader.mayHaveValues($0) })
  }

  /// Indexes of the blocks that may have rows of a symbol at some of these times (ns).
  ///
  /// - Parameter symbol: nil for any.
  func candidates(symbol: String?, times: ClosedRange<Int64>) -> [Int] {
    blocks.indices.filter { blocks[$0].bounds.mayHold(symbol: symbol, times: times) }
  }

  /// Fallback symbols in the file; read once, and only if bounds allow any.
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

  /// A row's `extra`; nil if it is null.
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
    let position = row - span.rows.lowerBound
    if column.isNull(position) { return nil }
    return switch column.storage {
    case .codes(let codes, let texts): texts[Int(codes[position])]
    case .bytes(let texts): texts[position]
    default: nil
    }
  }
}

/// What stored rows are compared by: the columns that both sides have.
struct StoredDigest {
  /// Physical columns of the content.
  var content: [Field]
  /// Columns of the key; empty if the table has none.
  var key: [Field]
  /// A column that identifies events; nil if there is none.
  var identity: Field?
  /// The extra fields, if they must be equal on both sides.
  var extra: Field?
  var indexField: Field
}

/// The rows of a block, as the merge needs them.
struct StoredBlock {
  let rowGroup: Int
  /// Index of the block's first row in its row group.
  let firstRow: Int
  /// Runs of equal symbols.
  let symbols: [(name: String, rows: Range<Int>)]
  /// Index timestamps in ns.
  let times: [Int64]
  let contents: [Fingerprint]
  /// Empty if the table has no key.
  let keys: [Fingerprint]
  /// Canonical words of the column that identifies events; empty if there is none.
  let identities: [UInt64]
  /// The same for the extra fields.
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

  /// The canonical words of a column, 0 for null.
  fileprivate func words(_ field: Field, _ rows: StoredSpan) throws -> [UInt64] {
    guard let column = try values(field, rows) else { return [] }
    let words = RowHash.words(column).map { UInt64(bitPattern: $0) }
    return words.indices.map { column.isNull($0) ? 0 : words[$0] }
  }
}
