/// A table of one column a symbol, made into one of time, symbol and value. A cell without a value makes no row.
final class WideTable: RecordTranslator {
  private let records: RecordStream
  private let timeColumn: Int
  private let values: [(column: Int, symbol: [UInt8])]

  init(
    _ supply: any ByteSupply, _ reading: InferredReading, timeColumn: Int, valueColumns: [Int]
  ) throws {
    records = try RecordStream(
      supply, delimiter: reading.delimiter, skipping: reading.lineCount)
    self.timeColumn = timeColumn
    values = valueColumns.map { ($0, Array(reading.names[$0].utf8)) }
  }

  var contentHash: String? { records.contentHash }

  func appendNext(to lines: inout [UInt8]) throws -> Bool {
    guard let record = try records.next() else { return false }
    let time = timeColumn < record.fields.count ? record.fields[timeColumn] : []
    for value in values where value.column < record.fields.count {
      let text = record.fields[value.column]
      if text.withUnsafeBytes({ TextConversion.isNull(TextConversion.trimmed($0)) }) { continue }
      lines.appendRecord([time, value.symbol, text])
    }
    return true
  }

  /// How what is handed out is read.
  static func reading(_ own: InferredReading, timeColumn: Int) -> InferredReading {
    var reading = InferredReading(
      lineCount: 0, names: [own.names[timeColumn], "symbol", "value"], delimiter: 0x2C,
      uses: [.time, .field("symbol"), .field("value")])
    reading.patterns = own.patterns[timeColumn].map { [0: $0] } ?? [:]
    reading.numbers = own.numbers
    reading.nullTexts = own.nullTexts
    return reading
  }
}
