import Tables

/// Consecutive rows of one symbol.
struct SymbolRun {
  /// Index of the symbol in the partition's sorted symbols.
  var code: Int32
  /// Index of its first row; it ends where the next run begins.
  var start: Int
}

/// Bars in memory, column by column, sorted by symbol and time: rows of a source, or longer bars in the making.
/// The memory is reused.
///
/// Times are microseconds since 1970 UTC, prices unscaled at 10^-9. Volumes are whole numbers, or decimals of up to 38
/// digits: these take two columns, `volume` and `volumeLow`.
final class BarColumns {
  /// Values that a row may lack: bits of its flags.
  enum Flag {
    static let publisher: UInt8 = 1
    static let instrument: UInt8 = 2
    /// All four prices; a bar that lacks one counts as without prices.
    static let price: UInt8 = 4
    static let volume: UInt8 = 8
    static let all: UInt8 = 15
  }

  private static let columnCount = 9
  /// Columns without the low bits of wide volumes.
  private static let plainColumnCount = 8
  /// Bits of a wide volume that are in `volumeLow`.
  private static let lowBitCount: Int128 = 60
  private static let lowMask: Int64 = 1 << 60 - 1
  /// Bytes between the columns, so that equal row indexes of all columns do not map to the same cache set.
  private static let gapByteCount = 576
  /// Rows allocated at first: a row group and a page. Untouched memory costs nothing, while growing copies all
  /// columns.
  private static let capacityMin = RowGroupCuts.groupRowMax + (1 << 15)

  private(set) var capacity = 0
  private var stride = 0
  private var memory = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
  private(set) var count = 0
  private(set) var runs: [SymbolRun] = []
  /// Whether some row lacks a value; only then are flags valid.
  private(set) var hasMissing = false
  /// Whether volumes are decimals of up to 38 digits; only then is `volumeLow` valid.
  var hasWideVolumes = false

  deinit { memory.deallocate() }

  private func column(_ index: Int) -> UnsafeMutablePointer<Int64> {
    (memory + index &* stride).assumingMemoryBound(to: Int64.self)
  }

  var time: UnsafeMutablePointer<Int64> { column(0) }
  var publisher: UnsafeMutablePointer<Int64> { column(1) }
  var instrument: UnsafeMutablePointer<Int64> { column(2) }
  var open: UnsafeMutablePointer<Int64> { column(3) }
  var high: UnsafeMutablePointer<Int64> { column(4) }
  var low: UnsafeMutablePointer<Int64> { column(5) }
  var close: UnsafeMutablePointer<Int64> { column(6) }
  var volume: UnsafeMutablePointer<Int64> { column(7) }
  /// The low bits of wide volumes, each from 0.
  var volumeLow: UnsafeMutablePointer<Int64> { column(8) }
  /// All columns that are valid, in that order.
  var columns: [UnsafeMutablePointer<Int64>] {
    (0..<(hasWideVolumes ? Self.columnCount : Self.plainColumnCount)).map { column($0) }
  }
  var flags: UnsafeMutablePointer<UInt8> {
    (memory + Self.columnCount &* stride).assumingMemoryBound(to: UInt8.self)
  }

  /// Makes room for `rowCount` rows in total.
  func reserve(_ rowCount: Int) {
    if rowCount <= capacity { return }
    let grown = max(rowCount, capacity + capacity / 2, Self.capacityMin)
    let wider = grown * 8 + Self.gapByteCount
    let fresh = UnsafeMutableRawPointer.allocate(
      byteCount: Self.columnCount * wider + grown, alignment: 16)
    for index in columns.indices where count > 0 {
      (fresh + index * wider).copyMemory(from: memory + index * stride, byteCount: count * 8)
    }
    (fresh + Self.columnCount * wider).copyMemory(
      from: memory + Self.columnCount * stride, byteCount: hasMissing ? count : 0)
    memory.deallocate()
    (memory, capacity, stride) = (fresh, grown, wider)
  }

  func removeAll() {
    count = 0
    runs.removeAll(keepingCapacity: true)
    hasMissing = false
  }

  /// Begins the run of a symbol: rows that are added from here on are its.
  func beginRun(_ code: Int32) { runs.append(SymbolRun(code: code, start: count)) }

  /// Counts `rowCount` rows that were written behind the others and lack no value.
  func extend(_ rowCount: Int) {
    if hasMissing { (flags + count).update(repeating: Flag.all, count: rowCount) }
    count += rowCount
  }

  /// Counts rows that were written with their flags.
  func extendWithFlags(_ rowCount: Int) { count += rowCount }

  /// Gives every row flags, before the first row that lacks a value.
  func beginMissing() {
    if hasMissing { return }
    flags.update(repeating: Flag.all, count: count)
    hasMissing = true
  }

  /// The flags of a row.
  func flag(_ row: Int) -> UInt8 { hasMissing ? flags[row] : Flag.all }

  /// The rows of a run.
  func rows(ofRun index: Int) -> Range<Int> {
    runs[index].start..<(index + 1 < runs.count ? runs[index + 1].start : count)
  }

  /// The run that holds a row.
  func run(ofRow row: Int) -> Int {
    var (low, high) = (0, runs.count)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].start <= row { low = middle + 1 } else { high = middle }
    }
    return low - 1
  }

  /// Removes the first rows; the others move to the front.
  func removeFirst(_ rowCount: Int) {
    let left = count - rowCount
    if left > 0 {
      let first = run(ofRow: rowCount)
      runs.removeFirst(first)
      for index in runs.indices { runs[index].start = max(0, runs[index].start - rowCount) }
      for column in columns { column.update(from: column + rowCount, count: left) }
      if hasMissing { flags.update(from: flags + rowCount, count: left) }
      count = left
    } else {
      removeAll()
    }
  }

  /// Removes rows of other times; symbols of which no row is left go with them.
  func keep(_ times: Range<Int64>) {
    let columns = columns
    var kept = 0
    var left: [SymbolRun] = []
    for index in runs.indices {
      let first = kept
      for row in rows(ofRun: index) where times.contains(time[row]) {
        for column in columns { column[kept] = column[row] }
        if hasMissing { flags[kept] = flags[row] }
        kept += 1
      }
      if kept > first { left.append(SymbolRun(code: runs[index].code, start: first)) }
    }
    runs = left
    count = kept
  }

  /// Sets a wide volume.
  ///
  /// - Returns: false where it has more than 2^123 units.
  func setWideVolume(_ row: Int, _ value: Int128) -> Bool {
    guard let high = Int64(exactly: value &>> Self.lowBitCount) else { return false }
    volume[row] = high
    volumeLow[row] = Int64(truncatingIfNeeded: value) & Self.lowMask
    return true
  }

  /// Adds a volume of another row to that of a row.
  ///
  /// - Returns: false where the sum is too large.
  func addVolume(_ row: Int, of source: BarColumns, _ index: Int) -> Bool {
    var (sum, overflow) = volume[row].addingReportingOverflow(source.volume[index])
    if hasWideVolumes, !overflow {
      let low = volumeLow[row] &+ source.volumeLow[index]
      volumeLow[row] = low & Self.lowMask
      (sum, overflow) = sum.addingReportingOverflow(low > Self.lowMask ? 1 : 0)
    }
    if !overflow { volume[row] = sum }
    return !overflow
  }

  /// A wide volume.
  func wideVolume(_ row: Int) -> Int128 {
    Int128(volume[row]) &<< Self.lowBitCount | Int128(volumeLow[row])
  }

  /// Inserts a row at `index`, moving later rows up.
  func insertRow(at index: Int) {
    reserve(count + 1)
    let moved = count - index
    for column in columns { (column + index + 1).update(from: column + index, count: moved) }
    if hasMissing { (flags + index + 1).update(from: flags + index, count: moved) }
    count += 1
  }
}

/// Figures that longer bars must have in common with their source bars.
struct BarTotals: Equatable {
  private(set) var volume: Int128 = 0
  /// Over all bars; nil if none has prices.
  private(set) var high: Int64?
  private(set) var low: Int64?

  mutating func add(_ bars: BarColumns, _ rows: Range<Int>) {
    if rows.isEmpty { return }
    if bars.hasWideVolumes {
      // Modulo 2^128: what is made of the bars has the same sum all the same.
      for row in rows { volume &+= bars.wideVolume(row) }
    } else {
      volume += Self.sum(bars.volume + rows.lowerBound, rows.count)
    }
    if bars.hasMissing {
      for row in rows where bars.flags[row] & BarColumns.Flag.price != 0 {
        add(high: bars.high[row], low: bars.low[row])
      }
    } else {
      add(
        high: Self.greatest(bars.high + rows.lowerBound, rows.count),
        low: Self.least(bars.low + rows.lowerBound, rows.count))
    }
  }

  /// The figures that bars made from these must have too.
  func conserved(in made: BarTotals) -> [Conserved] {
    func text(_ price: Int64?) -> String { price.map { "\($0)" } ?? "none" }
    return [
      Conserved("volume", before: volume, after: made.volume),
      Conserved("highest price", before: text(high), after: text(made.high)),
      Conserved("lowest price", before: text(low), after: text(made.low)),
    ]
  }

  private mutating func add(high top: Int64, low bottom: Int64) {
    high = max(high ?? top, top)
    low = min(low ?? bottom, bottom)
  }

  private static func sum(_ values: UnsafePointer<Int64>, _ count: Int) -> Int128 {
    var bits: Int64 = 0
    var sum: Int64 = 0
    for row in 0..<count {
      bits |= values[row]
      sum = sum &+ values[row]
    }
    if UInt64(bitPattern: bits) <= BarStage.plainVolumeMax && count <= BarStage.plainRowMax {
      return Int128(sum)
    }
    var wide: Int128 = 0
    for row in 0..<count { wide += Int128(values[row]) }
    return wide
  }

  /// Two accumulators, so that a comparison need not wait for the previous one.
  private static func greatest(_ values: UnsafePointer<Int64>, _ count: Int) -> Int64 {
    var (first, second) = (values[0], values[count &- 1])
    var row = 0
    while row < count &- 1 {
      let (a, b) = (values[row], values[row &+ 1])
      first = a > first ? a : first
      second = b > second ? b : second
      row = row &+ 2
    }
    return max(first, second)
  }

  private static func least(_ values: UnsafePointer<Int64>, _ count: Int) -> Int64 {
    var (first, second) = (values[0], values[count &- 1])
    var row = 0
    while row < count &- 1 {
      let (a, b) = (values[row], values[row &+ 1])
      first = a < first ? a : first
      second = b < second ? b : second
      row = row &+ 2
    }
    return min(first, second)
  }
}
