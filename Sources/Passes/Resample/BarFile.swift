import Columnar
import Parquet
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

  let path: String
  private let reader: ParquetReader
  private let symbolLeaf: Int
  private let timeLeaf: Int
  private let valueLeaves: [Int?]

  init(path: String) throws {
    self.path = path
    let reader = try ParquetReader(path: path)
    self.reader = reader
    func leaf(_ name: String) throws -> Int {
      guard let leaf = reader.leafIndex(named: name) else {
        throw PassError(.input, "the file has no column '\(name)'", place: path)
      }
      return leaf
    }
    symbolLeaf = try leaf("symbol")
    timeLeaf = try leaf("ts_event")
    for name in ["open", "high", "low", "close"] { _ = try leaf(name) }
    valueLeaves = Self.values.map { reader.leafIndex(named: $0.name) }
    guard case .timestamp(.microseconds, _) = reader.leaves[timeLeaf].type else {
      throw PassError(
        .input, "'ts_event' is \(reader.leaves[timeLeaf].type.name), expected timestamp",
        place: path)
    }
    for (place, leaf) in valueLeaves.enumerated() {
      guard let leaf, reader.leaves[leaf].type.storage != .integers else { continue }
      let isPrice = Self.values[place].flag == BarColumns.Flag.price
      if isPrice, reader.leaves[leaf].type.storage == .wide { continue }
      throw PassError(
        .input,
        "column '\(reader.leaves[leaf].name)' is \(reader.leaves[leaf].type.name), expected integers",
        place: path)
    }
  }

  var rowGroupCount: Int { reader.metadata.rowGroups.count }

  private var priceLeaves: [Int] {
    zip(Self.values, valueLeaves).compactMap { value, leaf in
      value.flag == BarColumns.Flag.price ? leaf : nil
    }
  }

  /// Whether its prices do not fit 64 bits.
  var hasWidePrices: Bool { priceLeaves.contains { reader.leaves[$0].type.storage == .wide } }

  /// All prices that the file has.
  func collectPrices(into found: inout Set<Int128>) throws {
    for group in 0..<rowGroupCount {
      for leaf in priceLeaves {
        let scanner = try reader.makeColumnScanner(rowGroup: group, leaf: leaf)
        var column = Column(type: reader.leaves[leaf].type, storage: .integers([]))
        while case let count = try scanner.rowsInNextPage(), count > 0 {
          try scanner.read(rows: min(count, 32_768), into: &column)
          for row in 0..<column.count where !column.isNull(row) {
            found.insert(column.price(row))
          }
        }
      }
    }
  }

  /// The footer says that rows are sorted by symbol, then time. `lake` alone writes that order, and it
  /// is checked again as the rows pass.
  var isDeclaredSorted: Bool {
    rowGroupCount > 0
      && reader.metadata.rowGroups.allSatisfy { group in
        let columns = (group.sortingColumns ?? []).prefix(2)
        return columns.map(\.columnIndex) == [Int32(symbolLeaf), Int32(timeLeaf)]
          && columns.allSatisfy { !$0.isDescending }
      }
  }

  /// - Parameter prices: Of all files, where those of some do not fit 64 bits.
  func rowGroup(_ index: Int, prices: WidePrices?) throws -> BarRowGroup {
    func scanner(_ leaf: Int) throws -> ColumnPageScanner {
      try reader.makeColumnScanner(rowGroup: index, leaf: leaf)
    }
    return BarRowGroup(
      path: path, symbol: try scanner(symbolLeaf), time: try scanner(timeLeaf),
      values: try valueLeaves.map { leaf in try leaf.map { try scanner($0) } }, prices: prices)
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

/// The rows of one row group, a page at a time: seven columns of a page fit the second-level cache.
final class BarRowGroup {
  /// Rows taken at once from pages of other writers, which may be long.
  private static let rowMax = 32_768

  private let path: String
  private let symbol: ColumnPageScanner
  private let time: ColumnPageScanner
  private let values: [ColumnPageScanner?]
  private let prices: WidePrices?
  private var wide = Column(type: .decimal(precision: 38, scale: 18), storage: .integers([]))
  private var symbols = Column(type: .string, storage: .integers([]))
  private var validity: [UInt8] = []

  fileprivate init(
    path: String, symbol: ColumnPageScanner, time: ColumnPageScanner,
    values: [ColumnPageScanner?], prices: WidePrices?
  ) {
    self.prices = prices
    self.path = path
    self.symbol = symbol
    self.time = time
    self.values = values
  }

  /// Puts the next rows in place of what `bars` holds.
  ///
  /// - Parameter code: Gives the code of a run's symbol.
  /// - Returns: false at the end.
  func next(
    into bars: BarColumns, code: (ArraySlice<UInt8>) throws -> Int32
  ) throws -> Bool {
    let rowCount = min(try time.rowsInNextPage(), Self.rowMax)
    if rowCount == 0 {
      for column in [symbol, time] + values.compactMap(\.self) { try column.checkEnd() }
      return false
    }
    bars.removeAll()
    bars.reserve(rowCount)
    if validity.count < rowCount { validity = [UInt8](repeating: 0, count: rowCount) }
    if try read(time, rowCount, into: bars.time) { throw hasNulls("ts_event") }
    let targets = bars.columns.dropFirst()
    for (index, (column, target)) in zip(values, targets).enumerated() {
      let isComplete: Bool
      if let column, let prices, BarFile.values[index].flag == BarColumns.Flag.price {
        isComplete = try !read(column, rowCount, places: prices, into: target)
      } else if let column {
        isComplete = try !read(column, rowCount, into: target)
      } else {
        isComplete = false
        target.update(repeating: 0, count: rowCount)
        for row in 0..<rowCount { validity[row] = 0 }
      }
      if !isComplete { mark(bars, rowCount, lacking: BarFile.values[index].flag) }
    }
    try readSymbols(rowCount, bars, code)
    return true
  }

  /// - Returns: Whether some row is null; `validity` says which.
  private func read(
    _ column: ColumnPageScanner, _ rowCount: Int, into target: UnsafeMutablePointer<Int64>
  ) throws -> Bool {
    try validity.withUnsafeMutableBufferPointer { validity in
      guard let validity = validity.baseAddress else { return false }
      return try column.readIntegers(rows: rowCount, into: target, validity: validity)
    }
  }

  /// The places of prices that 64 bits do not hold.
  private func read(
    _ column: ColumnPageScanner, _ rowCount: Int, places: WidePrices,
    into target: UnsafeMutablePointer<Int64>
  ) throws -> Bool {
    try column.read(rows: rowCount, into: &wide)
    var isSparse = false
    for row in 0..<rowCount {
      let isNull = wide.isNull(row)
      isSparse = isSparse || isNull
      validity[row] = isNull ? 0 : 1
      target[row] = isNull ? 0 : places.place(wide.price(row))
    }
    return isSparse
  }

  private func mark(_ bars: BarColumns, _ rowCount: Int, lacking flag: UInt8) {
    if !bars.hasMissing {
      bars.beginMissing()
      bars.flags.update(repeating: BarColumns.Flag.all, count: rowCount)
    }
    let flags = bars.flags
    for row in 0..<rowCount where validity[row] == 0 { flags[row] &= ~flag }
  }

  /// Reads the symbols, and so counts the rows.
  private func readSymbols(
    _ rowCount: Int, _ bars: BarColumns, _ code: (ArraySlice<UInt8>) throws -> Int32
  ) throws {
    try symbol.read(rows: rowCount, into: &symbols)
    if symbols.nullCount > 0 { throw hasNulls("symbol") }
    func begin(_ text: ArraySlice<UInt8>, _ length: Int) throws {
      let next = try code(text)
      if bars.runs.last?.code != next { bars.beginRun(next) }
      // Flags, where rows have some, are there.
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
