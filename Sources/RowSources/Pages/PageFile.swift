import Catalog
import Market
import Massive

/// Where the rows of a file belong, where nobody says otherwise.
package struct SourcePlacement: Sendable {
  /// The table of the kind of page.
  package var table: TableName
  /// As tables and the ledger name it.
  package var dataset: String
  /// Partition zone and properties for the table, if it is to be made.
  package var setting: TableSetting

  /// The table of a kind of Massive's.
  init(_ kind: MassiveKind, isAdjusted: Bool) throws {
    table = try MassiveTable.name(kind, isAdjusted: isAdjusted)
    dataset = kind.dataset
    setting = TableSetting(
      timeZone: MassiveKind.timeZone,
      properties: MassiveTable.properties(kind, isAdjusted: isAdjusted))
  }

  /// The table of flat files of trades and quotes.
  init(flatKind: String, dataset: String) throws {
    table = try TableName(
      layer: "raw", name: String(flatKind.map { $0 == "-" ? "_" : $0 }))
    self.dataset = dataset
    setting = TableSetting(timeZone: MassiveKind.timeZone)
  }
}

/// Opens files of Massive's pages: what they are is told from their first bytes.
enum PageFile {
  /// Bytes that are looked at.
  static let headByteCount = 1 << 16

  /// Whether bytes begin like a page, or a spool of pages.
  static func isPage(_ head: [UInt8]) -> Bool {
    let text = afterMark(head).drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    guard let first = text.first else { return false }
    if first == 0x7B { return true }
    guard (0x30...0x39).contains(first) else { return false }
    // A spool's size, alone in its line, and the page's brace behind it.
    let rest = text.drop { (0x30...0x39).contains($0) }
    return rest.first == 0x0A && rest.dropFirst().first == 0x7B
  }

  /// What stands behind a mark of the byte order.
  private static func afterMark(_ head: [UInt8]) -> ArraySlice<UInt8> {
    head.dropFirst(head.starts(with: PageStream.byteOrderMark) ? PageStream.byteOrderMark.count : 0)
  }

  static func open(
    _ head: [UInt8], _ supply: any ByteSupply, path: String, options: SourceOptions,
    hint: KindHint, lake: Lake?
  ) throws -> (source: MassiveSource, schema: TableSchema, placement: SourcePlacement) {
    var kind = try kind(head, path: path, options: options, hint: hint)
    try check(options, kind, path: path)
    let source = try source(kind, supply, path: path, options: options, lake: lake)
    if case .bars(let guessed, let span) = kind, let ticker = source.ticker {
      let market = try market(ticker, path: path)
      // The ticker may stand behind the results: until then only those tell what it is.
      guard (market == .indices) == (guessed == .indices) else {
        throw SourceError(
          .needsKind, "the bars of '\(ticker)' are not written like those of \(market.rawValue)",
          place: .init(path: path))
      }
      kind = .bars(market, span)
    }
    if let stated = hint.tableKind ?? hint.kind, stated != kind.schemaKind, stated != "ohlcv" {
      throw SourceError(
        .needsKind, "the file holds rows of \(kind.schemaKind), not of \(stated)",
        place: .init(path: path),
        remedy: hint.tableKind == nil
          ? "leave out --schema" : "store them into a table of their own: leave out --as")
    }
    let schema = try TableSchema.named(kind.schemaKind, in: lake)
    return (source, schema, try SourcePlacement(kind, isAdjusted: source.isAdjusted ?? false))
  }

  /// What is said of the rows must go with pages, whose members have names of their own.
  private static func check(
    _ options: SourceOptions, _ kind: MassiveKind, path: String
  ) throws(SourceError) {
    if let symbol = options.symbol, kind == .optionContracts || kind == .openClose {
      throw SourceError(
        .needsSymbol, "every row of the file names its symbol, and --symbol \(symbol) was given",
        place: .init(path: path), remedy: "leave out --symbol")
    }
    let flags = [
      ("--map", !options.columnMap.isEmpty), ("--columns", options.columns != nil),
      ("--delimiter", options.delimiter != nil),
    ]
    guard let flag = flags.first(where: { $0.1 })?.0 else { return }
    throw SourceError(
      .unknownMapping, "\(flag) is for files of columns, and the file holds the vendor's pages",
      place: .init(path: path), remedy: "leave out \(flag)")
  }

  /// The pages, the first of them read.
  private static func source(
    _ kind: MassiveKind, _ supply: any ByteSupply, path: String, options: SourceOptions, lake: Lake?
  ) throws -> MassiveSource {
    let asOf = kind == .optionContracts ? try self.asOf(path) : nil
    let source = try MassiveSource(
      supply: supply, path: path, kind: kind.pageKind,
      schema: try TableSchema.named(kind.schemaKind, in: lake),
      context: PageContext(symbol: options.symbol, asOf: asOf))
    try source.readAhead()
    return source
  }

  /// What the rows are.
  private static func kind(
    _ head: [UInt8], path: String, options: SourceOptions, hint: KindHint
  ) throws -> MassiveKind {
    let clues = PageClues(head)
    try checkIsPage(head, path: path)
    if clues.has("published_utc") { return .news }
    if clues.has("strike_price") || clues.has("expiration_date") { return .optionContracts }
    if clues.has("from") && clues.text("symbol") != nil { return .openClose }
    guard clues.has("results") || clues.has("resultsCount") || clues.has("queryCount") else {
      if clues.has("status"), let words = clues.text("error") ?? clues.text("message") {
        throw SourceError(
          .unsupported, "the file holds the vendor's refusal, and no rows: \(words)",
          place: .init(path: path), remedy: "fetch the page again, or leave the file out")
      }
      throw noPage(path)
    }
    let ticker = clues.text("ticker") ?? PagePath.ticker(path) ?? options.symbol
    let market = try ticker.map { try self.market($0, path: path) }
    return .bars(
      market ?? (clues.has("v") ? .stocks : .indices), try span(clues, path: path, hint: hint))
  }

  /// Refuses an object that stands by itself: what is no page would come to no rows.
  private static func checkIsPage(_ head: [UInt8], path: String) throws(SourceError) {
    guard let members = FirstObject(Array(afterMark(head))).members else { return }
    let parts: Set = [
      "results", "resultsCount", "queryCount", "count", "status", "error", "message",
    ]
    if !parts.isDisjoint(with: members) || members.isSuperset(of: ["from", "symbol"]) { return }
    let record: String
    if members.contains("published_utc") {
      record = "articles"
    } else if members.isSuperset(of: ["strike_price", "ticker"])
      || members.isSuperset(of: ["expiration_date", "ticker"])
    {
      record = "contracts"
    } else if members.isSuperset(of: ["o", "h", "l", "c", "t"]) {
      record = "bars"
    } else {
      throw noPage(path)
    }
    throw SourceError(
      .needsKind, "the file holds \(record) that stand by themselves, in no page",
      place: .init(path: path),
      remedy: "put them into one, as the vendor sends them: \(PageParser.pageForm)"
        + (record == "bars" ? "; and name the ticker: --symbol SPY" : ""))
  }

  /// The error for JSON of another kind.
  static func noPage(_ path: String) -> SourceError {
    SourceError(
      .needsKind, "the file is JSON, but no page of bars, contracts, news or open and close",
      place: .init(path: path),
      remedy:
        "rows are read from CSV and Parquet: what lake query wrote, it writes as those too, with -o rows.parquet; "
        + "see lake ingest --help")
  }

  /// Whether an object is a page, be it one that does not say all.
  static func isKnown(
    _ head: [UInt8], _ path: String, _ options: SourceOptions, _ hint: KindHint
  ) throws -> Bool {
    do {
      _ = try kind(head, path: path, options: options, hint: hint)
    } catch let error as SourceError {
      return error != noPage(path)
    }
    return true
  }

  /// Whether bytes begin like a list of JSON, which no page is.
  static func isList(_ head: [UInt8]) -> Bool {
    let blanks: Set<UInt8> = [0x20, 0x0A, 0x0D, 0x09]
    let text = afterMark(head).lazy.filter { !blanks.contains($0) }.prefix(2)
    return text.first == 0x5B && text.count == 2
      && text.dropFirst().allSatisfy { byte in
        [0x5B, 0x7B, 0x5D, 0x22].contains(byte) || (0x30...0x39).contains(byte)
      }
  }

  private static func market(_ ticker: String, path: String) throws(SourceError) -> MassiveMarket {
    if let market = MassiveMarket(ticker: ticker) { return market }
    throw SourceError(
      .unsupported, "'\(ticker)' is of a market that is not read", place: .init(path: path),
      remedy: "stocks (SPY), options (O:SPY250304C00601000) and indices (I:VIX) are")
  }

  /// The pages do not say how long their bars are: flags, tables and paths do, and must agree.
  private static func span(
    _ clues: PageClues, path: String, hint: KindHint
  ) throws(SourceError) -> BarSpan {
    let own = clues.text("next_url").flatMap(PagePath.span) ?? PagePath.span(path)
    let stated = try statedSpan(hint, path: path)
    if let own, let stated, own != stated {
      throw SourceError(
        .needsKind,
        "the file's path or its next page says that its bars are of \(own.name), and they were to be of \(stated.name)",
        place: .init(path: path),
        remedy: hint.interval == nil
          ? "store them into a table of their own: leave out --as" : "correct --interval")
    }
    if let span = stated ?? own { return span }
    throw SourceError(
      .needsKind, "the file holds bars, and nothing says of which interval",
      place: .init(path: path),
      remedy: hint.commandWords.isEmpty
        ? "say it: --interval 1m"
        : hint.commandLine(adding: ["--interval", likelySpan(clues)], path: path))
  }

  /// The length of bars that the distance of the first times makes likely: whole days are days.
  private static func likelySpan(_ clues: PageClues) -> String {
    let times = clues.numbers("t")
    let steps = zip(times, times.dropFirst()).map { abs($1 - $0) }.filter { $0 > 0 }
    guard let least = steps.min() else { return "1m" }
    if least % 86_400_000 == 0 { return "1d" }
    return Interval(nanoseconds: least.multipliedReportingOverflow(by: 1_000_000).partialValue)?
      .name ?? "1m"
  }

  /// The length of bars that flags or the table say, whatever the file.
  static func statedSpan(_ hint: KindHint, path: String) throws(SourceError) -> BarSpan? {
    if let text = hint.interval {
      if let span = BarSpan(parsing: text) { return span }
      throw SourceError(
        .needsKind, "'\(text)' is no interval", place: .init(path: path),
        remedy: "write it as 1s, 15s, 1m, 1h, 1d, 1w or 1mo")
    }
    if let kind = hint.tableKind ?? hint.kind,
      case .bars(_, let span)? = MassiveKind(
        schemaKind: kind)
    {
      return span
    }
    return hint.tableName?.split(separator: "_").last.flatMap { BarSpan(parsing: String($0)) }
  }

  /// The date of a list of contracts: the last one in its path.
  private static func asOf(_ path: String) throws -> Int64 {
    guard let date = PagePath.lastDate(path) else {
      throw SourceError(
        .needsKind, "nothing says as of which date the contracts are listed",
        place: .init(path: path), remedy: "put it into the file's name: contracts-2024-01-02.json")
    }
    return try TimeZoneText.startOfDay(date)
  }
}

/// Members that stand in the first bytes of a page.
package struct PageClues {
  private let head: [UInt8]

  /// - Parameter head: The first bytes of the file, decompressed.
  package init(_ head: [UInt8]) { self.head = head }

  /// Whether a member of this name stands there.
  package func has(_ name: String) -> Bool { index(of: name) != nil }

  /// The text of a member, where it is plain.
  func text(_ name: String) -> String? {
    guard var at = index(of: name) else { return nil }
    while at < head.count, head[at] <= 0x20 { at += 1 }
    guard at < head.count, head[at] == 0x22 else { return nil }
    let start = at + 1
    guard let end = head[start...].firstIndex(of: 0x22) else { return nil }
    let bytes = head[start..<end]
    return bytes.contains(0x5C) ? nil : String(decoding: bytes, as: UTF8.self)
  }

  /// The whole numbers of the members of one name, the first of them.
  func numbers(_ name: String) -> [Int64] {
    var (found, rest): ([Int64], [UInt8]) = ([], head)
    while found.count < 100, let at = PageClues(rest).index(of: name) {
      let text = rest[at...].drop { $0 <= 0x20 }.prefix { $0 >= 0x30 && $0 <= 0x39 }
      if let number = Int64(String(decoding: text, as: UTF8.self)) { found.append(number) }
      rest = Array(rest[at...])
    }
    return found
  }

  /// Behind the colon after a name in quotes.
  private func index(of name: String) -> Int? {
    let wanted = Array("\"\(name)\"".utf8)
    var at = 0
    while at + wanted.count < head.count {
      guard let quote = head[at...].firstIndex(of: 0x22) else { return nil }
      if quote + wanted.count < head.count, head[quote..<quote + wanted.count].elementsEqual(wanted)
      {
        var colon = quote + wanted.count
        while colon < head.count, head[colon] <= 0x20 { colon += 1 }
        if colon < head.count, head[colon] == 0x3A { return colon + 1 }
      }
      at = quote + 1
    }
    return nil
  }
}
