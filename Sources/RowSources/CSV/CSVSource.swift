import Bytes
import Columnar
import Compression
import Market

extension InputStream: ByteSupply {}

/// A CSV file being turned into packed rows.
///
/// It is read in the file's order and in constant memory: one chunk, one record and one block.
public final class CSVSource: RowSource {
  /// How a row lies in a block.
  public let layout: RowLayout
  /// Columns that the file has, by the table's names.
  public let filledColumns: Set<String>?
  /// In which zone dates without a time are read, and one of them.
  public let dates: (zone: TimeZoneRules, example: Int)?
  /// The texts of all rows.
  public let strings: StringTable
  private let path: String
  private let window: ByteWindow
  private let parser: CSVRowParser
  private let reader: CSVFieldReader
  private let rules: RowRuleEvaluator
  private let blockRowMax: Int
  private let textByteCountMax: Int
  /// Position after the last newline of the window, and how far newlines were looked for.
  private var safeEnd = 0
  private var totals = SourceReport()
  private var saysFooter = false

  /// Opens a file, or standard input for `-`; plain, gzip or zstd.
  public convenience init(
    path: String, schema: SourceSchema, options: SourceOptions
  ) throws {
    try self.init(
      supply: try InputStream(path: path), path: path, schema: schema, options: options)
  }

  /// Reads CSV from a supply of bytes.
  public convenience init(
    supply: any ByteSupply, path: String, schema: SourceSchema, options: SourceOptions
  ) throws {
    try self.init(supply: supply, path: path, options: options) { _ in schema }
  }

  /// Reads the header and decides how the file is written.
  ///
  /// - Parameter schema: Called once with what the file's columns are; says what its rows are.
  /// - Throws: `SourceError` where the file as a whole cannot be read: no header, a required column
  ///   that nothing fills, times without a zone.
  public init(
    supply: any ByteSupply, path: String, options: SourceOptions,
    schema: (SourceColumnNames) throws -> SourceSchema
  ) throws {
    self.path = path
    window = ByteWindow(supply: supply, chunkByteCount: options.chunkByteCount)
    strings = StringTable()
    blockRowMax = max(options.blockRowMax, 1)
    textByteCountMax = options.textByteCountMax
    do {
      let header = try CSVHeader.read(window, options: options)
      let schema = try schema(SourceColumnNames(names: header.names, samples: header.samples))
      let layout = SourceLayout(schema)
      self.layout = layout.layout
      let plan = try CSVPlan(header: header, schema: schema, layout: layout, options: options)
      reader = CSVFieldReader(plan: plan, delimiter: header.delimiter, strings: strings)
      parser = CSVRowParser(
        layout: layout, operations: plan.operations, reader: reader, delimiter: header.delimiter,
        strings: strings, template: layout.template(schema, options, strings),
        line: header.dataLine, options: options)
      rules = try RowRuleEvaluator(schema.rules, schema: schema, layout: layout)
      window.advance(to: header.dataStart)
      totals = Self.describe(plan)
      totals.notes = header.notes + plan.assignment.notes
      if let note = plan.assignment.noteWithoutExtra(schema) { totals.notes.append(note) }
      filledColumns = plan.assignment.filled(schema)
      dates = plan.dates
    } catch let error as SourceError {
      throw error.at(path)
    }
    safeEnd = Self.lastLineEnd(window, from: window.start)
  }

  private static func describe(_ plan: CSVPlan) -> SourceReport {
    var report = SourceReport()
    for (name, use) in zip(plan.names, plan.assignment.uses) {
      switch use {
      case .extra: report.extraColumns.append(name)
      case .ignored(let reason): report.ignoredColumns.append("\(name) (\(reason))")
      default: break
      }
    }
    return report
  }

  /// What was read so far.
  public var report: SourceReport {
    var report = totals
    report.ambiguousTimeCount = reader.ambiguousCount
    report.sentinelCount = reader.sentinelCount
    report.crampedColumns = reader.crampedTargets
    report.overfullColumns = reader.overfullTargets
    return report
  }

  /// SHA-256 of the decompressed content; nil before its end.
  public var contentHash: String? { window.contentHash }

  /// Rows for quarantine since the last call.
  public func takeRejected() -> [SourceRejection] { parser.takeRejected() }

  /// A row of the last block as it stands in the file.
  package func original(of row: Int, in block: RowBlock) -> SourceRejection {
    parser.original(window, row, of: block)
  }

  /// Reads rows into a block; false at the end.
  public func next(_ block: RowBlock) throws -> Bool {
    do {
      while true {
        block.bytes.removeAll()
        parser.beginBlock()
        let position = try parser.parse(window, safeEnd: safeEnd, into: block, rowMax: blockRowMax)
        window.advance(to: position)
        if block.rowCount > 0 || !parser.rejected.isEmpty {
          try finish(block)
          return true
        }
        if window.isAtEnd {
          if position < window.end { throw CSVHeader.unended(window, position, Int(parser.line)) }
          if window.isTerminated, parser.rejectCutFooter() {
            try finish(block)
            return true
          }
          try reader.requireOneForm(rowCount: totals.rowCount)
          if let note = parser.footer.note, !saysFooter {
            saysFooter = true
            totals.notes.append(note)
          }
          return false
        }
        try refill()
      }
    } catch let error as SourceError {
      throw error.at(path)
    }
  }

  /// Checks the rules while the window still holds the rows' text, then counts the rows.
  private func finish(_ block: RowBlock) throws(SourceError) {
    parser.settleFooter()
    let broken = rules.broken(
      UnsafeRawPointer(block.bytes.base), rowCount: block.rowCount, stride: layout.stride)
    var removed: [Int] = []
    var flags = RowFlags(rules)
    for finding in broken {
      let rule = rules.rules[finding.rule]
      let origin = parser.origins[finding.row]
      switch rule.action {
      case .fail:
        throw SourceError(
          .brokenRule, "\(rule.name): \(rule.reason)",
          place: .init(line: Int(origin.line), byteOffset: window.streamOffset(origin.position)),
          remedy: "correct the row, or the file's source")
      case .flag: flags.add(finding)
      case .quarantine:
        if removed.last == finding.row { continue }
        removed.append(finding.row)
        parser.reject(window, finding.row, of: block, rule: rule)
      }
    }
    flags.count(apartFrom: removed, in: &totals)
    if !removed.isEmpty { parser.sortRejected() }
    parser.forgetOrigins(of: removed)
    RowBlockEdit.remove(removed, from: block)
    totals.rejectedCount += Int64(parser.rejected.count)
    block.firstOrdinal = totals.rowCount
    totals.rowCount += Int64(block.rowCount)
    if strings.values.bytes.count > textByteCountMax {
      throw SourceError(
        .tooManyTexts,
        "the file's distinct texts take more than \(textByteCountMax >> 20) MiB",
        place: .init(line: Int(parser.line)),
        remedy: SourceError.fewerTexts)
    }
  }

  /// Reads on until another record ends.
  private func refill() throws {
    while !window.isAtEnd {
      let searched = window.end - window.start
      if searched > ByteWindow.recordByteCountMax {
        throw CSVHeader.unended(window, window.start, Int(parser.line))
      }
      try window.read()
      if window.isAtEnd { CSVHeader.endLastRecord(window) }
      let found = Self.lastLineEnd(window, from: searched)
      if found > searched || window.isAtEnd {
        safeEnd = max(found, 0)
        return
      }
    }
  }

  /// Position after the last newline at or after `from`; `from` where there is none.
  private static func lastLineEnd(_ window: ByteWindow, from: Int) -> Int {
    var at = window.end
    while at > from, window.base.loadLE(at - 1, as: UInt8.self) != 0x0A { at -= 1 }
    return at
  }
}
