import Columnar
import Tables

/// One data file of bars.
struct BarFile {
  /// The columns that a bar may lack, in the order of those of `BarColumns`.
  fileprivate static let values: [(name: String, flag: UInt8)] = [
    ("publisher_id", BarColumns.Flag.publisher), ("instrument_id", BarColumns.Flag.instrument),
    ("open", BarColumns.Flag.price), ("high", BarColumns.Flag.price),
    ("low", BarColumns.Flag.price), ("close", BarColumns.Flag.price),
    ("volume", BarColumns.Flag.volume),
  ]

  let reader: SegmentReader
  /// In the table's form: time, values, symbol; nil for a column that the table lacks.
  private let columns: [Field?]

  init(_ reader: SegmentReader) throws {
    self.reader = reader
    for name in ["symbol", "ts_event", "open", "high", "low", "close"] where !reader.has(name) {
      throw PassError(.input, "the file has no column '\(name)'", place: reader.path)
    }
    let values = Self.values.map { reader.field(named: $0.name) }
    columns = [Field("ts_event", .timestamp)] + values + [Field("symbol", .string)]
    for (value, field) in zip(Self.values, values) {
      guard let field, field.type.storage != .integers else { continue }
      let isDecimal = [BarColumns.Flag.price, BarColumns.Flag.volume].contains(value.flag)
      if isDecimal, field.type.storage == .wide { continue }
      throw PassError(
        .input, "column '\(field.name)' is \(field.type.name), expected integers",
        place: reader.path)
    }
  }

  var path: String { reader.path }
  var rowGroupCount: Int { reader.rowGroupCount }

  private var prices: [Field] {
    zip(Self.values, columns.dropFirst()).compactMap { value, field in
      value.flag == BarColumns.Flag.price ? field : nil
    }
  }

  /// Whether its prices don't fit into 64 bits.
  var hasWidePrices: Bool { prices.contains { $0.type.storage == .wide } }

  private var hasWideVolumes: Bool {
    zip(Self.values, columns.dropFirst()).contains { value, field in
      value.flag == BarColumns.Flag.volume && field?.type.storage == .wide
    }
  }

  /// Collects all prices of the file.
  func collectPrices(into found: inout Set<Int128>) throws {
    for group in 0..<rowGroupCount {
      for field in prices {
        let pages = try PageReader(reader, rowGroup: group, columns: [field])
        var column = Column(type: field.type, storage: .integers([]))
        while case let count = try pages.rowsInNextPage(), count > 0 {
          _ = try pages.read(0, rows: count, into: &column)
          for row in 0..<column.count where !column.isNull(row) {
            found.insert(column.price(row))
          }
        }
      }
    }
  }

  /// Whether the footer says that rows are sorted by symbol and time. Only `lake` writes that, and it is
  /// checked again while reading.
  var isDeclaredSorted: Bool { reader.isDeclaredSorted(by: ["symbol", "ts_event"]) }

  /// - Parameter prices: The prices of all files, if those of some don't fit into 64 bits.
  func rowGroup(_ index: Int, prices: WidePrices?) throws -> BarRowGroup {
    BarRowGroup(
      path: path, pages: try PageReader(reader, rowGroup: index, columns: columns), prices: prices,
      hasWideVolumes: hasWideVolumes)
  }
}

extension Column {
  /// A decimal of any width.
  fileprivate func price(_ row: Int) -> Int128 {
    switch storage {
    case .wide(let values): values[row]
    case .integers(let values): Int128(values[row])
    default: 0
    }
  }
}

/// The rows of one row group, a page at a time.
final class BarRowGroup {
  private let path: String
  private let pages: PageReader
  private let prices: WidePrices?
  private var wide = Column(type: .decimal(precision: 38, scale: 18), storage: .integers([]))
  private var symbols = Column(type: .string, storage: .integers([]))
  private var validity: [UInt8] = []

  private let hasWideVolumes: Bool

  fileprivate init(path: String, pages: PageReader, prices: WidePrices?, hasWideVolumes: Bool) {
    self.hasWideVolumes = hasWideVolumes
    self.path = path
    self.pages = pages
    self.prices = prices
  }

  /// Reads the next rows into `bars`, replacing its rows.
  ///
  /// - Parameter code: Returns the code of a run's symbol.
  /// - Returns: false at the end.
  func next(
    into bars: BarColumns, code: (ArraySlice<UInt8>) throws -> Int32
  ) throws -> Bool {
    let rowCount = try pages.rowsInNextPage()
    if rowCount == 0 { return false }
    bars.removeAll()
    bars.hasWideVolumes = hasWideVolumes
    bars.reserve(rowCount)
    if validity.count < rowCount { validity = [UInt8](repeating: 0, count: rowCount) }
    for (index, target) in bars.columns.prefix(BarFile.values.count + 1).enumerated() {
      let isComplete: Bool
      let flag = index > 0 ? BarFile.values[index - 1].flag : 0
      if let prices, flag == BarColumns.Flag.price {
        isComplete = try !read(index, rowCount, ranks: prices, into: target)
      } else if hasWideVolumes, flag == BarColumns.Flag.volume {
        isComplete = try !readWideVolumes(index, rowCount, into: bars)
      } else {
        isComplete = try read(index, rowCount, into: target)
      }
      if isComplete { continue }
      if index == 0 { throw hasNulls("ts_event") }
      mark(bars, rowCount, lacking: BarFile.values[index - 1].flag)
    }
    try readSymbols(rowCount, bars, code)
    return true
  }

  /// - Returns: Whether no row is null; if not, `validity` says which are.
  private func read(
    _ column: Int, _ rowCount: Int, into target: UnsafeMutablePointer<Int64>
  ) throws -> Bool {
    try validity.withUnsafeMutableBufferPointer { validity in
      guard let validity = validity.baseAddress else { return true }
      return try pages.readIntegers(column, rows: rowCount, into: target, validity: validity)
        == .all
    }
  }

  /// Reads prices that 64 bits do not hold, as their ranks.
  private func read(
    _ column: Int, _ rowCount: Int, ranks prices: WidePrices,
    into target: UnsafeMutablePointer<Int64>
  ) throws -> Bool {
    try readWide(column, rowCount) { row, price in
      target[row] = price.map { prices.rank($0) } ?? 0
    }
  }

  /// Reads decimals that 64 bits do not hold.
  ///
  /// - Parameter body: Takes each row's value; nil for null.
  /// - Returns: Whether some are null; `validity` says which.
  private func readWide(
    _ column: Int, _ rowCount: Int, _ body: (Int, Int128?) throws -> Void
  ) throws -> Bool {
    _ = try pages.read(column, rows: rowCount, into: &wide)
    var isSparse = false
    for row in 0..<rowCount {
      let isNull = wide.isNull(row)
      isSparse = isSparse || isNull
      validity[row] = isNull ? 0 : 1
      try body(row, isNull ? nil : wide.price(row))
    }
    return isSparse
  }

  /// Reads volumes that 64 bits do not hold; one that is null becomes 0.
  ///
  /// - Returns: Whether some are null; `validity` says which.
  private func readWideVolumes(
    _ column: Int, _ rowCount: Int, into bars: BarColumns
  ) throws -> Bool {
    try readWide(column, rowCount) { row, volume in
      if bars.setWideVolume(row, volume ?? 0) { return }
      throw PassError(
        .input, "a volume is too large to be added to others: \(volume ?? 0) · 10^-18",
        place: path)
    }
  }

  private func mark(_ bars: BarColumns, _ rowCount: Int, lacking flag: UInt8) {
    if !bars.hasMissing {
      bars.beginMissing()
      bars.flags.update(repeating: BarColumns.Flag.all, count: rowCount)
    }
    let flags = bars.flags
    for row in 0..<rowCount where validity[row] == 0 { flags[row] &= ~flag }
  }

  /// Reads the symbols, and counts the rows by them.
  private func readSymbols(
    _ rowCount: Int, _ bars: BarColumns, _ code: (ArraySlice<UInt8>) throws -> Int32
  ) throws {
    _ = try pages.read(BarFile.values.count + 1, rows: rowCount, into: &symbols)
    if symbols.nullCount > 0 { throw hasNulls("symbol") }
    func begin(_ text: ArraySlice<UInt8>, _ length: Int) throws {
      let next = try code(text)
      if bars.runs.last?.code != next { bars.beginRun(next) }
      // The flags were written already, if rows have any.
      bars.extendWithFlags(length)
    }
    switch symbols.storage {
    case .codes(let codes, let dictionary):
      var row = 0
      while row < rowCount {
        let end = Self.endOfRun(codes, row, rowCount)
        try begin(dictionary.bytes[dictionary.byteRange(Int(codes[row]))], end - row)
        row = end
      }
    case .bytes(let texts):
      for row in 0..<rowCount { try begin(texts.bytes[texts.byteRange(row)], 1) }
    default:
      throw PassError(
        .input, "column 'symbol' is \(symbols.type.name), expected string", place: path)
    }
  }

  private static func endOfRun(_ codes: [Int32], _ row: Int, _ count: Int) -> Int {
    codes.withUnsafeBufferPointer { codes in
      let code = codes[row]
      var end = row &+ 1
      while end < count && codes[end] == code { end = end &+ 1 }
      return end
    }
  }

  private func hasNulls(_ column: String) -> PassError {
    PassError(
      .input, "column '\(column)' has nulls", place: path,
      remedy: "every row needs its index timestamp and its symbol")
  }
}
