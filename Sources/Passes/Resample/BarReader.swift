import Columnar
import Tables

/// Reads the bars of one partition date sorted by (symbol, time, publisher), part by part.
///
/// A single sorted file is read page by page; several files, or an unsorted one, are read whole and sorted.
struct BarReader {
  private let files: [BarFile]
  private let isSorted: Bool
  private let names: SymbolNames
  /// Rows of other times are left out.
  private let times: Range<Int64>?
  private var rowGroup = 0
  private var pages: BarRowGroup?
  private var isDone = false

  /// - Parameters:
  ///   - readers: The data files of the date.
  ///   - times: The date's, in µs since 1970 UTC, where the files hold other dates too. Cost: all of their pages are read.
  ///   - names: Receives the symbols.
  init(_ readers: [SegmentReader], times: Range<Int64>? = nil, names: SymbolNames) throws {
    files = try readers.map { try BarFile($0) }
    isSorted = files.count == 1 && files[0].isDeclaredSorted
    self.names = names
    self.times = times
    if files.contains(where: \.hasWidePrices) {
      var found: Set<Int128> = []
      for file in files { try file.collectPrices(into: &found) }
      names.prices = WidePrices(found)
    }
  }

  /// Reads the next part into `bars`, replacing its rows; false at the end.
  mutating func next(into bars: BarColumns) throws -> Bool {
    while try nextPart(into: bars) {
      guard let times else { return true }
      bars.keep(times)
      if bars.count > 0 { return true }
    }
    return false
  }

  private mutating func nextPart(into bars: BarColumns) throws -> Bool {
    if isSorted { return try nextPage(into: bars) }
    bars.removeAll()
    if isDone { return false }
    isDone = true
    try readAll(into: bars)
    return bars.count > 0
  }

  private mutating func nextPage(into bars: BarColumns) throws -> Bool {
    while true {
      if pages == nil {
        guard rowGroup < files[0].rowGroupCount else {
          bars.removeAll()
          return false
        }
        pages = try files[0].rowGroup(rowGroup, prices: names.prices)
        rowGroup += 1
      }
      let names = names
      let path = files[0].path
      let isMore = try pages?.next(into: bars) { text in
        try Self.code(ofNext: text, names, path)
      }
      if isMore == true { return true }
      pages = nil
    }
  }

  /// The code of a run's symbol: the last symbol's, or that of a greater one.
  private static func code(
    ofNext text: ArraySlice<UInt8>, _ names: SymbolNames, _ path: String
  ) throws -> Int32 {
    let count = names.texts.count
    if count > 0 {
      let last = names.text(Int32(count - 1))
      if last == text { return Int32(count - 1) }
      if !last.lexicographicallyPrecedes(text) {
        throw PassError(.input, "symbols are out of order within a data file", place: path)
      }
    }
    text.withUnsafeBytes { names.texts.append($0) }
    return Int32(count)
  }

  // MARK: - Unsorted files

  private func readAll(into bars: BarColumns) throws {
    let all = BarColumns()
    let part = BarColumns()
    let known = StringTable()
    for file in files {
      for index in 0..<file.rowGroupCount {
        let pages = try file.rowGroup(index, prices: names.prices)
        while true {
          let isMore = try pages.next(into: part) { text in
            Int32(bitPattern: text.withUnsafeBytes { known.code($0) })
          }
          if !isMore { break }
          all.append(part)
        }
      }
    }
    let order = Self.order(of: all, rank: Self.rank(known.values, into: names))
    for (code, rows) in order { bars.append(rows: rows, of: all, code: code) }
  }

  /// The rank of each symbol among all.
  private static func rank(_ known: ByteColumn, into names: SymbolNames) -> [Int32] {
    let texts = (0..<known.count).map { known.bytes[known.byteRange($0)] }
    var rank = [Int32](repeating: 0, count: texts.count)
    let sorted = texts.indices.sorted { texts[$0].lexicographicallyPrecedes(texts[$1]) }
    for (index, code) in sorted.enumerated() {
      texts[code].withUnsafeBytes { names.texts.append($0) }
      rank[code] = Int32(index)
    }
    return rank
  }

  /// Rows sorted by symbol, time and publisher; equal ones keep their order.
  private static func order(of all: BarColumns, rank: [Int32]) -> [(code: Int32, rows: [Int])] {
    var rows = [[Int]](repeating: [], count: rank.count)
    for (index, run) in all.runs.enumerated() {
      rows[Int(rank[Int(run.code)])].append(contentsOf: all.rows(ofRun: index))
    }
    var order: [(code: Int32, rows: [Int])] = []
    for (code, rows) in rows.enumerated() where !rows.isEmpty {
      let sorted = rows.sorted { left, right in
        (all.time[left], all.publisher[left], left)
          < (all.time[right], all.publisher[right], right)
      }
      order.append((Int32(code), sorted))
    }
    return order
  }
}

extension BarColumns {
  /// Appends all rows of others.
  fileprivate func append(_ other: BarColumns) {
    hasWideVolumes = other.hasWideVolumes
    reserve(count + other.count)
    if other.hasMissing { beginMissing() }
    for (target, source) in zip(columns, other.columns) {
      (target + count).update(from: source, count: other.count)
    }
    if other.hasMissing { (flags + count).update(from: other.flags, count: other.count) }
    for (index, run) in other.runs.enumerated() {
      beginRun(run.code)
      let rowCount = other.rows(ofRun: index).count
      if other.hasMissing { extendWithFlags(rowCount) } else { extend(rowCount) }
    }
  }

  /// Appends some rows of others as a run of one symbol.
  fileprivate func append(rows: [Int], of other: BarColumns, code: Int32) {
    hasWideVolumes = other.hasWideVolumes
    reserve(count + rows.count)
    beginRun(code)
    for (target, source) in zip(columns, other.columns) {
      for (index, row) in rows.enumerated() { target[count + index] = source[row] }
    }
    if other.hasMissing {
      beginMissing()
      for (index, row) in rows.enumerated() { flags[count + index] = other.flags[row] }
    }
    extendWithFlags(rows.count)
  }
}
