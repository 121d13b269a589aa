import Catalog
import Columnar
import DeltaLog
import Tables

/// The bars of one partition of a table, in the order of the table.
///
/// A single sorted file is read page by page; several files, or an unsorted one, are read whole and sorted.
final class TableBars: BarSource {
  /// Columns that a bar may lack, in the order in which they are read.
  private static let prices = ["open", "high", "low", "close"]

  let name: String
  let volumeScale: Int
  private let files: [SegmentReader]
  private let columns: [Field?]
  private let isWide: Bool
  private let texts = StringTable()
  private var file = 0
  private var rowGroup = 0
  private var pages: PageReader?
  private var nextRow = 1
  private let isSorted: Bool
  private var isDone = false
  private var validity: [UInt8] = []
  private var symbols = Column(type: .string, storage: .integers([]))
  private var scratch = Column(type: .long, storage: .integers([]))

  /// - Parameter fields: The table's columns.
  init(name: String, files: [SegmentReader], fields: [Field], index: String) {
    self.name = name
    self.files = files
    func field(_ name: String) -> Field? { fields.first { $0.name == name } }
    columns = ([index, "publisher_id"] + Self.prices + ["volume", "symbol"]).map(field)
    isWide = columns[2...6].contains { $0?.type.storage == .wide }
    if case .decimal(_, let scale)? = columns[6]?.type {
      volumeScale = scale
    } else {
      volumeScale = 0
    }
    isSorted = files.count == 1 && files[0].isDeclaredSorted(by: ["symbol", index])
  }

  func symbolName(_ code: Int32) -> String { texts.values[Int(code)] }

  func next(into batch: BarBatch) throws -> Bool {
    if isSorted { return try nextPage(into: batch) }
    if isDone { return false }
    isDone = true
    return try readAll(into: batch)
  }

  private func nextPage(into batch: BarBatch) throws -> Bool {
    while file < files.count {
      if pages == nil {
        guard rowGroup < files[file].rowGroupCount else {
          file += 1
          rowGroup = 0
          continue
        }
        pages = try PageReader(files[file], rowGroup: rowGroup, columns: columns)
        rowGroup += 1
      }
      guard let pages, case let count = try pages.rowsInNextPage(), count > 0 else {
        pages = nil
        continue
      }
      try read(count, pages, files[file].path, into: batch)
      batch.firstRow = nextRow
      nextRow += count
      return true
    }
    return false
  }

  // MARK: - One page

  private func read(
    _ count: Int, _ pages: PageReader, _ path: String, into batch: BarBatch
  ) throws {
    batch.removeAll(reserving: count, isWide: isWide)
    if validity.count < count { validity = [UInt8](repeating: 0, count: count) }
    try read(0, count, pages, flag: 0, path, batch, into: batch.time)
    var isMicroseconds = true
    if case .timestamp(let unit, _)? = columns[0]?.type { isMicroseconds = unit == .microseconds }
    if isMicroseconds {
      for row in 0..<count {
        let (product, overflow) = batch.time[row].multipliedReportingOverflow(by: 1000)
        batch.time[row] = overflow ? (product > 0 ? .min : .max) : product
      }
    }
    try read(1, count, pages, flag: BarBatch.Flag.publisher, path, batch, into: batch.publisher)
    if isWide {
      let values = batch.wide
      for (index, target) in [values.open, values.high, values.low, values.close, values.volume]
        .enumerated()
      {
        try readWide(index + 2, count, pages, batch, into: target)
      }
    } else {
      let values = batch.narrow
      for (index, target) in [values.open, values.high, values.low, values.close, values.volume]
        .enumerated()
      {
        try read(
          index + 2, count, pages, flag: index < 4 ? BarBatch.Flag.price : BarBatch.Flag.volume,
          path, batch, into: target)
      }
    }
    try readSymbols(count, pages, path, batch)
    batch.count = count
  }

  private func read(
    _ column: Int, _ count: Int, _ pages: PageReader, flag: UInt8, _ path: String,
    _ batch: BarBatch,
    into target: UnsafeMutablePointer<Int64>
  ) throws {
    let presence = try validity.withUnsafeMutableBufferPointer { validity in
      guard let validity = validity.baseAddress else { return PageReader.Presence.all }
      return try pages.readIntegers(column, rows: count, into: target, validity: validity)
    }
    if presence == .all { return }
    if flag == 0 {
      throw PassError(
        .input, "column '\(columns[column]?.name ?? "")' has nulls", place: path,
        remedy: "every row needs its index timestamp")
    }
    // A table without publishers has one series a symbol.
    if presence == .none, flag == BarBatch.Flag.publisher { return }
    mark(count, lacking: flag, batch)
  }

  /// Prices and volumes of which some need more than 64 bits: all are at 10^-18, or as the volume is.
  private func readWide(
    _ column: Int, _ count: Int, _ pages: PageReader, _ batch: BarBatch,
    into target: UnsafeMutablePointer<Int128>
  ) throws {
    let isThere = try pages.read(column, rows: count, into: &scratch)
    let factor: Int128 = column < 6 && scratch.type.storage == .integers ? 1_000_000_000 : 1
    var isSparse = false
    for row in 0..<count {
      let isNull = !isThere || scratch.isNull(row)
      validity[row] = isNull ? 0 : 1
      isSparse = isSparse || isNull
      target[row] = isNull ? 0 : scratch.number(row) &* factor
    }
    if isSparse {
      mark(count, lacking: column < 6 ? BarBatch.Flag.price : BarBatch.Flag.volume, batch)
    }
  }

  private func mark(_ count: Int, lacking flag: UInt8, _ batch: BarBatch) {
    batch.beginMissing(count)
    for row in 0..<count where validity[row] == 0 { batch.flags[row] &= ~flag }
  }

  private func readSymbols(
    _ count: Int, _ pages: PageReader, _ path: String, _ batch: BarBatch
  ) throws {
    guard try pages.read(7, rows: count, into: &symbols) else {
      return batch.symbol.update(repeating: 0, count: count)
    }
    switch symbols.storage {
    case .codes(let codes, let dictionary):
      var known = [Int32](repeating: -1, count: dictionary.count)
      for row in 0..<count {
        let code = Int(codes[row])
        if known[code] < 0 {
          known[code] = self.code(dictionary.bytes[dictionary.byteRange(code)])
        }
        batch.symbol[row] = known[code]
      }
    case .bytes(let values):
      for row in 0..<count {
        let bytes = values.bytes[values.byteRange(row)]
        let isSame = row > 0 && bytes == values.bytes[values.byteRange(row - 1)]
        batch.symbol[row] = isSame ? batch.symbol[row - 1] : code(bytes)
      }
    default: throw PassError(.input, "the column 'symbol' holds no text", place: path)
    }
  }

  private func code(_ text: ArraySlice<UInt8>) -> Int32 {
    Int32(bitPattern: text.withUnsafeBytes { texts.code($0) })
  }

  // MARK: - Files in no order

  /// Reads all files, and puts their rows in the order of the table.
  private func readAll(into batch: BarBatch) throws -> Bool {
    let rowCount = try files.reduce(0) { $0 + (try $1.rowCount()) }
    if rowCount == 0 { return false }
    let all = BarBatch()
    all.removeAll(reserving: rowCount, isWide: isWide)
    let part = BarBatch()
    for reader in files {
      for group in 0..<reader.rowGroupCount {
        let pages = try PageReader(reader, rowGroup: group, columns: columns)
        while case let count = try pages.rowsInNextPage(), count > 0 {
          try read(count, pages, reader.path, into: part)
          all.append(part, room: rowCount)
        }
      }
    }
    // Series in the order in which they come; within one by time. Equal ones keep their order.
    let order = (0..<all.count).sorted { left, right in
      (all.symbol[left], all.time[left], all.publisher[left], left)
        < (all.symbol[right], all.time[right], all.publisher[right], right)
    }
    batch.removeAll(reserving: rowCount, isWide: isWide)
    batch.take(order, of: all)
    return true
  }
}

extension Column {
  /// An integer of any width; 0 for other values.
  fileprivate func number(_ row: Int) -> Int128 {
    switch storage {
    case .wide(let values): values[row]
    case .integers(let values): Int128(values[row])
    default: 0
    }
  }
}

extension BarBatch {
  /// Appends all rows of another batch.
  fileprivate func append(_ other: BarBatch, room: Int) {
    if other.hasMissing { beginMissing(room) }
    for row in 0..<other.count { copy(row, of: other, to: count + row) }
    count += other.count
  }

  /// Takes some rows of another batch, in this order.
  fileprivate func take(_ rows: [Int], of other: BarBatch) {
    if other.hasMissing { beginMissing(rows.count) }
    for (target, row) in rows.enumerated() { copy(row, of: other, to: target) }
    count = rows.count
    rowNumbers = rows.map { $0 + 1 }
  }

  private func copy(_ row: Int, of other: BarBatch, to target: Int) {
    time[target] = other.time[row]
    publisher[target] = other.publisher[row]
    symbol[target] = other.symbol[row]
    if hasMissing { flags[target] = other.flag(row) }
    func copy<Value>(_ own: Values<Value>, _ others: Values<Value>) {
      own.open[target] = others.open[row]
      own.high[target] = others.high[row]
      own.low[target] = others.low[row]
      own.close[target] = others.close[row]
      own.volume[target] = others.volume[row]
    }
    if isWide { copy(wide, other.wide) } else { copy(narrow, other.narrow) }
  }
}
