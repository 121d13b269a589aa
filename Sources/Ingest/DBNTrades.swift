import Bytes
import Columnar
import Compression
import Databento
import Market
import Tables

/// The trades of a DBN file: of trades, tbbo, mbp-1, mbp-10 or mbo.
package final class DBNTrades: TradeFile {
  /// Where the fields of a trade lie in a record.
  ///
  /// Source: https://databento.com/docs/standards-and-conventions/databento-binary-encoding
  private struct Layout {
    var action: Int
    var price: Int
    var size: Int
    var received: Int
    var sequence: Int

    static let level = Layout(action: 28, price: 16, size: 24, received: 32, sequence: 44)
    static let order = Layout(action: 38, price: 24, size: 32, received: 40, sequence: 52)

    init(action: Int, price: Int, size: Int, received: Int, sequence: Int) {
      (self.action, self.price, self.size) = (action, price, size)
      (self.received, self.sequence) = (received, sequence)
    }

    /// nil for records that are no trades and have none among them.
    init?(_ kind: RecordKind) {
      switch kind {
      case .trades, .tbbo, .mbp1, .mbp10: self = .level
      case .mbo: self = .order
      default: return nil
      }
    }
  }

  /// As it was opened.
  package let path: String
  /// Records that were read so far, trades and others.
  package private(set) var recordCount = 0
  private let reader: DBNReader
  private var resolver: SymbolResolver
  private let block = DBNBlock()
  private var tradeCount: Int64 = 0
  /// Series by instrument and publisher, on one date and as long as nothing new is known of symbols.
  private var codes: [UInt64: Int32] = [:]
  private var codesDay: Int64 = .min
  private var generation = 0
  private var last: (key: UInt64, code: Int32)?

  /// As the header says.
  package var dataset: String? { reader.metadata?.dataset }
  /// What the file was asked for begins here; a header may leave it open.
  package var start: Int64 {
    reader.metadata.flatMap { Int64(exactly: $0.start) }.flatMap { $0 == .max ? nil : $0 } ?? .min
  }

  /// Opens a file.
  ///
  /// - Returns: nil where it is no DBN, or its header says that it holds other records.
  package static func open(_ path: String) throws -> DBNTrades? {
    let input = try InputStream(path: path)
    guard try DBNSource.isDBN(input, path: path, options: IngestOptions()) else { return nil }
    let file = try DBNTrades(path: path)
    if let schema = file.reader.metadata?.schema, Layout(schema) == nil { return nil }
    return file
  }

  private init(path: String) throws {
    self.path = path
    reader = try DBNReader(path: path)
    resolver = SymbolResolver(metadata: reader.metadata, instruments: [])
  }

  /// Reads a block of records.
  package func next(
    into batch: TradeBatch,
    series: (_ symbol: String, _ publisher: Int64, _ instrument: Int64, _ day: Int64) throws ->
      Int32
  ) throws -> Bool {
    guard try reader.read(into: block) else { return false }
    batch.removeAll(reserving: block.recordCount)
    batch.hasTies = true
    let base = UnsafeRawPointer(block.bytes.base)
    for run in block.runs {
      recordCount += run.count
      if run.kind == .symbolMapping || run.kind == .definition {
        observe(run, base)
      } else if let layout = Layout(run.kind) {
        try take(run, base + run.start, layout, batch, series)
      }
    }
    return true
  }

  private func observe(_ run: RecordRun, _ base: UnsafeRawPointer) {
    for index in 0..<run.count {
      let record = UnsafeRawBufferPointer(
        start: base + run.start + index * run.stride, count: run.stride)
      if run.kind == .definition {
        resolver.observe(definition: record, version: reader.version)
      } else {
        resolver.observe(symbolMapping: record, version: reader.version)
      }
    }
  }

  private func take(
    _ run: RecordRun, _ base: UnsafeRawPointer, _ layout: Layout, _ batch: TradeBatch,
    _ series: (String, Int64, Int64, Int64) throws -> Int32
  ) throws {
    var record = base
    var row = batch.count
    for _ in 0..<run.count {
      defer { record += run.stride }
      guard record.loadLE(layout.action, as: UInt8.self) == UInt8(ascii: "T") else { continue }
      let received = record.loadLE(layout.received, as: UInt64.self)
      let time = record.loadLE(8, as: UInt64.self)
      let size = record.loadLE(layout.size, as: UInt32.self)
      batch.time[row] = time > UInt64(Int64.max) ? .max : Int64(time)
      batch.received[row] = received > UInt64(Int64.max) ? .max : Int64(received)
      batch.price[row] = record.loadLE(layout.price, as: Int64.self)
      batch.size[row] = size == .max ? .max : Int64(size)
      batch.sequence[row] = Int64(record.loadLE(layout.sequence, as: UInt32.self))
      batch.ordinal[row] = tradeCount
      batch.series[row] = try code(
        record.loadLE(4, as: UInt32.self), record.loadLE(2, as: UInt16.self),
        received: received, series)
      tradeCount += 1
      row += 1
    }
    batch.count = row
  }

  @inline(__always)
  private func code(
    _ instrument: UInt32, _ publisher: UInt16, received: UInt64,
    _ series: (String, Int64, Int64, Int64) throws -> Int32
  ) throws -> Int32 {
    let day = Int64(received / UInt64(CivilDate.nanosecondsPerDay))
    if day != codesDay || generation != resolver.generation {
      (codesDay, generation) = (day, resolver.generation)
      codes = [:]
      last = nil
    }
    let key = UInt64(instrument) << 16 | UInt64(publisher)
    if let last, last.key == key { return last.code }
    let own = try codes[key] ?? newCode(instrument, publisher, day: day, key, series)
    last = (key, own)
    return own
  }

  private func newCode(
    _ instrument: UInt32, _ publisher: UInt16, day: Int64, _ key: UInt64,
    _ series: (String, Int64, Int64, Int64) throws -> Int32
  ) throws -> Int32 {
    let (symbol, _, _) = resolver.resolve(instrumentID: instrument, day: Int(day))
    let code = try series(symbol, Int64(publisher), Int64(instrument), day)
    codes[key] = code
    return code
  }
}
