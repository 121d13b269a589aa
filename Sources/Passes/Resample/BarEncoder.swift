import Bytes
import Catalog
import Columnar
import Parquet

/// Encodes bars as row groups of tables of bars, which all have the same columns. One per thread.
final class BarEncoder {
  let fields: [Field]
  private let encoders: [ColumnChunkEncoder]
  private let hashes: [RowHash]
  private var sums: [UInt64] = []

  init(schema: TableSchema, options: WriterOptions) {
    fields = schema.fileFields
    encoders = fields.map { ColumnChunkEncoder(column: WriterColumn($0), options: options) }
    hashes = fields.map { RowHash(name: $0.name, type: $0.type.hashName) }
  }

  func encode(_ rows: BarRows, symbols: ByteColumn, count: Int) throws -> EncodedGroup {
    sums.removeAll(keepingCapacity: true)
    sums.append(contentsOf: repeatElement(0, count: 2 * count))
    var chunks: [EncodedColumnChunk] = []
    for index in fields.indices {
      chunks.append(try encode(index, rows, symbols, count))
    }
    let fingerprint = sums.withUnsafeBufferPointer { sums in
      sums.baseAddress.map { RowHash.fingerprint($0, count: count) } ?? Fingerprint()
    }
    var (first, last) = (Int64.max, Int64.min)
    for row in 0..<count {
      first = min(first, rows.time[row])
      last = max(last, rows.time[row])
    }
    return EncodedGroup(
      chunks: chunks, rowCount: count, fingerprint: fingerprint, sentinelCount: 0,
      timeRange: first <= last ? first * 1000...last * 1000 : nil)
  }

  private func encode(
    _ index: Int, _ rows: BarRows, _ symbols: ByteColumn, _ count: Int
  ) throws -> EncodedColumnChunk {
    switch fields[index].name {
    case "symbol": return try encodeSymbols(index, rows.symbol, symbols, count)
    case "ts_event":
      addHashes(index, rows.time, count, scale: 1000, validity: nil)
      return try encode(index, rows.time, count, validity: nil)
    case "publisher_id": return try encode(index, rows.publisher, rows, flag: 1, count)
    case "instrument_id": return try encode(index, rows.instrument, rows, flag: 2, count)
    case "open": return try encode(index, rows.open, rows, flag: 4, count)
    case "high": return try encode(index, rows.high, rows, flag: 4, count)
    case "low": return try encode(index, rows.low, rows, flag: 4, count)
    case "close": return try encode(index, rows.close, rows, flag: 4, count)
    case "volume": return try encode(index, rows.volume, rows, flag: 8, count)
    default: return try encoders[index].encode(ColumnSource(.allNull), rowCount: count)
    }
  }

  private func encode(
    _ index: Int, _ values: [Int64], _ rows: BarRows, flag: UInt8, _ count: Int
  ) throws -> EncodedColumnChunk {
    let validity: [UInt8]? =
      rows.hasMissing ? rows.flags[..<count].map { $0 & flag == 0 ? 0 : 1 } : nil
    addHashes(index, values, count, scale: 1, validity: validity)
    return try encode(index, values, count, validity: validity)
  }

  private func encode(
    _ index: Int, _ values: [Int64], _ count: Int, validity: [UInt8]?
  ) throws -> EncodedColumnChunk {
    try values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { preconditionFailure("a row group has rows") }
      guard let validity else {
        return try encoders[index].encode(ColumnSource(.integers(base)), rowCount: count)
      }
      return try validity.withUnsafeBufferPointer {
        try encoders[index].encode(
          ColumnSource(.integers(base), validity: $0.baseAddress), rowCount: count)
      }
    }
  }

  private func encodeSymbols(
    _ index: Int, _ codes: [Int32], _ symbols: ByteColumn, _ count: Int
  ) throws -> EncodedColumnChunk {
    // Only the symbols of this row group, numbered from 0: the codes rise within a partition.
    let first = Int(codes[0])
    let last = Int(codes[count - 1])
    var dictionary = ByteColumn()
    for code in first...last { dictionary.append(symbols[code]) }
    let local = codes[..<count].map { $0 - Int32(first) }
    var row = 0
    while row < count {
      var end = row + 1
      while end < count && codes[end] == codes[row] { end += 1 }
      let hash = symbols.bytes.withUnsafeBytes { bytes in
        RowHash.text(UnsafeRawBufferPointer(rebasing: bytes[symbols.byteRange(Int(codes[row]))]))
      }
      let hasher = hashes[index]
      sums.withUnsafeMutableBufferPointer { sums in
        if let base = sums.baseAddress { hasher.add(constant: hash, rows: row..<end, sums: base) }
      }
      row = end
    }
    return try local.withUnsafeBufferPointer { local in
      guard let base = local.baseAddress else { preconditionFailure("a row group has rows") }
      return try encoders[index].encode(
        ColumnSource(.codes(base, dictionary: dictionary)), rowCount: count)
    }
  }

  private func addHashes(
    _ index: Int, _ values: [Int64], _ count: Int, scale: Int64, validity: [UInt8]?
  ) {
    let scaled = scale == 1 ? values : values[..<count].map { $0 &* scale }
    let hasher = hashes[index]
    sums.withUnsafeMutableBufferPointer { sums in
      scaled.withUnsafeBufferPointer { values in
        guard let sums = sums.baseAddress, let base = values.baseAddress else { return }
        if let validity {
          validity.withUnsafeBufferPointer {
            hasher.add(base, count: count, validity: $0.baseAddress, sums: sums)
          }
        } else {
          hasher.add(base, count: count, validity: nil, sums: sums)
        }
      }
    }
  }
}
