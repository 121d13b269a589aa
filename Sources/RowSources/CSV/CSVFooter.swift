import Bytes

/// Lines of words at a file's end, like `Source: Example Ltd.`: they are no rows, if no row follows them.
struct CSVFooter {
  /// More lines than that are bad rows of a table.
  private static let lineCountMax = 64

  private(set) var lines: [SourceRejection] = []

  /// Whether a record that is no row may be a footer: half the fields or fewer, none of them a number or a time, and
  /// several words in one of them. A row that was cut off is not taken for one: it has no words.
  func mayHold(_ record: CSVRecord.Whole, of width: Int, in base: UnsafeRawPointer) -> Bool {
    guard record.fields.count * 2 <= width, !record.hasBadQuote else { return false }
    let fields = record.fields.map { CSVRecord.content(base, $0) }
    return !fields.contains { TextTable.isValue($0) } && fields.contains { Self.isText($0) }
  }

  /// Whether a text has a letter, and a blank between other characters.
  private static func isText(_ field: [UInt8]) -> Bool {
    let words = field.split { $0 == 0x20 || $0 == 0x09 }
    return words.count > 1 && words.contains { $0.count > 1 && $0.allSatisfy { $0 | 0x20 >= 0x61 } }
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
    let place = first.line.map { "line \($0)" } ?? "a line"
    let text = first.original.count > 60 ? first.original.prefix(60) + "…" : first.original[...]
    return lines.count == 1
      ? "\(place), below the table, is left out: '\(text)'"
      : "\(lines.count) lines below the table are left out, from \(place) on: '\(text)'"
  }
}
