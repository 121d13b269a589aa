import Bytes
import Catalog
import Columnar
import Parquet
import Tables

/// Encodes bars as row groups; all tables of bars have the same columns. One per thread.
final class BarEncoder {
  private let fields: [Field]
  private let encoders: [ColumnChunkEncoder]
  private let hasher: BarHasher
  private let codes = ByteBuffer()
  private let validity = ByteBuffer()

  init(schema: TableSchema, options: WriterOptions) {
    fields = schema.fileFields
    encoders = fields.map { ColumnChunkEncoder(column: WriterColumn($0), options: options) }
    hasher = BarHasher(fields: fields)
  }

  /// Encodes the first `count` rows, at least one.
  func encode(_ rows: BarColumns, count: Int, _ names: SymbolNames) throws -> EncodedGroup {
    var chunks: [EncodedColumnChunk] = []
    for index in fields.indices { chunks.append(try encode(index, rows, count, names)) }
    var (first, last) = (Int64.max, Int64.min)
    for row in 0..<count {
      first = min(first, rows.time[row])
      last = max(last, rows.time[row])
    }
    return EncodedGroup(
      chunks: chunks, rowCount: count, fingerprint: hasher.fingerprint(rows, count, names),
      sentinelCount: 0, timeRange: Self.nanoseconds(first, last))
  }

  /// nil if the times don't fit into nanoseconds.
  private static func nanoseconds(_ first: Int64, _ last: Int64) -> ClosedRange<Int64>? {
    let (low, isLow) = first.multipliedReportingOverflow(by: 1000)
    let (high, isHigh) = last.multipliedReportingOverflow(by: 1000)
    return isLow || isHigh ? nil : low...high
  }

  private func encode(
    _ index: Int, _ rows: BarColumns, _ count: Int, _ names: SymbolNames
  ) throws -> EncodedColumnChunk {
    if let prices = names.prices,
      let own = ["open": rows.open, "high": rows.high, "low": rows.low, "close": rows.close][
        fields[index].name]
    {
      if fields[index].type.storage == .wide {
        return try encode(index, count, rows, flag: BarColumns.Flag.price) {
          prices.values[Int(own[$0])]
        }
      }
      // A table may have only some of its prices wider.
      let narrow = (0..<count).map { row -> Int64 in
        let isThere = rows.flag(row) & BarColumns.Flag.price != 0
        return isThere ? Int64(truncatingIfNeeded: prices.values[Int(own[row])]) : 0
      }
      return try narrow.withUnsafeBufferPointer { values in
        guard let base = values.baseAddress else {
          return try encoders[index].encode(ColumnSource(.allNull), rowCount: count)
        }
        return try encode(index, base, count, rows, flag: BarColumns.Flag.price)
      }
    }
    switch fields[index].name {
    case "symbol": return try encodeSymbols(index, rows, count, names)
    case "ts_event": return try encode(index, rows.time, count)
    case "publisher_id":
      return try encode(index, rows.publisher, count, rows, flag: BarColumns.Flag.publisher)
    case "instrument_id":
      return try encode(index, rows.instrument, count, rows, flag: BarColumns.Flag.instrument)
    case "open": return try encode(index, rows.open, count, rows, flag: BarColumns.Flag.price)
    case "high": return try encode(index, rows.high, count, rows, flag: BarColumns.Flag.price)
    case "low": return try encode(index, rows.low, count, rows, flag: BarColumns.Flag.price)
    case "close": return try encode(index, rows.close, count, rows, flag: BarColumns.Flag.price)
    case "volume" where rows.hasWideVolumes:
      return try encode(index, count, rows, flag: BarColumns.Flag.volume) { rows.wideVolume($0) }
    case "volume": return try encode(index, rows.volume, count, rows, flag: BarColumns.Flag.volume)
    default: return try encoders[index].encode(ColumnSource(.allNull), rowCount: count)
    }
  }

  private func encode(
    _ index: Int, _ values: UnsafePointer<Int64>, _ count: Int
  ) throws -> EncodedColumnChunk {
    try encoders[index].encode(ColumnSource(.integers(values)), rowCount: count)
  }

  private func encode(
    _ index: Int, _ values: UnsafePointer<Int64>, _ count: Int, _ rows: BarColumns, flag: UInt8
  ) throws -> EncodedColumnChunk {
    if !rows.hasMissing { return try encode(index, values, count) }
    validity.reserve(count)
    let bytes = validity.base.assumingMemoryBound(to: UInt8.self)
    for row in 0..<count { bytes[row] = rows.flags[row] & flag == 0 ? 0 : 1 }
    return try encoders[index].encode(
      ColumnSource(.integers(values), validity: bytes), rowCount: count)
  }

  /// Decimals that don't fit into 64 bits.
  private func encode(
    _ index: Int, _ count: Int, _ rows: BarColumns, flag: UInt8, _ value: (Int) -> Int128
  ) throws -> EncodedColumnChunk {
    var values = [Int128](repeating: 0, count: count)
    var present = [UInt8](repeating: 1, count: count)
    for row in 0..<count {
      if rows.flag(row) & flag == 0 {
        present[row] = 0
      } else {
        values[row] = value(row)
      }
    }
    return try values.withUnsafeBufferPointer { values in
      try present.withUnsafeBufferPointer { present in
        guard let values = values.baseAddress else {
          return try encoders[index].encode(ColumnSource(.allNull), rowCount: count)
        }
        return try encoders[index].encode(
          ColumnSource(.wide(values), validity: present.baseAddress), rowCount: count)
      }
    }
  }

  private func encodeSymbols(
    _ index: Int, _ rows: BarColumns, _ count: Int, _ names: SymbolNames
  ) throws -> EncodedColumnChunk {
    codes.reserve(count * 4)
    let local = codes.base.assumingMemoryBound(to: Int32.self)
    var dictionary = ByteColumn()
    for index in rows.runs.indices {
      let run = rows.rows(ofRun: index).clamped(to: 0..<count)
      if run.isEmpty { break }
      (local + run.lowerBound).update(repeating: Int32(dictionary.count), count: run.count)
      names.text(rows.runs[index].code).withUnsafeBytes { dictionary.append($0) }
    }
    return try encoders[index].encode(
      ColumnSource(.codes(local, dictionary: dictionary)), rowCount: count)
  }
}

/// The fingerprint of bars: see `RowHash`. It handles all columns of a row at once, so that the sum stays in
/// registers.
struct BarHasher {
  private let symbol: RowHash
  private let time: RowHash
  private let publisher: RowHash
  private let instrument: RowHash
  private let open: RowHash
  private let high: RowHash
  private let low: RowHash
  private let close: RowHash
  private let volume: RowHash

  /// - Parameter fields: The tables' columns; those without values in bars add nothing.
  init(fields: [Field]) {
    func hash(_ name: String) -> RowHash {
      RowHash(
        name: name,
        type: fields.first { $0.name == name }?.type.hashName ?? ColumnType.null.hashName)
    }
    symbol = hash("symbol")
    time = hash("ts_event")
    publisher = hash("publisher_id")
    instrument = hash("instrument_id")
    open = hash("open")
    high = hash("high")
    low = hash("low")
    close = hash("close")
    volume = hash("volume")
  }

  /// The fingerprint of the first `count` rows.
  func fingerprint(_ rows: BarColumns, _ count: Int, _ names: SymbolNames) -> Fingerprint {
    var total = Fingerprint()
    for index in rows.runs.indices {
      let run = rows.rows(ofRun: index).clamped(to: 0..<count)
      if run.isEmpty { break }
      let text = names.text(rows.runs[index].code).withUnsafeBytes { RowHash.text($0) }
      var base = Fingerprint()
      symbol.add(text, low: &base.low, high: &base.high)
      total &+=
        rows.hasMissing || rows.hasWideVolumes || names.prices != nil
        ? sparse(rows, run, base, names.prices) : complete(rows, run, base)
    }
    return total
  }

  /// Rows that lack no value.
  private func complete(_ rows: BarColumns, _ run: Range<Int>, _ base: Fingerprint) -> Fingerprint {
    let (times, publishers, instruments) = (rows.time, rows.publisher, rows.instrument)
    let (opens, highs, lows) = (rows.open, rows.high, rows.low)
    let (closes, volumes) = (rows.close, rows.volume)
    var total = Fingerprint()
    // They rarely change: their part of the sum is kept.
    var (lastPublisher, lastInstrument) = (publishers[run.lowerBound], instruments[run.lowerBound])
    var steady = steady(base, lastPublisher, lastInstrument)
    for row in run {
      if publishers[row] != lastPublisher || instruments[row] != lastInstrument {
        (lastPublisher, lastInstrument) = (publishers[row], instruments[row])
        steady = self.steady(base, lastPublisher, lastInstrument)
      }
      var (sum, carry) = (steady.low, steady.high)
      time.add(UInt64(bitPattern: times[row] &* 1000), low: &sum, high: &carry)
      open.add(UInt64(bitPattern: opens[row]), low: &sum, high: &carry)
      high.add(UInt64(bitPattern: highs[row]), low: &sum, high: &carry)
      low.add(UInt64(bitPattern: lows[row]), low: &sum, high: &carry)
      close.add(UInt64(bitPattern: closes[row]), low: &sum, high: &carry)
      volume.add(UInt64(bitPattern: volumes[row]), low: &sum, high: &carry)
      total &+= RowHash.finalised(low: sum, high: carry)
    }
    return total
  }

  private func steady(_ base: Fingerprint, _ publisher: Int64, _ instrument: Int64) -> Fingerprint {
    var sum = base
    self.publisher.add(UInt64(bitPattern: publisher), low: &sum.low, high: &sum.high)
    self.instrument.add(UInt64(bitPattern: instrument), low: &sum.low, high: &sum.high)
    return sum
  }

  /// Rows that may lack values; a missing value adds nothing.
  private func sparse(
    _ rows: BarColumns, _ run: Range<Int>, _ base: Fingerprint, _ prices: WidePrices?
  ) -> Fingerprint {
    var total = Fingerprint()
    for row in run {
      var (low, high) = (base.low, base.high)
      func add(_ hash: RowHash, _ value: Int64) {
        hash.add(UInt64(bitPattern: value), low: &low, high: &high)
      }
      func addPrice(_ hash: RowHash, _ value: Int64) {
        hash.add(prices?.word(value) ?? UInt64(bitPattern: value), low: &low, high: &high)
      }
      let flag = rows.flag(row)
      add(time, rows.time[row] &* 1000)
      if flag & BarColumns.Flag.publisher != 0 { add(publisher, rows.publisher[row]) }
      if flag & BarColumns.Flag.instrument != 0 { add(instrument, rows.instrument[row]) }
      if flag & BarColumns.Flag.price != 0 {
        addPrice(open, rows.open[row])
        addPrice(self.high, rows.high[row])
        addPrice(self.low, rows.low[row])
        addPrice(close, rows.close[row])
      }
      if flag & BarColumns.Flag.volume != 0 {
        let word =
          rows.hasWideVolumes
          ? RowHash.wide(rows.wideVolume(row)) : UInt64(bitPattern: rows.volume[row])
        volume.add(word, low: &low, high: &high)
      }
      total &+= RowHash.finalised(low: low, high: high)
    }
    return total
  }
}
