import Columnar

/// A chain as exchanges print it: calls on the left of the strike, puts on its right, two contracts a line. What the lines
/// above it say of the underlying and the time belongs to every row.
final class QuoteBoard: RecordTranslator {
  /// Where the two halves, the strike and the expiry stand.
  struct Layout: Hashable, Sendable {
    var expiry: Int
    var strike: Int
    /// First columns of the two halves: the contracts' names.
    var calls: Int
    var puts: Int
    /// Names of the columns of one half, without its first.
    var names: [String]
  }

  /// What every row has in common.
  struct Moment: Hashable, Sendable {
    /// Nanoseconds since 1970 UTC.
    var time: Int64
    var underlyingPrice: String?
  }

  private let records: RecordStream
  private let layout: Layout
  private let moment: Moment
  private let expiryForms: [TimePattern]

  init(
    _ supply: any ByteSupply, _ reading: InferredReading, _ layout: Layout, _ moment: Moment,
    expiryForms: [TimePattern]
  ) throws {
    records = try RecordStream(
      supply, delimiter: reading.delimiter, skipping: reading.lineCount)
    self.layout = layout
    self.moment = moment
    self.expiryForms = expiryForms
  }

  var contentHash: String? { records.contentHash }

  func appendNext(to lines: inout [UInt8]) throws -> Bool {
    guard let record = try records.next() else { return false }
    let time = Array(TimeText.iso(nanoseconds: moment.time, digits: 0).utf8)
    for (start, right) in [(layout.calls, UInt8(0x43)), (layout.puts, 0x50)] {
      let end = start + 1 + layout.names.count
      guard record.fields.count >= end, record.fields.count > layout.strike else {
        // As it stands: it will be quarantined for what it lacks.
        lines.appendRecord(record.fields)
        return true
      }
      let name = record.fields[start]
      lines.appendRecord(
        [
          name, time, expiry(record.fields[layout.expiry]), record.fields[layout.strike], [right],
          Array(name.prefix { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }),
          Array((moment.underlyingPrice ?? "").utf8),
        ] + record.fields[(start + 1)..<end])
    }
    return true
  }

  private func expiry(_ text: [UInt8]) -> [UInt8] {
    for form in expiryForms {
      if let day = text.withUnsafeBytes({ form.read($0)?.day }) {
        return Array(CivilDate(daysSinceEpoch: day).iso.utf8)
      }
    }
    return text
  }

  /// How what is handed out is read.
  static func reading(_ layout: Layout) -> InferredReading {
    let names =
      ["symbol", "ts_event", "expiry", "strike", "right", "underlying", "underlying_price"]
      + layout.names
    let uses: [ColumnInference] = names.map { name in
      name == "ts_event"
        ? .time : ColumnRole.of(name).map { .field($0.rawValue) } ?? .byName
    }
    return InferredReading(lineCount: 0, names: names, delimiter: 0x2C, uses: uses)
  }
}

extension QuoteBoard.Layout {
  /// nil where a header names no such board.
  init?(_ names: [String]) {
    let keys = names.map(ColumnRole.key)
    guard let calls = keys.firstIndex(of: "calls"), let puts = keys.firstIndex(of: "puts"),
      let strike = keys.firstIndex(of: "strike"), calls < strike, strike < puts,
      let expiry = keys.firstIndex(where: { ColumnRole.names[$0] == .expiry }),
      names.count >= puts + strike - calls
    else { return nil }
    self.init(
      expiry: expiry, strike: strike, calls: calls, puts: puts,
      names: Array(names[(calls + 1)..<strike]))
  }
}

extension QuoteBoard.Moment {
  /// What the lines above a board say: `Date: February 7, 2023 at 5:34 PM EST`, `Last: 4164`.
  init?(_ preamble: [TextTable.Record]) {
    var (time, price): (Int64?, String?)
    for field in preamble.flatMap(\.fields) {
      let words = TextTable.text(field).split(separator: " ").map(String.init)
      if words.first == "Last:", words.count == 2 { price = words[1] }
      let said = words.filter { $0 != "Date:" && $0 != "at" }.joined(separator: " ")
      for form in ["%b %d, %Y %I:%M %p %Z", "%b %d, %Y, %I:%M %p %Z", "%Y-%m-%d %H:%M:%S %Z"] {
        let bytes = Array(said.utf8)
        guard
          let read = TimePattern(parsing: form).flatMap({ form in
            bytes.withUnsafeBytes { form.parse($0) }
          }), let offset = read.offset
        else { continue }
        time = read.nanoseconds - offset * 1_000_000_000
      }
    }
    guard let time else { return nil }
    self.init(time: time, underlyingPrice: price)
  }
}
