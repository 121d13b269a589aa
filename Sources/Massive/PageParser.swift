import Bytes
import Columnar
import JSON
import Market

/// The endpoint of pages.
public enum PageKind: Sendable, Hashable {
  /// `/v2/aggs/ticker/…/range/…` of a stock or an option.
  case bars
  /// The same of an index: values, no volume.
  case indexBars
  /// `/v3/reference/options/contracts`, also of one contract.
  case contracts
  /// `/v1/open-close/…`.
  case openClose
  /// `/v2/reference/news`.
  case news

  var shape: RecordShape {
    switch self {
    case .bars: .bars
    case .indexBars: .indexBars
    case .contracts: .contracts
    case .openClose: .openClose
    case .news: .news
    }
  }

  /// The layout of the packed rows.
  public var layout: RowLayout { shape.layout }
}

/// What the pages' rows need and the pages do not have.
public struct PageContext: Sendable {
  /// The requested ticker.
  public var symbol: String?
  /// For contracts: the date of the list, as its first instant in New York.
  public var asOf: Int64?
  /// The request, if known: a page with anything else is refused.
  public var scope: PageScope?

  /// All parts are optional.
  public init(symbol: String? = nil, asOf: Int64? = nil, scope: PageScope? = nil) {
    self.symbol = symbol
    self.asOf = asOf
    self.scope = scope
  }
}

/// Parses pages of one kind into packed rows.
public final class PageParser {
  /// Records per page that may be rejected before the page is refused.
  public static let rejectedMax = 10_000
  /// Size of a page's rows at most: an article has as many rows as tickers.
  static let rowByteCountMax = 256 << 20

  /// The kind of pages.
  public let kind: PageKind
  /// The texts of all rows.
  public let strings: StringTable
  let context: PageContext
  let records: RecordParser
  private(set) var rejected: [RejectedRecord] = []
  /// Records rejected since they were last taken.
  public var rejectedCount: Int { rejected.count }

  /// Loaded once: parsers are made for every file.
  private static let newYork = Result<TimeZoneRules, TimeZoneError> { () throws(TimeZoneError) in
    try TimeZoneRules.named(MassiveKind.timeZone)
  }

  /// Parses pages of one kind; the texts of their rows go to `strings`.
  public init(_ kind: PageKind, strings: StringTable, context: PageContext = PageContext())
    throws(TimeZoneError)
  {
    self.kind = kind
    self.strings = strings
    self.context = context
    records = RecordParser(
      shape: kind.shape, strings: strings, zone: try Self.newYork.get())
  }

  /// The records rejected since the last call.
  public func takeRejected() -> [RejectedRecord] {
    defer { rejected = [] }
    return rejected
  }

  /// Sets the ticker of the records that were rejected from `first` on.
  func nameRejected(from first: Int, _ ticker: String) {
    for index in first..<rejected.count { rejected[index].symbol = ticker }
  }

  /// Parses the page that begins at `start`, and appends its rows.
  ///
  /// - Parameters:
  ///   - bytes: White space before the page is skipped; what follows it is ignored.
  ///   - block: With the layout `kind.layout`; unchanged if an error is thrown.
  /// - Returns: The envelope, and where the page ends.
  /// - Throws: `JSONError.truncated` if the page continues after `bytes`; `MassiveError`.
  public func parse(
    _ bytes: UnsafeRawBufferPointer, at start: Int = 0, into block: RowBlock
  ) throws -> (envelope: PageEnvelope, end: Int) {
    let (rowByteCount, rejectedCount) = (block.bytes.count, rejected.count)
    do {
      var cursor = PageCursor(bytes, at: start)
      var envelope = PageEnvelope()
      if kind == .openClose {
        try readOpenClose(&cursor, &envelope, block)
      } else {
        try readPage(&cursor, &envelope, block)
      }
      try finish(&envelope, block, rowByteCount, rejectedCount, start)
      return (envelope, cursor.at)
    } catch {
      block.bytes.count = rowByteCount
      rejected.removeSubrange(rejectedCount...)
      throw error
    }
  }

  private func readPage(
    _ cursor: inout PageCursor, _ envelope: inout PageEnvelope, _ block: RowBlock
  ) throws {
    try cursor.expect(0x7B)
    var isFirst = true
    var hasResults = false
    var isAnswered = false
    while let key = try cursor.nextKey(isFirst: isFirst) {
      isFirst = false
      if key.equals("results") {
        if hasResults { throw MassiveError(.badPage, "'results' stands twice in the page") }
        hasResults = true
        isAnswered = try readResults(&cursor, &envelope, block)
      } else {
        try read(key, &cursor, &envelope)
      }
    }
    if isAnswered || envelope.isRefused || envelope.saysNone { return }
    throw MassiveError(
      .badPage, "the object has no 'results', and does not say that there are none",
      remedy: context.scope == nil
        ? "rows stand in a page, as the vendor sends them: \(Self.pageForm)" : nil)
  }

  /// How single records are turned into a page.
  public static let pageForm = "{\"results\": [ … ]}, which jq -s '{results: .}' FILE makes of them"

  /// Parses a member other than the results.
  ///
  /// - Throws: If a member that determines how the page is read has a wrong type, which must not count as
  ///   missing.
  func read(
    _ key: JSONText, _ cursor: inout PageCursor, _ envelope: inout PageEnvelope
  ) throws {
    var text: String?
    var number: Int64?
    var flag: Bool?
    cursor.skipSpace()
    let start = cursor.at
    try cursor.value { parser throws(JSONError) in
      switch try parser.peek() {
      case .string: text = try parser.string()
      case .number:
        number = DecimalText.parse(try parser.number(), scale: 0).flatMap { Int64(exactly: $0) }
      case .boolean: flag = try parser.boolean()
      default: try parser.skipValue()
      }
    }
    let found = UnsafeRawBufferPointer(start: cursor.base + start, count: cursor.at - start)
    if let expected = Self.expected(key, text: text, number: number, flag: flag, found) {
      throw MassiveError(
        .badPage,
        "'\(key.string)' is \(String(decoding: found.prefix(60), as: UTF8.self)), and not \(expected)",
        place: "byte \(start)")
    }
    if key.equals("ticker") {
      envelope.ticker = text
    } else if key.equals("adjusted") {
      envelope.isAdjusted = flag
    } else if key.equals("queryCount") {
      envelope.queryCount = number
    } else if key.equals("resultsCount") {
      envelope.resultsCount = number
    } else if key.equals("count") {
      envelope.count = number
    } else if key.equals("status") {
      envelope.status = text
    } else if key.equals("request_id") {
      envelope.requestID = text
    } else if key.equals("next_url") {
      envelope.nextURL = text
    } else if key.equals("error") || key.equals("message") {
      envelope.message = envelope.message ?? text
    }
  }

  /// The expected form of a member that determines how its page is read.
  private static func expected(
    _ key: JSONText, text: String?, number: Int64?, flag: Bool?, _ found: UnsafeRawBufferPointer
  ) -> String? {
    if key.equals("adjusted") { return flag == nil ? "true or false" : nil }
    if found.elementsEqual("null".utf8) { return nil }
    if key.equals("ticker") || key.equals("status") || key.equals("next_url") {
      return text == nil ? "a text" : nil
    }
    if key.equals("resultsCount") || key.equals("queryCount") {
      return number == nil ? "a whole number" : nil
    }
    return nil
  }

  /// - Returns: false if the results are null.
  private func readResults(
    _ cursor: inout PageCursor, _ envelope: inout PageEnvelope, _ block: RowBlock
  ) throws -> Bool {
    let first = try cursor.peek()
    if first == 0x7B {
      // A single contract, requested by name.
      try readRecord(&cursor, &envelope, block)
      return true
    }
    if first != 0x5B {
      let start = cursor.at
      try cursor.value { parser throws(JSONError) in try parser.skipValue() }
      let found = UnsafeRawBufferPointer(start: cursor.base + start, count: cursor.at - start)
      if found.elementsEqual("null".utf8) { return false }
      throw MassiveError(
        .badPage, "'results' is neither a list nor an object", place: "byte \(start)")
    }
    cursor.at += 1
    if try cursor.peek() == 0x5D {
      cursor.at += 1
      return true
    }
    while true {
      if kind == .bars || kind == .indexBars { readPlainBars(&cursor, &envelope, block) }
      try readRecord(&cursor, &envelope, block)
      if try cursor.peek() == 0x5D {
        cursor.at += 1
        return true
      }
      try cursor.expect(0x2C)
    }
  }

  /// Parses bars up to one that is written in another way, or is the last: that one is next.
  private func readPlainBars(
    _ cursor: inout PageCursor, _ envelope: inout PageEnvelope, _ block: RowBlock
  ) {
    let stride = kind.layout.stride
    let limit = cursor.base + cursor.count
    var at = cursor.base + cursor.at
    let isIndex = kind == .indexBars
    while limit - at > BarScanner.reach, at.loadLE(0, as: UInt8.self) == 0x7B {
      if block.bytes.count + stride > block.bytes.capacity {
        block.bytes.reserve(max(block.bytes.capacity * 2, 256 * stride))
      }
      let room = (block.bytes.capacity - block.bytes.count) / stride
      var row = block.bytes.base + block.bytes.count
      var count = 0
      while count < room, limit - at > BarScanner.reach {
        let end =
          isIndex
          ? BarScanner.indexBar(at, limit: limit, into: row)
          : BarScanner.bar(at, limit: limit, into: row)
        guard let end, end < limit, end.loadLE(0, as: UInt8.self) == 0x2C else { break }
        at = end + 1
        row += stride
        count &+= 1
        if at.loadLE(0, as: UInt8.self) != 0x7B { break }
      }
      block.bytes.count += count * stride
      envelope.recordCount += count
      if count < room { break }
    }
    cursor.at = at - cursor.base
  }

  /// Parses one record of any kind, however it is written.
  private func readRecord(
    _ cursor: inout PageCursor, _ envelope: inout PageEnvelope, _ block: RowBlock
  ) throws {
    let byte = try cursor.peek()
    let start = cursor.at
    defer { envelope.recordCount += 1 }
    guard byte == 0x7B else {
      try cursor.value { parser throws(JSONError) in try parser.skipValue() }
      let fault = RecordFault(rule: "unsupported_value", reason: "the result is no object")
      try reject(fault, nil, cursor, start, envelope.recordCount)
      return
    }
    let stride = kind.layout.stride
    block.bytes.reserve(block.bytes.count + stride)
    let row = block.bytes.base + block.bytes.count
    var fault: RecordFault?
    if kind == .news {
      fault = try readArticle(&cursor, block)
      if block.bytes.count > Self.rowByteCountMax {
        throw MassiveError(
          .tooLarge, "the page's rows take more than \(Self.rowByteCountMax >> 20) MiB",
          remedy: "ask for fewer articles a page")
      }
    } else {
      try cursor.value { parser throws(JSONError) in fault = try records.parse(&parser, into: row) }
      if kind == .contracts, let asOf = context.asOf {
        row.storeLE(asOf, records.shape.index.offset)
      }
      if fault == nil { block.bytes.count += stride }
    }
    // An article is parsed outside the block: it has no row yet.
    if let fault {
      try reject(fault, kind == .news ? nil : row, cursor, start, envelope.recordCount)
    }
  }

  /// - Parameter row: As far as it was parsed.
  func reject(
    _ fault: RecordFault, _ row: UnsafeMutableRawPointer?, _ cursor: PageCursor, _ start: Int,
    _ position: Int
  ) throws {
    let bytes = UnsafeRawBufferPointer(start: cursor.base + start, count: cursor.at - start)
    let shape = records.shape
    var record = RejectedRecord(
      rule: fault.rule, reason: fault.reason, position: position, byteOffset: start,
      original: String(decoding: bytes, as: UTF8.self))
    if let row {
      let time = UnsafeRawPointer(row).loadLE(shape.index.offset, as: Int64.self)
      if time > 0 { record.timestamp = time }
      let code = UnsafeRawPointer(row).loadLE(shape.symbol.offset, as: UInt32.self)
      if code > 0 { record.symbol = strings[code] }
    }
    rejected.append(record)
    if rejected.count > Self.rejectedMax {
      throw MassiveError(
        .tooManyBadRows,
        "more than \(Self.rejectedMax) results cannot be stored; the last: "
          + fault.reason)
    }
  }
}
