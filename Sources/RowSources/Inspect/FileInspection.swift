import Columnar
import Market

/// What the beginning of a text file of anybody's shows: how it is written, what its columns are, and what it does not say.
///
/// Nothing is guessed: what could be one or another is a question, and the user's flags answer it.
package struct FileInspection: Sendable {
  /// Something that the file does not say, and nobody has said yet.
  package struct Question: Hashable, Sendable {
    /// What it is, for people: `the symbol`.
    package var what: String
    /// The words that answer it on the command line.
    package var words: [String]
  }

  /// Whose file it is, where that is known.
  package internal(set) var vendor: String?
  /// How the file is read.
  package internal(set) var reading: InferredReading
  /// `ohlcv`, `trades`, `mbp-1`, `series`, `option-chain`; nil where nothing tells.
  package internal(set) var kind: String?
  /// Of bars, read off their times; nil where these do not tell.
  package internal(set) var interval: Interval?
  /// The length of the bars that is likely, where it is not certain.
  var likelyInterval: Interval?
  /// A zone that the file itself says its times are in.
  package internal(set) var zone: String?
  /// The zone that the vendor documents.
  var likelyZone: String?
  /// A symbol that the file's header says for all rows.
  package internal(set) var symbol: String?
  /// What nobody has said yet.
  package internal(set) var questions: [Question] = []
  /// Index of the column of times, and whether these say their zone.
  var timeColumn: Int?
  var saysZone = false
  var hasSymbols = false
  var shape = Shape.rows
  /// Columns of which the user says what they are.
  var mappedColumns: Set<Int> = []
  /// A column of symbols without any value.
  var blankSymbols: String?
  var columns: [ColumnTraits] = []
  var table: TextTable
  let encoding: TextEncoding.Finding
  /// What the file is called without folders.
  let fileName: String
  /// Its name within an archive.
  let innerName: String?
  /// What is odd in the file, as a whole, so that it can't be read: thrown after all else is known.
  var numberStyle: NumberStyle?

  /// - Parameters:
  ///   - bytes: The beginning of the file, as UTF-8 without a mark.
  ///   - isWhole: Whether they are all of it.
  /// - Returns: nil where they do not look like a table, or are in a form that needs no looking at.
  /// - Throws: `SourceError` for a file that can be read in no way.
  init?(
    _ bytes: [UInt8], isWhole: Bool, path: String, options: SourceOptions, hint: KindHint,
    encoding: TextEncoding.Finding = .utf8, document: JSONDocument? = nil
  ) throws(SourceError) {
    guard
      let table = TextTable(
        bytes, isWhole: isWhole, delimiter: options.delimiter, skipping: options.skippedLineCount)
    else {
      guard let count = options.skippedLineCount, count > 0 else { return nil }
      throw SourceError(
        .empty, "no rows are found behind the \(count) lines that are left out",
        remedy: "--skip with fewer lines, or without it")
    }
    self.table = table
    self.encoding = encoding
    innerName = hint.innerName
    fileName = path.split(separator: "/").last.map(String.init) ?? path
    reading = InferredReading(
      lineCount: table.firstRowLine - 1, names: [], delimiter: table.delimiter, uses: [])
    symbol = document?.symbol
    vendor = document?.vendor
    try nameColumns(options)
    // What is left out before the header is left out by what the look says.
    if options.skippedLineCount == nil, Self.needsNoLook(reading.names) { return nil }
    collect(options)
    findTimes(options)
    if let said = document?.zone, !saysZone { zone = said }
    findRoles(options, hint)
    findShape(options)
    measure()
    findInterval()
    try ask(options, hint, path: path)
  }

  /// Databento's own files, and tables of this program's that were printed, say all that there is to say.
  private static func needsNoLook(_ names: [String]) -> Bool {
    let known = Set(names)
    return known.isSuperset(of: ["rtype", "publisher_id", "instrument_id"])
      || known.isSuperset(of: ["ticker", "window_start"])
      || known.contains("sip_timestamp")
      || known.isSuperset(of: ["symbol", "ts_event", "publisher_id", "instrument_id"])
  }

  // MARK: - Names

  private mutating func nameColumns(_ options: SourceOptions) throws(SourceError) {
    let width = table.width
    if let given = options.columns {
      guard given.count == width else {
        throw SourceError(
          .noHeader, "--columns names \(given.count) columns, the rows have \(width)",
          place: .init(line: table.firstRowLine), remedy: "name every column; '-' leaves one out")
      }
      reading.names = given
      return
    }
    guard let header = table.headers.first else {
      if let shape = HeaderlessShape(table.rows, width: width) {
        reading.names = shape.names
        (vendor, likelyZone) = (vendor ?? shape.vendor, shape.zone)
      }
      return
    }
    var names = header.fields.map { Self.name($0) }
    for (position, field) in header.fields.enumerated()
    where field.withUnsafeBytes({ Original.validText($0) }) == nil {
      reading.notes.append(
        "the name of column \(position + 1) is not UTF-8: as Latin-1 it is '\(names[position])'")
    }
    if table.headers.count > 1 { names = joinHeaders(names) }
    try fit(&names, to: width)
    reading.names = names
  }

  static func name(_ bytes: [UInt8]) -> String {
    let text = bytes.withUnsafeBytes { Original.validText($0) }
    var name = text ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    while let first = name.first, first == "\u{FEFF}" || first == "#" { name.removeFirst() }
    name = name.trimmingBlanks()
    // `[STRIKE]`: brackets around a whole name are quotes.
    if name.count > 2, name.first == "[", name.last == "]" {
      name = String(name.dropFirst().dropLast()).trimmingBlanks()
    }
    return name
  }

  /// yfinance's header of three lines: the prices, the ticker of each, the index's name.
  private mutating func joinHeaders(_ names: [String]) -> [String] {
    var names = names
    for record in table.headers.dropFirst() {
      let fields = record.fields.map { Self.name($0) }
      let isTickers = ["ticker", "tickers"].contains(ColumnRole.key(fields.first ?? ""))
      let values = Set(fields.dropFirst().filter { !$0.isEmpty })
      if isTickers, values.count == 1 { symbol = values.first }
      if values.isEmpty, let first = fields.first, !first.isEmpty { names[0] = first }
    }
    if symbol != nil { vendor = "Yahoo Finance (yfinance)" }
    return names
  }

  /// Makes a header as wide as the rows.
  private mutating func fit(_ names: inout [String], to width: Int) throws(SourceError) {
    if names.count == width { return }
    if names.count > width {
      // Rows that end early, all of them: what is not there has no value.
      table.padsTo(names.count)
      return
    }
    let values = table.rows.filter { $0.fields.count == width }.map(\.fields)
    if names.count + 1 == width, let first = names.first {
      let second = values.map { $0[1] }
      if [.date, .time].contains(ColumnRole.of(first)),
        second.allSatisfy({ CompactTime.clock($0) != nil })
      {
        names.insert("Time", at: 1)
        return
      }
      if [.open, .close, .value, .price].contains(ColumnRole.of(first)) {
        names.insert("", at: 0)
        return
      }
    }
    try refuseBrokenDecimals(names, width)
    // The rows end in a delimiter, or in columns that nobody named.
    while names.count < width { names.append("") }
  }

  /// A comma for decimals in a file whose columns are separated by commas cannot be told apart from them.
  private func refuseBrokenDecimals(_ names: [String], _ width: Int) throws(SourceError) {
    let known = names.count { ColumnRole.of($0) != nil }
    let widths = Set(table.rows.map { $0.fields.count })
    guard table.delimiter == 0x2C, known >= 3, width > names.count + 1 || widths.count > 1 else {
      return
    }
    throw SourceError(
      .brokenDecimals,
      "the header names \(names.count) columns and the rows have \(widths.min() ?? 0) to \(widths.max() ?? 0) fields: "
        + "commas separate the columns, and stand for the decimal point within them",
      place: .init(line: table.firstRowLine),
      remedy: "export the file with ';' between its columns, or with quotes around its numbers")
  }

  // MARK: - Values

  private mutating func collect(_ options: SourceOptions) {
    let names = reading.names
    var samples = [[[UInt8]]](repeating: [], count: names.count)
    for row in table.rows where !Self.isFooter(row, names.count) {
      for (column, field) in row.fields.prefix(names.count).enumerated() {
        if field.withUnsafeBytes({ TextConversion.isNull($0) }) { continue }
        if options.nullTexts.contains(String(decoding: field, as: UTF8.self)) { continue }
        samples[column].append(field)
      }
    }
    columns = names.enumerated().map { index, name in
      let values = withoutNullMarks(samples[index])
      let mapped = options.columnMap.first { $0.theirs == name || $0.theirs == String(index + 1) }
      return ColumnTraits(
        name: mapped?.ours ?? name, samples: values, isFirst: index == 0,
        format: options.dateFormat)
    }
    if vendor == nil { vendor = VendorForm.of(names)?.name }
  }

  /// A line of words below a table.
  static func isFooter(_ row: TextTable.Record, _ width: Int) -> Bool {
    row.fields.count * 2 <= width && !row.fields.contains { TextTable.isValue($0) }
  }

  /// In a column of numbers a dash or a point alone is no value.
  private mutating func withoutNullMarks(_ values: [[UInt8]]) -> [[UInt8]] {
    let marks = values.filter { value in
      value.count <= 3 && value.allSatisfy { $0 == 0x2D || $0 == 0x2E || $0 == 0x2A }
        || value.elementsEqual("—".utf8) || value.elementsEqual("n.a.".utf8)
    }
    if marks.isEmpty || marks.count == values.count { return values }
    let others = values.filter { !marks.contains($0) }
    guard others.allSatisfy({ ColumnTraits.isNumber($0) }) else { return values }
    for mark in marks { reading.nullTexts.insert(String(decoding: mark, as: UTF8.self)) }
    return others
  }

  private mutating func measure() {
    var evidence = NumberEvidence()
    for (column, traits) in columns.enumerated() where traits.isNumeric {
      if case .field(let name) = reading.uses[column], name != "symbol", name != "expiry" {
        for sample in traits.samples { evidence.add(sample) }
      }
    }
    numberStyle = evidence.style
    openNumber = evidence.style == nil ? evidence.open : nil
    reading.numbers = evidence.style ?? .plain
  }

  /// A number whose comma can be one thing or another.
  var openNumber: String?
}

extension String {
  /// Without the blanks at both ends.
  func trimmingBlanks() -> String {
    var view = Substring(self)
    while let first = view.unicodeScalars.first, first == " " || first == "\t" {
      view.removeFirst()
    }
    while let last = view.unicodeScalars.last, last == " " || last == "\t" { view.removeLast() }
    return String(view)
  }
}
