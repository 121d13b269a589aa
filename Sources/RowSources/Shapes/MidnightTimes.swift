import Columnar

/// Rows whose times are times of day, or milliseconds since midnight, of a date that stands elsewhere: each gets its whole
/// time.
final class MidnightTimes: RecordTranslator {
  /// How the times are written.
  enum Form: Hashable, Sendable {
    case milliseconds
    /// `09:30:00`.
    case clock

    /// Nanoseconds since midnight; nil for anything else.
    func read(_ text: [UInt8]) -> Int64? {
      switch self {
      case .clock: return CompactTime.clock(text)
      case .milliseconds:
        guard let count = Int64(String(decoding: text, as: UTF8.self)),
          (0..<86_400_000).contains(count)
        else { return nil }
        return count * 1_000_000
      }
    }
  }

  private let records: RecordStream
  private let column: Int
  private let form: Form
  private let symbolColumn: Int?
  private let date: String
  private let delimiter: UInt8
  private var order = ClockOrder()

  init(
    _ supply: any ByteSupply, _ reading: InferredReading, column: Int, form: Form, date: String
  ) throws {
    records = try RecordStream(
      supply, delimiter: reading.delimiter, skipping: reading.lineCount)
    self.column = column
    self.form = form
    self.date = date
    symbolColumn = reading.uses.firstIndex(of: .field("symbol"))
    delimiter = reading.delimiter
  }

  var contentHash: String? { records.contentHash }

  func appendNext(to lines: inout [UInt8]) throws -> Bool {
    guard let record = try records.next() else { return false }
    lines.append(contentsOf: record.bytes)
    lines.append(delimiter)
    let text = column < record.fields.count ? record.fields[column] : []
    if let time = form.read(text) {
      if form == .clock {
        let symbol = symbolColumn.map { $0 < record.fields.count ? record.fields[$0] : [] } ?? []
        if !order.follows(time, symbol) { throw ClockOrder.refusal(text) }
      }
      let digits = time % 1_000_000 == 0 ? 3 : 9
      lines.append(
        contentsOf: (date + " " + TimeText.clock(nanoseconds: time, digits: digits)).utf8)
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

/// Tells whether times of day begin again: then they are of more than one day.
struct ClockOrder {
  /// How far times go back where rows are merely out of order, in nanoseconds.
  private static let disorderMax: Int64 = 3600 * 1_000_000_000
  /// Symbols whose times are followed.
  private static let symbolCountMax = 100_000

  /// By symbol, the last time, and whether times rise.
  private var last: [[UInt8]: (time: Int64, isRising: Bool?)] = [:]

  /// Whether a time can be of the same day as those before it.
  mutating func follows(_ time: Int64, _ symbol: [UInt8]) -> Bool {
    guard let before = last[symbol] else {
      if last.count < Self.symbolCountMax { last[symbol] = (time, nil) }
      return true
    }
    let isRising = before.isRising ?? (time == before.time ? nil : time > before.time)
    last[symbol] = (time, isRising)
    // checked: both are below a day
    let back = isRising == false ? time - before.time : before.time - time
    return back <= Self.disorderMax
  }

  static func refusal(_ text: [UInt8]) -> SourceError {
    SourceError(
      .needsForm,
      "times without dates begin again at '\(TextTable.text(text))': the rows are of more than one day, and --date says one",
      remedy: "give every row its date, in the column of times or in one beside it")
  }
}
