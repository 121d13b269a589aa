import Bytes

/// The beginning of a delimited text: what stands above its table, the names of its columns, and its first rows.
struct TextTable {
  /// Records that are split whatever the text's length.
  static let recordCountMax = 400

  struct Record {
    var fields: [[UInt8]]
    /// Where it begins, from 1.
    var line: Int
  }

  var delimiter: UInt8
  /// Lines above the header, and lines that the header takes.
  private(set) var preamble: [Record] = []
  private(set) var headers: [Record] = []
  private(set) var rows: [Record] = []
  /// Fields of most rows.
  private(set) var width = 0
  /// Rows with fewer and with more fields than that.
  private(set) var shortRowCount = 0
  private(set) var longRowCount = 0
  /// Lines above the first row.
  private(set) var firstRowLine = 1

  /// - Parameters:
  ///   - bytes: UTF-8, without a mark, from the beginning of the text.
  ///   - isWhole: Whether the text ends with them.
  /// - Returns: nil where no rows of values are found.
  init?(_ bytes: [UInt8], isWhole: Bool, delimiter given: UInt8?, skipping skipCount: Int?) {
    let lines = PaddedText(bytes, isWhole: isWhole)
    let candidates: [UInt8] = given.map { [$0] } ?? [0x09, 0x3B, 0x7C, 0x2C]
    var best: (delimiter: UInt8, records: [Record], share: Double)?
    for candidate in candidates {
      let records = lines.records(candidate, max: Self.recordCountMax)
      let share = Self.share(records)
      if share >= 0.5, share > (best?.share ?? 0) + 0.1 { best = (candidate, records, share) }
    }
    guard let best else { return nil }
    delimiter = best.delimiter
    guard var first = Self.firstRow(best.records) else { return nil }
    if let skipCount {
      // What is skipped is no header, and what follows it is one or a row.
      guard let begin = best.records.firstIndex(where: { $0.line > skipCount }) else { return nil }
      preamble = Array(best.records[..<begin])
      first = max(first, begin)
      headers = Array(best.records[begin..<first])
    } else {
      split(best.records, first)
    }
    rows = Array(best.records[first...])
    firstRowLine = rows.first?.line ?? 1
    countWidths()
  }

  private mutating func split(_ records: [Record], _ first: Int) {
    var begin = first
    // A header of several lines is one whose lines are as wide as the rows.
    let width = records[first].fields.count
    while begin > 0, abs(records[begin - 1].fields.count - width) <= 1 || begin == first,
      records[begin - 1].fields.count > 1
    {
      begin -= 1
    }
    if first - begin > 1, !Self.isMultiple(records[begin..<first]) { begin = first - 1 }
    preamble = Array(records[..<begin])
    headers = Array(records[begin..<first])
  }

  /// Whether lines above the rows are one header: yfinance's, of prices by ticker.
  private static func isMultiple(_ records: ArraySlice<Record>) -> Bool {
    records.contains { record in
      record.fields.contains { ["ticker", "tickers"].contains(ColumnRole.key(text($0))) }
    } || records.last.map { $0.fields.dropFirst().allSatisfy(\.isEmpty) } ?? false
  }

  /// The share of records that have as many fields as most, of two or more.
  private static func share(_ records: [Record]) -> Double {
    var counts: [Int: Int] = [:]
    for record in records { counts[record.fields.count, default: 0] += 1 }
    guard let most = counts.filter({ $0.key > 1 }).values.max() else { return 0 }
    return Double(most) / Double(max(records.count, 1))
  }

  private mutating func countWidths() {
    var counts: [Int: Int] = [:]
    for row in rows { counts[row.fields.count, default: 0] += 1 }
    width = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? 0
    padsTo(width)
  }

  /// All rows end before the header does: as many fields as it has are meant.
  ///
  /// The last of several rows is not counted as short: it is short where the file was cut off, and such a row
  /// must be quarantined, not filled up.
  mutating func padsTo(_ count: Int) {
    width = count
    let whole = rows.count > 1 ? rows.dropLast() : rows[...]
    shortRowCount = whole.count { $0.fields.count < count && !FileInspection.isFooter($0, count) }
    longRowCount = rows.count { $0.fields.count > count }
  }

  /// Index of the first record of which half or more is values.
  private static func firstRow(_ records: [Record]) -> Int? {
    records.firstIndex { record in
      guard record.fields.count > 1 else { return false }
      let filled = record.fields.filter { !$0.isEmpty }
      let values = filled.count { isValue($0) }
      return values > 0 && values * 2 >= filled.count
    }
  }

  /// Whether a text is a number or a time in some form.
  static func isValue(_ text: [UInt8]) -> Bool {
    text.withUnsafeBytes { bytes in
      TextConversion.isNull(bytes) && !bytes.isEmpty || NumberStyle.NumberParts(bytes) != nil
        || TextConversion.isNumber(bytes) || TimeConversion.parse(bytes) != nil
    } || CompactTime.clock(text) != nil || !TimePattern.candidates(text).isEmpty
  }

  static func text(_ bytes: [UInt8]) -> String {
    let start = bytes.starts(with: [0x23]) ? 1 : 0
    return String(decoding: bytes[start...], as: UTF8.self)
  }
}

/// Bytes of a text with room behind them for wide loads.
final class PaddedText {
  private let buffer: ByteBuffer
  private let end: Int

  init(_ bytes: [UInt8], isWhole: Bool) {
    let buffer = ByteBuffer(capacity: bytes.count + 128)
    buffer.reserve(bytes.count + 128)
    self.buffer = buffer
    bytes.withUnsafeBytes { source in
      if let from = source.baseAddress {
        buffer.base.copyMemory(from: from, byteCount: source.count)
      }
    }
    var count = bytes.count
    if !bytes.contains(0x0A), bytes.contains(0x0D) {
      for at in 0..<count where buffer.base.load(fromByteOffset: at, as: UInt8.self) == 0x0D {
        buffer.base.storeBytes(of: 0x0A, toByteOffset: at, as: UInt8.self)
      }
    }
    if isWhole, count > 0, bytes.last != 0x0A {
      buffer.base.storeBytes(of: 0x0A, toByteOffset: count, as: UInt8.self)
      count += 1
    }
    end = count
    buffer.count = count
  }

  /// The first whole records, empty lines left out; their fields trimmed.
  func records(_ delimiter: UInt8, max: Int) -> [TextTable.Record] {
    var records: [TextTable.Record] = []
    let base = UnsafeRawPointer(buffer.base)
    var (at, line) = (0, 1)
    while at < end, records.count < max {
      if let next = CSVHeader.blankLine(base, at, end) {
        (at, line) = (next, line + 1)
        continue
      }
      guard
        let record = CSVRecord.whole(
          base, at, end, delimiter: delimiter, fieldCountMax: CSVHeader.columnCountMax)
      else { break }
      let fields = record.fields.map { field in
        CSVRecord.content(base, field).withUnsafeBytes { [UInt8](TextConversion.trimmed($0)) }
      }
      records.append(TextTable.Record(fields: fields, line: line))
      at = record.end
      line += record.lineCount
    }
    return records
  }
}
