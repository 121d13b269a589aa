import Bytes
import Catalog
import Columnar
import Compression
import Databento
import Market
import RowSources
import Tables

/// The bars of a file, in its own order: DBN, CSV, Parquet or JSON.
///
/// Rows that break a rule of their schema are bars like others: it is for the caller to look at them.
package enum FileBars {
  /// A file that is open.
  package struct Opened {
    /// Its bars.
    package let source: any BarSource
    /// How long they are; nil where nothing tells.
    package let interval: Interval?
    /// The vendor's dataset; nil where the file does not say it.
    package let dataset: String?
    /// The zone of its dates; nil where the file does not say it.
    package let timeZone: String?
    /// Rows that cannot be read: those of the last batch, which are taken away.
    package let takeRejected: () -> [SourceRejection]
  }

  /// Opens a file of bars.
  ///
  /// - Parameter lake: Whose own schemas are looked at first.
  /// - Throws: `SourceError.missingColumn` where it lacks a price; another error where it is no file of bars.
  package static func open(_ path: String, _ options: IngestOptions, lake: Lake?) throws -> Opened {
    let input = try InputStream(path: path)
    if try DBNSource.isDBN(input, path: path, options: options) {
      let source = try DBNBars(path: path, version: options.dbnVersion)
      return Opened(
        source: source, interval: source.interval, dataset: source.dataset, timeZone: "UTC",
        takeRejected: { [] })
    }
    return try openRows(path, options, lake)
  }

  /// Opens a file of rows. What it does not say, and does not matter here, is supplied: the symbol by its name, the zone as UTC.
  private static func openRows(_ path: String, _ given: IngestOptions, _ lake: Lake?) throws
    -> Opened
  {
    var hint = KindHint(kind: "ohlcv", interval: given.interval)
    hint.commandWords = given.commandWords
    var options = try RowFileSource.sourceOptions(given)
    options.inspects = true
    options.checksRules = false
    let inspected = try SourceFile.inspect(
      try InputStream(path: path), options: options, hint: hint)
    let told = given.interval ?? inspected?.interval?.name
    let name = path.split(separator: "/").last.map { String($0.prefix { $0 != "." }) } ?? path
    var failure: (any Error)?
    for supplied in 0..<8 {
      var (own, ownHint) = (options, hint)
      // What is said, or told from the file, is not supplied.
      if supplied & 1 != 0 {
        if own.symbol != nil { continue }
        own.symbol = name
      }
      if supplied & 2 != 0 {
        if own.timeZone != nil { continue }
        own.timeZone = .utc
      }
      ownHint.interval = told
      if supplied & 4 != 0 {
        if told != nil { continue }
        ownHint.interval = "1s"
      }
      do {
        let opened = try SourceFile.open(
          try InputStream(path: path), options: own, hint: ownHint, lake: lake
        ) { kind in
          let schema = try TableSchema.named(kind, in: lake)
          // As wide as numbers get: none is too long for its column.
          return TargetTraits(
            wideColumns: Set(schema.columns.map(\.name)).intersection(RowBars.valueColumns))
        }
        let rows = try RowBars(path: path, opened)
        return Opened(
          source: rows, interval: supplied & 4 != 0 ? nil : opened.schema.interval,
          dataset: opened.placement?.dataset, timeZone: opened.placement?.setting.timeZone,
          takeRejected: rows.takeRejected)
      } catch let error as SourceError where error.isQuestion {
        failure = failure ?? error
      }
    }
    throw failure ?? PassError(.input, "the file cannot be opened", place: path)
  }
}

extension SourceError {
  /// Whether it asks for something that the file does not say.
  package var isQuestion: Bool {
    [.needsMore, .needsSymbol, .needsTimeZone, .needsKind].contains(code)
  }
}

/// Bars of a file of rows.
private final class RowBars: BarSource {
  static let valueColumns: [String] = ["open", "high", "low", "close", "volume"]

  let name: String
  let volumeScale: Int
  private let opened: OpenSource
  private let block: RowBlock
  private let time: RowField
  private let symbol: RowField?
  private let publisher: RowField?
  private let values: [(field: RowField?, factor: Int128)]
  private var rejected: [SourceRejection] = []

  init(path: String, _ opened: OpenSource) throws {
    name = path
    self.opened = opened
    let layout = opened.source.layout
    block = RowBlock(layout: layout)
    let columns = SourceSchema(opened.schema).columns
    func field(_ name: String) -> RowField? {
      columns.first { $0.name == name }.flatMap { layout.field(named: $0.field) }
    }
    guard let time = field(opened.schema.indexColumn) else {
      throw PassError(.input, "the file has no times", place: path)
    }
    let lacking = Self.valueColumns.prefix(4).filter { field($0) == nil }
    guard lacking.isEmpty else {
      throw PassError(
        .input,
        "the file holds \(opened.schema.kind), which has no \(lacking.joined(separator: ", ")): bars are checked",
        place: path)
    }
    self.time = time
    symbol = field("symbol")
    publisher = field("publisher_id")
    var scale = 0
    values = Self.valueColumns.map { name in
      guard let type = opened.schema.column(named: name)?.type else { return (nil, 1) }
      var own = 0
      if case .decimal(_, let decimals) = type { own = decimals }
      if name == "volume" {
        scale = own
        return (field(name), 1)
      }
      return (field(name), DecimalText.powersOfTen[max(0, 18 - own)])
    }
    volumeScale = scale
  }

  func symbolName(_ code: Int32) -> String { opened.source.strings.values[Int(code)] }

  /// The rows of the last batch that could not be read.
  func takeRejected() -> [SourceRejection] {
    defer { rejected = [] }
    return rejected
  }

  func next(into batch: BarBatch) throws -> Bool {
    let before = Int(opened.source.report.rowCount + opened.source.report.rejectedCount)
    guard try opened.source.next(block) else {
      rejected += opened.source.takeRejected()
      return false
    }
    let own = opened.source.takeRejected()
    rejected += own
    let count = block.rowCount
    batch.removeAll(reserving: max(1, count), isWide: true)
    number(batch, from: before + 1, count: count, without: own)
    let base = UnsafeRawPointer(block.bytes.base)
    let wide = batch.wide
    let targets = [wide.open, wide.high, wide.low, wide.close, wide.volume]
    for row in 0..<count {
      let at = base + row * block.layout.stride
      batch.time[row] = Int64(bitPattern: at.loadLE(time.offset, as: UInt64.self))
      batch.symbol[row] =
        symbol.map { $0.isValid(at) ? Int32(bitPattern: at.loadLE($0.offset, as: UInt32.self)) : 0 }
        ?? 0
      batch.publisher[row] = publisher.map { $0.isValid(at) ? Int64($0.integer(at)) : 0 } ?? 0
      for (index, (field, factor)) in values.enumerated() {
        guard let field, field.isValid(at) else {
          targets[index][row] = 0
          batch.beginMissing(count)
          batch.flags[row] &= ~(index < 4 ? BarBatch.Flag.price : BarBatch.Flag.volume)
          continue
        }
        targets[index][row] = field.integer(at) &* factor
      }
    }
    batch.count = count
    return true
  }

  /// Gives rows their numbers in the file, of which rows that could not be read have some.
  private func number(
    _ batch: BarBatch, from first: Int, count: Int, without rejected: [SourceRejection]
  ) {
    batch.firstRow = first
    if rejected.isEmpty { return }
    let gone = Set(rejected.map { Int($0.rowNumber) })
    var numbers: [Int] = []
    var next = first
    while numbers.count < count {
      if !gone.contains(next) { numbers.append(next) }
      next += 1
    }
    batch.rowNumbers = numbers
  }
}

extension RowField {
  /// A whole number or decimal, whatever its width; 0 for other fields.
  fileprivate func integer(_ row: UnsafeRawPointer) -> Int128 {
    switch form {
    case .int8: Int128(row.loadLE(offset, as: Int8.self))
    case .uint8, .character: Int128(row.loadLE(offset, as: UInt8.self))
    case .int16: Int128(row.loadLE(offset, as: Int16.self))
    case .uint16: Int128(row.loadLE(offset, as: UInt16.self))
    case .int32: Int128(row.loadLE(offset, as: Int32.self))
    case .uint32, .text: Int128(row.loadLE(offset, as: UInt32.self))
    case .int64: Int128(row.loadLE(offset, as: Int64.self))
    case .uint64, .timestamp: Int128(row.loadLE(offset, as: UInt64.self))
    case .int128: row.loadLE(offset, as: Int128.self)
    case .double, .fixedText: 0
    }
  }
}

/// Bars of a DBN file.
private final class DBNBars: BarSource {
  let name: String
  let volumeScale = 0
  private let reader: DBNReader
  private var resolver: SymbolResolver
  private let block = DBNBlock()
  private var texts = StringTable()
  /// Codes by instrument and day, as long as nothing new is known of symbols.
  private var codes: [UInt64: Int32] = [:]
  private var generation = 0
  /// Of the schema in the header, or of the first record.
  private(set) var interval: Interval?
  private var barCount = 0

  var dataset: String? { reader.metadata?.dataset }

  init(path: String, version: Int?) throws {
    name = path
    reader = try DBNReader(path: path, fragmentVersion: version)
    resolver = SymbolResolver(metadata: reader.metadata, instruments: [])
    guard let schema = reader.metadata?.schema else { return }
    guard schema.isBar else {
      throw PassError(
        .input, "the file holds \(schema.rawValue): bars are checked", place: path,
        remedy: "lake bars makes bars of ticks")
    }
    interval = Interval.parse(String(schema.rawValue.dropFirst("ohlcv-".count)))
  }

  func symbolName(_ code: Int32) -> String { texts.values[Int(code)] }

  func next(into batch: BarBatch) throws -> Bool {
    while try reader.read(into: block) {
      let count = block.runs.reduce(0) { $0 + ($1.kind.isBar ? $1.count : 0) }
      let base = UnsafeRawPointer(block.bytes.base)
      batch.removeAll(reserving: max(1, count), isWide: false)
      var row = 0
      for run in block.runs {
        if run.kind == .symbolMapping {
          for index in 0..<run.count {
            let record = UnsafeRawBufferPointer(
              start: base + run.start + index * run.stride, count: run.stride)
            resolver.observe(symbolMapping: record, version: reader.version)
          }
        }
        guard run.kind.isBar else { continue }
        for index in 0..<run.count {
          read(base + run.start + index * run.stride, row, batch, count)
          row += 1
        }
      }
      if count == 0 { continue }
      batch.count = count
      batch.firstRow = barCount + 1
      barCount += count
      return true
    }
    return false
  }

  private func read(_ record: UnsafeRawPointer, _ row: Int, _ batch: BarBatch, _ count: Int) {
    let values = batch.narrow
    let time = record.loadLE(8, as: UInt64.self)
    batch.time[row] = Int64(clamping: time)
    batch.publisher[row] = Int64(record.loadLE(2, as: UInt16.self))
    batch.symbol[row] = code(
      record.loadLE(4, as: UInt32.self), day: Int(time / UInt64(CivilDate.nanosecondsPerDay)))
    for (target, offset) in [
      (values.open, 16), (values.high, 24), (values.low, 32), (values.close, 40),
    ] {
      target[row] = record.loadLE(offset, as: Int64.self)
      if target[row] == Price.undefined {
        batch.beginMissing(count)
        batch.flags[row] &= ~BarBatch.Flag.price
      }
    }
    let volume = record.loadLE(48, as: UInt64.self)
    values.volume[row] = Int64(clamping: volume)
    if volume == .max {
      batch.beginMissing(count)
      batch.flags[row] &= ~BarBatch.Flag.volume
    }
  }

  private func code(_ instrument: UInt32, day: Int) -> Int32 {
    if generation != resolver.generation {
      generation = resolver.generation
      codes = [:]
    }
    let key = UInt64(instrument) << 32 | UInt64(UInt32(truncatingIfNeeded: day))
    if let known = codes[key] { return known }
    let (symbol, _, _) = resolver.resolve(instrumentID: instrument, day: day)
    let code = Int32(bitPattern: texts.code(symbol))
    codes[key] = code
    return code
  }
}
