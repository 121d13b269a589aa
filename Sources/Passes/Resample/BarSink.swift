import Bytes
import Catalog
import Columnar
import Parquet

/// Collects finished bars and writes them as the segment of one partition, row group by row group.
struct BarSink {
  /// What must agree with the source before anything is committed.
  struct Totals: Equatable {
    var volume: Int128 = 0
    /// Of all bars; nil where none has prices.
    var high: Int64?
    var low: Int64?
  }

  private let encoders: BarEncoderPool
  private(set) var rowCount = 0
  private(set) var totals = Totals()
  private var symbols = ByteColumn()
  private var rows = BarRows()
  /// Row at which the current symbol begins.
  private var symbolStart = 0
  private let makeWriter: () throws -> SegmentWriter
  private var writer: SegmentWriter?
  private(set) var segment: StagedSegment?

  /// - Parameter makeWriter: Called when the first row group is full, or the partition ends with rows.
  init(encoders: BarEncoderPool, makeWriter: @escaping () throws -> SegmentWriter) {
    self.encoders = encoders
    self.makeWriter = makeWriter
  }

  mutating func begin(symbol: [UInt8]) {
    symbol.withUnsafeBytes { symbols.append($0) }
    symbolStart = rows.count
  }

  @inline(__always)
  mutating func append(_ bar: OpenBar) {
    rows.append(bar, symbol: Int32(symbols.count - 1))
    totals.volume += Int128(bar.volume)
    if bar.hasPrice {
      totals.high = max(totals.high ?? bar.high, bar.high)
      totals.low = min(totals.low ?? bar.low, bar.low)
    }
  }

  /// Cuts as `RowGroupCuts` does: symbols whole, as many as fit.
  mutating func endSymbol() throws {
    let max = RowGroupCuts.groupRowMax
    if rows.count - symbolStart >= max {
      if symbolStart > 0 { try flush(symbolStart) }
      while rows.count >= max { try flush(max) }
    } else if rows.count > max {
      try flush(symbolStart)
    }
  }

  mutating func finish() throws {
    if rows.count > 0 { try flush(rows.count) }
    segment = try writer?.finish()
    writer = nil
  }

  /// Encodes the first `count` rows and drops them.
  private mutating func flush(_ count: Int) throws {
    if writer == nil { writer = try makeWriter() }
    // Intervals take turns with an encoder: its scratch is larger than the rows.
    let encoder = encoders.take()
    defer { encoders.give(encoder) }
    try writer?.append(try encoder.encode(rows, symbols: symbols, count: count))
    rowCount += count
    rows.removeFirst(count)
    // Codes of what is left stay valid: the dictionary only grows within a partition.
    symbolStart = Swift.max(0, symbolStart - count)
  }
}

/// Bars that wait for their row group, column by column.
struct BarRows {
  var symbol: [Int32] = []
  var time: [Int64] = []
  var publisher: [Int64] = []
  var instrument: [Int64] = []
  var open: [Int64] = []
  var high: [Int64] = []
  var low: [Int64] = []
  var close: [Int64] = []
  var volume: [Int64] = []
  /// Bits: has publisher 1, instrument 2, price 4, volume 8.
  var flags: [UInt8] = []
  private(set) var hasMissing = false

  var count: Int { time.count }

  @inline(__always)
  mutating func append(_ bar: OpenBar, symbol code: Int32) {
    symbol.append(code)
    time.append(bar.start)
    publisher.append(bar.publisher)
    instrument.append(bar.instrument)
    open.append(bar.open)
    high.append(bar.high)
    low.append(bar.low)
    close.append(bar.close)
    volume.append(bar.volume)
    let flag: UInt8 =
      (bar.hasPublisher ? 1 : 0) | (bar.hasInstrument ? 2 : 0) | (bar.hasPrice ? 4 : 0)
      | (bar.hasVolume ? 8 : 0)
    flags.append(flag)
    if flag != 15 { hasMissing = true }
  }

  mutating func removeFirst(_ count: Int) {
    symbol.removeFirst(count)
    time.removeFirst(count)
    publisher.removeFirst(count)
    instrument.removeFirst(count)
    open.removeFirst(count)
    high.removeFirst(count)
    low.removeFirst(count)
    close.removeFirst(count)
    volume.removeFirst(count)
    flags.removeFirst(count)
    if flags.isEmpty { hasMissing = false }
  }
}
