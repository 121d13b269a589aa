/// A chain whose contracts have no names: each gets one of its underlying, expiry, right and strike.
final class ChainSymbols: RecordTranslator {
  private let records: RecordStream
  private let underlying: [UInt8]
  private let columns: [Int]
  private let delimiter: UInt8
  private let width: Int
  private let time: [UInt8]?

  /// - Parameters:
  ///   - columns: Of expiry, right and strike, those that there are.
  ///   - time: Of all rows, where they have none.
  init(
    _ supply: any ByteSupply, _ reading: InferredReading, underlying: String, columns: [Int],
    time: String?
  ) throws {
    records = try RecordStream(
      supply, delimiter: reading.delimiter, skipping: reading.lineCount)
    self.underlying = Array(underlying.utf8)
    self.columns = columns
    self.time = time.map { Array($0.utf8) }
    delimiter = reading.delimiter
    width = reading.names.count
  }

  var contentHash: String? { records.contentHash }

  func appendNext(to lines: inout [UInt8]) throws -> Bool {
    guard let record = try records.next() else { return false }
    lines.append(contentsOf: record.bytes)
    if record.fields.count == width {
      let parts = columns.map { column in
        record.fields[column].filter { $0 != 0x22 && $0 != delimiter && $0 != 0x0A }
      }
      let name = Array(([underlying] + parts).filter { !$0.isEmpty }.joined(separator: [0x20]))
      lines.append(delimiter)
      lines += name
      lines.append(delimiter)
      lines += underlying
      if let time {
        lines.append(delimiter)
        lines += time
      }
    }
    lines.append(0x0A)
    return true
  }

  /// How what is handed out is read.
  static func reading(_ own: InferredReading, hasTime: Bool) -> InferredReading {
    var reading = own
    reading.lineCount = 0
    reading.names += ["contract", "underlying"]
    reading.uses += [.field("symbol"), .field("underlying")]
    if hasTime {
      reading.names.append("ts_event")
      reading.uses.append(.time)
    }
    return reading
  }
}
