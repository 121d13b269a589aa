import Columnar

/// Rows whose times are milliseconds since midnight, of a date that stands elsewhere: each gets its whole time.
final class MidnightTimes: RecordTranslator {
  private let records: RecordStream
  private let column: Int
  private let date: String
  private let delimiter: UInt8

  init(
    _ supply: any ByteSupply, _ reading: InferredReading, column: Int, date: String
  ) throws {
    records = try RecordStream(
      supply, delimiter: reading.delimiter, skipping: reading.lineCount)
    self.column = column
    self.date = date
    delimiter = reading.delimiter
  }

  var contentHash: String? { records.contentHash }

  func appendNext(to lines: inout [UInt8]) throws -> Bool {
    guard let record = try records.next() else { return false }
    lines.append(contentsOf: record.bytes)
    lines.append(delimiter)
    let text = column < record.fields.count ? record.fields[column] : []
    if let milliseconds = Int64(String(decoding: text, as: UTF8.self)),
      (0..<86_400_000).contains(milliseconds)
    {
      let clock = TimeText.clock(nanoseconds: milliseconds * 1_000_000, digits: 3)
      lines.append(contentsOf: (date + " " + clock).utf8)
    } else {
      // No time of day: the row is quarantined for it.
      lines.append(contentsOf: text)
    }
    lines.append(0x0A)
    return true
  }

  /// How what is handed out is read.
  static func reading(_ own: InferredReading, column: Int) -> InferredReading {
    var reading = own
    reading.lineCount = 0
    reading.uses[column] = .ignored("part of ts_event")
    reading.names.append("ts_event")
    reading.uses.append(.time)
    return reading
  }

  /// Whether values count the milliseconds of one day: whole seconds, rising.
  static func areTimes(_ values: [[UInt8]]) -> Bool {
    let numbers = values.map { Int64(String(decoding: $0, as: UTF8.self)) }
    guard numbers.count >= 3, let last = numbers.last ?? nil, last >= 60_000 else { return false }
    let whole = numbers.compactMap { $0 }
    return whole.count == numbers.count && zip(whole, whole.dropFirst()).allSatisfy { $0 < $1 }
      && whole.allSatisfy { (0..<86_400_000).contains($0) && $0 % 1000 == 0 }
  }
}
