import Bytes

/// How a scan of one field or record ended.
enum CSVScan {
  /// The bytes end before it does.
  case needsMore
  /// A closing quote is followed by neither delimiter nor line end.
  case badQuote(Int)
  case found(CSVFieldRange)
}

/// One field as it stands in the window.
struct CSVFieldRange {
  /// First byte of the content; after the opening quote.
  var start: Int
  /// First byte after the content.
  var end: Int
  /// Position of the delimiter or newline after the field.
  var terminator: Int
  var isQuoted: Bool
  /// Whether quotes are doubled in the content.
  var hasEscapes: Bool
  /// Newlines inside.
  var newlineCount: Int
}

/// RFC 4180, and what is seen in the wild: LF alone ends a line, a quote inside an unquoted field is
/// a character like any other.
enum CSVRecord {
  /// Finds the field that begins at `position`.
  static func field(
    _ base: UnsafeRawPointer, _ position: Int, _ end: Int, delimiter: UInt8
  ) -> CSVScan {
    guard position < end else { return .needsMore }
    if base.loadLE(position, as: UInt8.self) == 0x22 {
      return quotedField(base, position, end, delimiter: delimiter)
    }
    var at = position
    let wide = repeated(delimiter)
    while true {
      at = scanField(base, at, end, wide)
      if at == end { return .needsMore }
      if base.loadLE(at, as: UInt8.self) != 0x22 { break }
      at += 1
    }
    return .found(
      CSVFieldRange(
        start: position, end: trimReturn(base, position, at), terminator: at, isQuoted: false,
        hasEscapes: false, newlineCount: 0))
  }

  /// The end of content that stands before a terminator: without the CR of a CRLF.
  private static func trimReturn(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
    guard base.loadLE(end, as: UInt8.self) == 0x0A, end > start else { return end }
    return base.loadLE(end - 1, as: UInt8.self) == 0x0D ? end - 1 : end
  }

  private static func quotedField(
    _ base: UnsafeRawPointer, _ position: Int, _ end: Int, delimiter: UInt8
  ) -> CSVScan {
    var at = position + 1
    var hasEscapes = false
    var newlineCount = 0
    while at < end {
      let byte = base.loadLE(at, as: UInt8.self)
      if byte == 0x0A { newlineCount += 1 }
      if byte != 0x22 {
        at += 1
        continue
      }
      guard at + 1 < end else { return .needsMore }
      let next = base.loadLE(at + 1, as: UInt8.self)
      if next == 0x22 {
        hasEscapes = true
        at += 2
        continue
      }
      var terminator = at + 1
      if next == 0x0D {
        guard at + 2 < end else { return .needsMore }
        if base.loadLE(at + 2, as: UInt8.self) == 0x0A { terminator = at + 2 }
      }
      let found = base.loadLE(terminator, as: UInt8.self)
      if found != delimiter && found != 0x0A { return .badQuote(at + 1) }
      return .found(
        CSVFieldRange(
          start: position + 1, end: at, terminator: terminator, isQuoted: true,
          hasEscapes: hasEscapes, newlineCount: newlineCount))
    }
    return .needsMore
  }

  /// A whole record: its fields, where it ends and how many lines it takes.
  struct Whole {
    var fields: [CSVFieldRange] = []
    /// Position after the newline.
    var end = 0
    var lineCount = 1
    /// Whether a quoted field is followed by something else; the record then ends at the next line end.
    var hasBadQuote = false
  }

  /// Splits the record that begins at `position`; nil when the bytes end before it does.
  ///
  /// - Parameter fieldCountMax: Fields beyond it are found, but not listed.
  static func whole(
    _ base: UnsafeRawPointer, _ position: Int, _ end: Int, delimiter: UInt8, fieldCountMax: Int
  ) -> Whole? {
    var record = Whole()
    var at = position
    while true {
      switch field(base, at, end, delimiter: delimiter) {
      case .needsMore: return nil
      case .badQuote(let from):
        record.hasBadQuote = true
        var newline = from
        while newline < end, base.loadLE(newline, as: UInt8.self) != 0x0A { newline += 1 }
        if newline == end { return nil }
        record.lineCount += countNewlines(base, at, newline)
        record.end = newline + 1
        return record
      case .found(let found):
        if record.fields.count <= fieldCountMax { record.fields.append(found) }
        record.lineCount += found.newlineCount
        at = found.terminator + 1
        if base.loadLE(found.terminator, as: UInt8.self) == 0x0A {
          record.end = at
          return record
        }
      }
    }
  }

  private static func countNewlines(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
    var count = 0
    for at in start..<end where base.loadLE(at, as: UInt8.self) == 0x0A { count += 1 }
    return count
  }

  /// The content of a field, doubled quotes made one.
  static func content(_ base: UnsafeRawPointer, _ field: CSVFieldRange) -> [UInt8] {
    let bytes = UnsafeRawBufferPointer(start: base + field.start, count: field.end - field.start)
    if !field.hasEscapes { return [UInt8](bytes) }
    var content: [UInt8] = []
    content.reserveCapacity(bytes.count)
    var isSecondQuote = false
    for byte in bytes {
      if byte == 0x22 {
        isSecondQuote.toggle()
        if !isSecondQuote { continue }
      } else {
        isSecondQuote = false
      }
      content.append(byte)
    }
    return content
  }

  static func text(_ base: UnsafeRawPointer, _ field: CSVFieldRange) -> String {
    String(decoding: content(base, field), as: UTF8.self)
  }
}
