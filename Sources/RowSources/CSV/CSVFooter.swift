import Bytes

/// Lines of words at a file's end, like `Source: Example Ltd.`: they are no rows, if no row follows them.
struct CSVFooter {
  /// More lines than that are bad rows of a table.
  private static let lineCountMax = 64

  private(set) var lines: [SourceRejection] = []

  /// Whether a record that is no row may be a footer: half the fields or fewer, none of them a number or a time, several
  /// words in one of them, and no digits but a year's. A row of another form has numbers.
  func mayHold(_ record: CSVRecord.Whole, of width: Int, in base: UnsafeRawPointer) -> Bool {
    guard record.fields.count * 2 <= width, !record.hasBadQuote else { return false }
    let fields = record.fields.map { CSVRecord.content(base, $0) }
    let words = fields.map { $0.split { $0 == 0x20 || $0 == 0x09 } }
    return !fields.contains { TextTable.isValue($0) } && words.contains { Self.areWords($0) }
      && words.joined().allSatisfy { Self.isYearOrWord($0) }
  }

  /// Whether there are several words, one of them in small letters: `BRK B` is a symbol.
  private static func areWords(_ words: [ArraySlice<UInt8>]) -> Bool {
    words.count > 1 && words.contains { word in word.count { $0 >= 0x61 && $0 <= 0x7A } > 1 }
  }

  private static func isYearOrWord(_ word: ArraySlice<UInt8>) -> Bool {
    let digits = word.filter { $0 >= 0x30 && $0 <= 0x39 }
    return digits.isEmpty || digits.count == 4 && (digits[0] == 0x31 || digits[0] == 0x32)
  }

  /// Takes away a row at the file's end whose line does not end: it was cut off, whatever it looks like.
  mutating func takeCut(row: Int64) -> SourceRejection? {
    lines.last?.rowNumber == row ? lines.removeLast() : nil
  }

  /// Holds a line.
  ///
  /// - Returns: Lines that are too many for a footer: bad rows, all of them.
  mutating func hold(_ line: SourceRejection) -> [SourceRejection]? {
    lines.append(line)
    return lines.count > Self.lineCountMax ? take(before: .max) : nil
  }

  /// Takes away the lines before a row, by the rows' numbers from 1.
  mutating func take(before row: Int64) -> [SourceRejection] {
    let taken = lines.filter { $0.rowNumber < row }
    lines.removeAll { $0.rowNumber < row }
    return taken
  }

  /// What is said of the lines; nil where there are none.
  var note: String? {
    guard let first = lines.first else { return nil }
    let start = first.line.map { "line \($0)" } ?? "a line"
    let text = first.original.count > 60 ? first.original.prefix(60) + "…" : first.original[...]
    return lines.count == 1
      ? "\(start), below the table, is left out: '\(text)'"
      : "\(lines.count) lines below the table are left out, from \(start) on: '\(text)'"
  }
}
