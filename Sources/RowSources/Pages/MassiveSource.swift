import Bytes
import Catalog
import Columnar
import JSON
import Massive

/// Massive's pages being turned into packed rows, in constant memory: one page at a time.
public final class MassiveSource: RowSource {
  /// Bytes of distinct texts that one source may hold; they stay in memory until its end.
  static let textByteCountMax = 256 << 20

  /// How a row lies in a block.
  public let layout: RowLayout
  /// The texts of all rows.
  public let strings: StringTable
  private let path: String
  private let stream: PageStream
  private let parser: PageParser
  /// Evaluates the row rules of the table's schema.
  package let rules: RowRuleEvaluator
  private let checksAdjustment: Bool
  /// What the user says that the rows are of.
  private let statedSymbol: String?
  /// Whether bars are adjusted for splits, as told or as the first page says.
  public private(set) var isAdjusted: Bool?
  /// Of pages of bars, each once.
  package private(set) var tickers: [String] = []
  private var seenTickers: Set<String> = []
  /// The first of `tickers`; nil before a page of bars was read.
  package var ticker: String? { tickers.first }
  /// What the first page holds.
  package var kind: PageKind { parser.kind }
  /// Whether the pages are of bars, of an index or of anything else.
  package var isOfBars: Bool { parser.kind == .bars || parser.kind == .indexBars }
  /// A page that was read before anyone asked for rows.
  private var waiting: RowBlock?
  private var recordCount: Int64 = 0
  private var rejected: [SourceRejection] = []
  private var totals = SourceReport()

  /// - Parameters:
  ///   - supply: A spool of a download, or pages as they were received.
  ///   - path: For messages.
  ///   - schema: Of the rows: its rules are applied.
  ///   - isAdjusted: What bars must be; nil: what the first page says.
  public init(
    supply: any ByteSupply, path: String, kind: PageKind, schema: TableSchema,
    context: PageContext = PageContext(), isAdjusted: Bool? = nil
  ) throws {
    self.path = path
    self.isAdjusted = isAdjusted
    stream = PageStream(supply: supply)
    strings = StringTable()
    parser = try PageParser(kind, strings: strings, context: context)
    layout = kind.layout
    checksAdjustment = kind == .bars
    statedSymbol = context.scope == nil ? context.symbol : nil
    rules = try Self.rules(SourceSchema(schema), layout)
  }

  private static func rules(
    _ schema: SourceSchema, _ layout: RowLayout
  ) throws(SourceError) -> RowRuleEvaluator {
    var fields: [String: RowField] = [:]
    var scales: [String: Int] = [:]
    for column in schema.columns {
      fields[column.name] = layout.field(named: column.field) ?? layout.field(named: column.name)
      if case .decimal(_, let scale) = column.type { scales[column.name] = scale }
    }
    return try RowRuleEvaluator(schema.rules, fields: fields, scales: scales)
  }

  /// What was read so far.
  public var report: SourceReport { totals }
  /// SHA-256 of the decompressed content; nil before its end.
  public var contentHash: String? { stream.contentHash }

  /// Rows for quarantine since the last call.
  public func takeRejected() -> [SourceRejection] {
    defer { rejected = [] }
    return rejected
  }

  /// Reads the first page now, so that `isAdjusted` is known.
  func readAhead() throws {
    let block = RowBlock(layout: layout)
    if try next(block) { waiting = block }
  }

  /// Reads rows into a block; false at the end.
  public func next(_ block: RowBlock) throws -> Bool {
    block.bytes.removeAll()
    if let waiting {
      block.bytes.append(waiting.bytes.bytes)
      block.firstOrdinal = waiting.firstOrdinal
      self.waiting = nil
      return true
    }
    do {
      guard try stream.skipSpace() else { return false }
      try readPage(block)
      block.firstOrdinal = totals.rowCount
      totals.rowCount += Int64(block.rowCount)
      if strings.values.bytes.count > Self.textByteCountMax {
        throw SourceError(
          .tooManyTexts, "the distinct texts take more than \(Self.textByteCountMax >> 20) MiB",
          place: .init(byteOffset: stream.offset))
      }
      return true
    } catch let error as SourceError {
      throw error.at(path)
    } catch let error as MassiveError {
      throw error.at(path)
    }
  }

  private func readPage(_ block: RowBlock) throws {
    if let size = try stream.nextSize() {
      let page = UnsafeRawBufferPointer(rebasing: stream.bytes.prefix(size))
      let envelope = try parser.parseWhole(page, into: block)
      try finish(envelope, page, block)
      stream.take(size)
      return
    }
    try stream.fillEagerly()
    while true {
      do {
        let (envelope, end) = try parser.parse(stream.bytes, into: block)
        let page = UnsafeRawBufferPointer(rebasing: stream.bytes.prefix(end))
        try finish(envelope, page, block)
        stream.take(end)
        return
      } catch let error as JSONError {
        if error.code == .truncated, try stream.grow() { continue }
        throw SourceError(
          .unreadable, error.message, place: .init(byteOffset: stream.offset + error.offset),
          remedy: error.code == .truncated ? "fetch the page again: it is not whole" : nil)
      }
    }
  }

  private func finish(
    _ envelope: PageEnvelope, _ page: UnsafeRawBufferPointer, _ block: RowBlock
  ) throws {
    if envelope.isRefused { throw envelope.refusal(of: "what was asked for") }
    if let ticker = envelope.ticker, let statedSymbol, ticker != statedSymbol {
      throw SourceError(
        .needsSymbol, "the page's bars are of '\(ticker)', and --symbol \(statedSymbol) was given",
        place: .init(byteOffset: stream.offset), remedy: "leave out --symbol")
    }
    if let ticker = envelope.ticker, seenTickers.insert(ticker).inserted { tickers.append(ticker) }
    if checksAdjustment, let found = envelope.isAdjusted, envelope.recordCount > 0 {
      if let expected = isAdjusted, expected != found {
        throw MassiveError(
          .otherAdjustment,
          "bars \(Self.words(found)) among bars \(Self.words(expected))",
          place: "byte \(stream.offset)", remedy: "they go into tables of their own")
      }
      isAdjusted = found
    }
    let refused = parser.takeRejected()
    try applyRules(block, page, refused.map(\.position))
    for record in refused {
      rejected.append(rejection(record))
    }
    rejected.sort { $0.rowNumber < $1.rowNumber }
    totals.rejectedCount += Int64(refused.count)
    recordCount += Int64(envelope.recordCount)
  }

  static func words(_ isAdjusted: Bool) -> String {
    isAdjusted ? "adjusted for splits" : "as they were traded"
  }

  private func rejection(_ record: RejectedRecord) -> SourceRejection {
    SourceRejection(
      rule: record.rule, reason: record.reason,
      rowNumber: recordCount + Int64(record.position) + 1, line: nil,
      byteOffset: Int64(stream.offset + record.byteOffset), symbol: record.symbol,
      timestamp: record.timestamp, original: record.original, originalForm: .json)
  }

  /// - Parameter refused: Positions of the page's records that made no row, rising.
  private func applyRules(
    _ block: RowBlock, _ page: UnsafeRawBufferPointer, _ refused: [Int]
  ) throws {
    let broken = rules.broken(
      UnsafeRawPointer(block.bytes.base), rowCount: block.rowCount, stride: layout.stride)
    var removed: [(row: Int, rule: SourceRule, position: Int)] = []
    // Rows come in their order, so that the records before them are counted once.
    var passed = 0
    var flags = RowFlags(rules)
    for finding in broken {
      let rule = rules.rules[finding.rule]
      switch rule.action {
      case .flag: flags.add(finding)
      case .fail:
        throw SourceError(
          .brokenRule, "\(rule.name): \(rule.reason)", place: .init(byteOffset: stream.offset))
      case .quarantine:
        if removed.last?.row == finding.row { continue }
        while passed < refused.count, refused[passed] <= finding.row + passed { passed += 1 }
        removed.append((finding.row, rule, finding.row + passed))
      }
    }
    flags.count(apartFrom: removed.map(\.row), in: &totals)
    if removed.isEmpty { return }
    if removed.count > SourceRejection.countMax {
      throw MassiveError(
        .tooManyBadRows,
        "more than \(SourceRejection.countMax) results of a page are bad: "
          + removed[0].rule.reason, place: "byte \(stream.offset)")
    }
    reject(removed, block, page)
    RowBlockEdit.remove(removed.map(\.row), from: block)
    totals.rejectedCount += Int64(removed.count)
  }

  /// Sets rows aside that were read, each by its rule and with its record's position in the page.
  private func reject(
    _ removed: [(row: Int, rule: SourceRule, position: Int)], _ block: RowBlock,
    _ page: UnsafeRawBufferPointer
  ) {
    let originals = parser.records(Set(removed.map(\.position)), in: page)
    let symbol = layout.field(named: "symbol")
    for (index, rule, position) in removed {
      let row = UnsafeRawPointer(block.bytes.base) + index * layout.stride
      rejected.append(
        rejection(
          RejectedRecord(
            rule: rule.name, reason: rule.reason, position: position, byteOffset: 0,
            symbol: symbol.map { strings[row.loadLE($0.offset, as: UInt32.self)] },
            timestamp: row.loadLE(MassiveLayout.indexOffset, as: Int64.self),
            original: originals[position] ?? "")))
    }
  }
}
