/// A chain with a call and a put a line, as OptionsDX writes it: `[C_BID]`, `[P_BID]` and so on beside what both have in
/// common. Each line becomes two rows.
final class PairedChain: RecordTranslator {
  /// Where everything stands.
  struct Layout: Hashable, Sendable {
    var expiry: Int
    var strike: Int
    /// Column of what the contracts are on; nil where the user says it.
    var underlying: Int?
    var underlyingPrice: Int?
    /// Columns of the two halves, in the order of `names`.
    var calls: [Int]
    var puts: [Int]
    /// What the columns of a half are called, without their side.
    var names: [String]
    /// Columns of both contracts that no column of the table takes.
    var others: [Int]
  }

  private let records: RecordStream
  private let layout: Layout
  private let underlying: [UInt8]
  private let times: [Int]
  private let date: [UInt8]
  private let sizes: Int?

  /// - Parameters:
  ///   - times: Columns of the time, or of its date and its time of day; empty where all rows have one date.
  ///   - underlying: Of all rows, where no column says it.
  ///   - date: Of all rows, where no column says it.
  init(
    _ supply: any ByteSupply, _ reading: InferredReading, _ layout: Layout, times: [Int],
    underlying: String, date: String?
  ) throws {
    records = try RecordStream(
      supply, delimiter: reading.delimiter, skipping: reading.lineCount)
    self.layout = layout
    self.underlying = Array(underlying.utf8)
    self.times = times
    self.date = Array((date ?? "").utf8)
    sizes = layout.names.firstIndex(of: Self.sizeName)
  }

  var contentHash: String? { records.contentHash }

  func appendNext(to lines: inout [UInt8]) throws -> Bool {
    guard let record = try records.next() else { return false }
    let fields = record.fields.map(Self.trimmed)
    let columns = layout.calls + layout.puts + [layout.expiry, layout.strike] + times
    guard let last = columns.max(), last < fields.count else {
      // As it stands: it will be quarantined for what it lacks.
      lines.appendRecord(record.fields)
      return true
    }
    let root = layout.underlying.map { $0 < fields.count ? fields[$0] : [] } ?? underlying
    let price = layout.underlyingPrice.map { $0 < fields.count ? fields[$0] : [] } ?? []
    let when = times.isEmpty ? [date] : times.map { fields[$0] }
    let others = layout.others.map { $0 < fields.count ? fields[$0] : [] }
    let (expiry, strike) = (fields[layout.expiry], fields[layout.strike])
    for (half, right) in [(layout.calls, UInt8(ascii: "C")), (layout.puts, UInt8(ascii: "P"))] {
      let name = [root, expiry, [right], Self.withoutZeros(strike)].joined(separator: [0x20])
      var values = half.map { fields[$0] }
      if let sizes {
        let (bid, ask, rest) = Self.sides(values[sizes])
        values[sizes] = rest
        values += [bid, ask]
      }
      lines.appendRecord(
        when + [Array(name), expiry, strike, [right], root, price] + values + others)
    }
    return true
  }

  /// Sizes of bid and offer in one column, as `300 x 12`; anything else stays as it is.
  private static func sides(_ text: [UInt8]) -> (bid: [UInt8], ask: [UInt8], rest: [UInt8]) {
    let parts = text.split(separator: UInt8(ascii: "x"), omittingEmptySubsequences: false)
      .map { trimmed(Array($0)) }
    let areCounts =
      parts.count == 2
      && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }
    return areCounts ? (parts[0], parts[1], []) : ([], [], text)
  }

  private static func trimmed(_ text: [UInt8]) -> [UInt8] {
    let rest = text.drop { $0 == 0x20 || $0 == 0x09 }
    return Array(
      rest[..<((rest.lastIndex { $0 != 0x20 && $0 != 0x09 } ?? rest.startIndex - 1) + 1)])
  }

  /// `310.500000` as `310.5`.
  private static func withoutZeros(_ number: [UInt8]) -> [UInt8] {
    guard number.contains(0x2E) else { return number }
    var number = number
    while number.last == 0x30 { number.removeLast() }
    if number.last == 0x2E { number.removeLast() }
    return number
  }

  /// What a column of both sizes is called.
  private static let sizeName = "size"

  /// How what is handed out is read.
  ///
  /// - Parameter times: As in `init`.
  static func reading(
    _ own: InferredReading, _ layout: Layout, times: [Int]
  ) -> InferredReading {
    let head = ["symbol", "expiry", "strike", "right", "underlying", "underlying_price"]
    let sizes = layout.names.contains(sizeName) ? ["bid_size", "ask_size"] : []
    let known = head + layout.names + sizes
    var names = times.count == 2 ? ["date", "clock"] : ["ts_event"]
    var uses: [ColumnInference] = times.count == 2 ? [.dated(clock: 1), .clock] : [.time]
    var reading = own
    reading.patterns = [:]
    if let time = times.first, let pattern = own.patterns[time] { reading.patterns[0] = pattern }
    uses += known.map { name in
      if name == sizeName { return .extra }
      return ColumnRole(rawValue: name).map { .field($0.rawValue) } ?? .extra
    }
    uses += layout.others.map { _ in .extra }
    names += known + layout.others.map { own.names[$0] }
    reading.lineCount = 0
    reading.delimiter = 0x2C
    (reading.names, reading.uses, reading.notes) = (names, uses, [])
    reading.symbolSuffixColumn = nil
    return reading
  }
}

extension PairedChain.Layout {
  private static let calls = ["c_", "call_", "calls_"]
  private static let puts = ["p_", "put_", "puts_"]

  /// nil where a header names no such chain: a strike, an expiry, and a bid or a last price of both sides.
  ///
  /// - Parameter times: Columns of the rows' time.
  init?(_ names: [String], times: [Int]) {
    let keys = names.map(Self.key)
    var (callColumns, putColumns, found): ([Int], [Int], [String]) = ([], [], [])
    for (column, key) in keys.enumerated() {
      guard let side = Self.calls.firstIndex(where: { key.hasPrefix($0) }) else { continue }
      let rest = String(key.dropFirst(Self.calls[side].count))
      guard let put = keys.firstIndex(of: Self.puts[side] + rest) else { continue }
      callColumns.append(column)
      putColumns.append(put)
      let role = ColumnRole.names[ColumnRole.key(rest)]
      found.append(role == .size ? rest : role?.rawValue ?? rest)
    }
    func column(_ roles: Set<ColumnRole>) -> Int? {
      names.indices.first { index in
        !callColumns.contains(index) && !putColumns.contains(index) && !times.contains(index)
          && (ColumnRole.of(names[index]).map(roles.contains) ?? false)
      }
    }
    guard Set(found).count == found.count, found.contains("bid") || found.contains("last"),
      let strike = column([.strike]), let expiry = column([.expiry])
    else { return nil }
    self.expiry = expiry
    self.strike = strike
    (calls, puts, self.names) = (callColumns, putColumns, found)
    underlying = column([.underlying, .symbol])
    underlyingPrice = column([.underlyingPrice])
    let taken = Set(callColumns + putColumns + times + [expiry, strike])
      .union([underlying, underlyingPrice].compactMap { $0 })
    others = names.indices.filter { !taken.contains($0) }
  }

  /// A name in lower case, with one mark between its words.
  private static func key(_ name: String) -> String {
    name.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "_")
  }
}
