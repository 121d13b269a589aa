import Bytes

/// The first records of a CSV file: its names and the values from which forms are told.
struct CSVHeader {
  /// Fields that a record may have.
  static let columnCountMax = 4096
  /// Lines, the header's included, whose records are looked at to tell how values are written.
  static let sampleLineCount = 100
  /// Bytes in which they, and the header, have to lie.
  static let sampleByteCountMax = ByteWindow.recordByteCountMax

  var delimiter: UInt8
  var names: [String]
  /// Values of each column, trimmed, without nulls.
  var samples: [[[UInt8]]]
  /// Position in the window of the first data record, and its line.
  var dataStart: Int
  var dataLine: Int
  /// What is odd about the file, for people.
  var notes: [String] = []

  /// Reads the header; the window then holds the sampled records, none of them consumed.
  static func read(_ window: ByteWindow, options: SourceOptions) throws -> CSVHeader {
    var end = try readSample(window)
    var notes: [String] = []
    if endsLinesInReturns(window, end) {
      window.turnReturnsIntoNewlines()
      end = sampleEnd(window, end)
      notes.append("its lines end in CR alone, as old programs write them: they are read as lines")
    }
    var start = try skipMark(window)
    var line = 1
    // Where lines are counted, empty ones count too.
    while options.inferred == nil, start < end, let blank = blankLine(window.base, start, end) {
      start = blank
      line += 1
    }
    if start >= end {
      throw SourceError(.empty, "the file is empty", remedy: "leave it out")
    }
    if let inferred = options.inferred {
      return try beginRows(window, start, end, line, inferred, notes: notes)
    }
    let delimiter = try options.delimiter ?? sniffDelimiter(window, start, end)
    guard
      let first = CSVRecord.whole(
        window.base, start, end, delimiter: delimiter, fieldCountMax: columnCountMax)
    else { throw unended(window, start, line) }
    if first.fields.count > columnCountMax {
      throw SourceError(
        .tooManyColumns, "the first line has more than \(columnCountMax) fields",
        place: .init(line: line), remedy: "check that it is a CSV file, or give --delimiter")
    }
    var header = CSVHeader(
      delimiter: delimiter, names: [], samples: [], dataStart: start, dataLine: line)
    let texts = first.fields.enumerated().map { index, field in
      let bytes = CSVRecord.content(window.base, field)
      if let name = bytes.withUnsafeBytes({ Original.validText($0) }) { return trimmedName(name) }
      // Every byte is a character of that alphabet: names stay apart, and nothing is lost.
      let name = trimmedName(String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })))
      notes.append("the name of column \(index + 1) is not UTF-8: as Latin-1 it is '\(name)'")
      return name
    }
    if let given = try namesOfHeaderless(texts, options, line) {
      header.names = given
    } else if first.hasBadQuote {
      throw SourceError(
        .noHeader, "a quoted name in the header is followed by other text",
        place: .init(line: line), remedy: "correct the first line")
    } else {
      header.names = texts
      header.dataStart = first.end
      header.dataLine = line + first.lineCount
    }
    header.notes = notes
    header.sample(window, end)
    return header
  }

  /// Reads until the sampled lines are there.
  ///
  /// - Returns: Where they end: the same position whatever the size of the chunks.
  private static func readSample(_ window: ByteWindow) throws -> Int {
    var lineCount = 0
    var seen = 0
    while true {
      if window.isAtEnd { endLastRecord(window) }
      let limit = min(window.end, sampleByteCountMax)
      while seen < limit {
        seen += 1
        if window.base.loadLE(seen - 1, as: UInt8.self) != 0x0A { continue }
        lineCount += 1
        if lineCount == sampleLineCount { return seen }
      }
      if window.isAtEnd || window.end >= sampleByteCountMax { return limit }
      try window.read()
    }
  }

  /// Whether lines end in CR alone: one stands outside quotes before any LF, and none behind it.
  private static func endsLinesInReturns(_ window: ByteWindow, _ end: Int) -> Bool {
    var isQuoted = false
    for at in 0..<end {
      let byte = window.base.loadLE(at, as: UInt8.self)
      if byte == 0x22 { isQuoted.toggle() }
      if isQuoted { continue }
      if byte == 0x0A { return false }
      if byte == 0x0D { return at + 1 == end || window.base.loadLE(at + 1, as: UInt8.self) != 0x0A }
    }
    return false
  }

  /// Where the sampled lines end among those that were read.
  private static func sampleEnd(_ window: ByteWindow, _ limit: Int) -> Int {
    var lineCount = 0
    for at in 0..<limit where window.base.loadLE(at, as: UInt8.self) == 0x0A {
      lineCount += 1
      if lineCount == sampleLineCount { return at + 1 }
    }
    return limit
  }

  /// Adds the newline that the last record of a file may lack.
  static func endLastRecord(_ window: ByteWindow) {
    guard window.end > window.start else { return }
    if window.base.loadLE(window.end - 1, as: UInt8.self) != 0x0A { window.terminate() }
  }

  /// The error for a record that does not end: an open quote, or no newline at all.
  static func unended(_ window: ByteWindow, _ start: Int, _ line: Int) -> SourceError {
    let place = SourceError.Place(line: line, byteOffset: window.streamOffset(start))
    if window.isAtEnd {
      return SourceError(
        .unclosedQuote, "a quoted field that begins here is never closed", place: place,
        remedy: "close the quote, or remove it")
    }
    return SourceError(
      .recordTooLong,
      "a record is longer than \(ByteWindow.recordByteCountMax) bytes: it has no line end, or an "
        + "open quote", place: place,
      remedy: "check that it is a CSV file whose lines end in LF or CR LF")
  }

  /// The names of a file without a header, as the user gave them; nil where the first line is one.
  ///
  /// A first line of which half or more are numbers and times is no header.
  private static func namesOfHeaderless(
    _ first: [String], _ options: SourceOptions, _ line: Int
  ) throws(SourceError) -> [String]? {
    let values = first.filter { isValue($0) }
    let isData = !values.isEmpty && values.count * 2 >= first.count(where: { $0 != "" })
    let place = SourceError.Place(line: line)
    if let columns = options.columns {
      if !isData {
        throw SourceError(
          .noHeader, "--columns was given, and the first line looks like a header", place: place,
          remedy: "leave out --columns, or rename single columns: --map theirs=ours")
      }
      guard columns.count == first.count else {
        throw SourceError(
          .noHeader, "--columns names \(columns.count) columns, the first line has \(first.count)",
          place: place, remedy: "name every column; '-' leaves one out")
      }
      return columns
    }
    if !isData { return nil }
    let isByPosition =
      !options.columnMap.isEmpty && options.columnMap.allSatisfy { Int($0.theirs) != nil }
    if isByPosition { return first.indices.map { "column_\($0 + 1)" } }
    throw SourceError(
      .noHeader, "the first line holds values, such as '\(values[0])', and no names", place: place,
      remedy: "name the columns: --columns ts_event,open,high,low,close,volume")
  }

  private static func isValue(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      return TextConversion.isNumber(bytes) || TimeConversion.parse(bytes) != nil
    }
  }

  private static func trimmedName(_ name: String) -> String {
    var view = Substring(name)
    while let first = view.unicodeScalars.first, first == " " || first == "\t" {
      view.removeFirst()
    }
    while let last = view.unicodeScalars.last, last == " " || last == "\t" { view.removeLast() }
    return String(view)
  }

  /// Skips a UTF-8 byte order mark; refuses what is no text in an ASCII superset.
  private static func skipMark(_ window: ByteWindow) throws(SourceError) -> Int {
    let bytes = UnsafeRawBufferPointer(start: window.base, count: min(window.end, 4))
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return 3 }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw SourceError(
        .notText, "the file is UTF-16 text, expected UTF-8",
        remedy: "convert it: iconv -f UTF-16 -t UTF-8")
    }
    if bytes.starts(with: "PK".utf8) {
      throw SourceError(
        .notText, "the file is a ZIP archive, as spreadsheets are too; expected CSV",
        remedy: "unpack it, or save the sheet as CSV")
    }
    if bytes.contains(0) {
      throw SourceError(
        .notText, "the file is no text: it has NUL bytes", place: .init(byteOffset: 0),
        remedy: "if it is UTF-16 text, convert it: iconv -f UTF-16LE -t UTF-8")
    }
    if bytes.starts(with: "PAR1".utf8) {
      throw SourceError(.notText, "the file is a Parquet file, expected CSV", remedy: nil)
    }
    return 0
  }

  /// The position after an empty line; nil where the line is not empty.
  static func blankLine(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int? {
    let byte = base.loadLE(start, as: UInt8.self)
    if byte == 0x0A { return start + 1 }
    if byte == 0x0D, start + 1 < end, base.loadLE(start + 1, as: UInt8.self) == 0x0A {
      return start + 2
    }
    return nil
  }

  /// The one of comma, semicolon, tab and bar that stands most often outside quotes in the first line.
  private static func sniffDelimiter(
    _ window: ByteWindow, _ start: Int, _ end: Int
  ) throws(SourceError) -> UInt8 {
    let candidates: [UInt8] = [0x2C, 0x3B, 0x09, 0x7C]
    var counts = [0, 0, 0, 0]
    var isQuoted = false
    for at in start..<end {
      let byte = window.base.loadLE(at, as: UInt8.self)
      if byte == 0x22 { isQuoted.toggle() }
      if isQuoted { continue }
      if byte == 0x0A { break }
      if let index = candidates.firstIndex(of: byte) { counts[index] += 1 }
    }
    guard let most = counts.max(), most > 0, let index = counts.firstIndex(of: most) else {
      throw SourceError(
        .noHeader, "the first line has one field only, expected names of columns",
        place: .init(line: 1),
        remedy: "check that it is a CSV file with nothing above its header, or give --delimiter")
    }
    return candidates[index]
  }

  mutating func sample(_ window: ByteWindow, _ end: Int, takesShort: Bool = false) {
    samples = [[[UInt8]]](repeating: [], count: names.count)
    var at = dataStart
    while at < end,
      let record = CSVRecord.whole(
        window.base, at, end, delimiter: delimiter, fieldCountMax: names.count)
    {
      at = record.end
      guard record.fields.count == names.count || takesShort, record.fields.count <= names.count,
        !record.hasBadQuote
      else { continue }
      for (column, field) in record.fields.enumerated() {
        CSVRecord.content(window.base, field).withUnsafeBytes { bytes in
          let value = TextConversion.trimmed(bytes)
          if !TextConversion.isNull(value) { samples[column].append([UInt8](value)) }
        }
      }
    }
  }
}
