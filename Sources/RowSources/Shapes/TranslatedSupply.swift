import Bytes

/// Lines of CSV that are made of a file in another shape, a record at a time and in constant memory.
protocol RecordTranslator: AnyObject {
  /// Appends the lines that are made of the file's next record.
  ///
  /// - Returns: false at the end of the file.
  func appendNext(to lines: inout [UInt8]) throws -> Bool
  /// SHA-256 of the file's own bytes; nil before their end.
  var contentHash: String? { get }
}

/// A supply that hands out what a translator makes.
final class TranslatedSupply: HashedSupply {
  private static let chunkByteCount = 1 << 16

  private let translator: any RecordTranslator
  private var waiting: [UInt8]
  private var position = 0
  private var isAtEnd = false

  /// - Parameter header: What is handed out first.
  init(_ translator: any RecordTranslator, header: [UInt8] = []) {
    self.translator = translator
    waiting = header
  }

  var contentHash: String? { translator.contentHash }

  func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    if position == waiting.count {
      waiting.removeAll(keepingCapacity: true)
      position = 0
    }
    while waiting.count < Self.chunkByteCount, !isAtEnd {
      isAtEnd = try !translator.appendNext(to: &waiting)
    }
    let count = min(target.count, waiting.count - position)
    waiting.withUnsafeBytes {
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
    }
    position += count
    return count
  }
}

/// The records of a delimited text, one after the other.
final class RecordStream {
  private let window: ByteWindow
  private let delimiter: UInt8

  /// - Parameter skipping: Lines that are left out at the beginning.
  init(_ supply: any ByteSupply, delimiter: UInt8, skipping lineCount: Int) throws {
    window = ByteWindow(supply: supply, chunkByteCount: 1 << 18)
    self.delimiter = delimiter
    for _ in 0..<lineCount { try skipLine() }
  }

  var contentHash: String? { window.contentHash }

  /// The next record that is not empty: its fields without quotes, and its bytes without the line's end.
  func next() throws -> (fields: [[UInt8]], bytes: [UInt8])? {
    while true {
      let start = window.start
      if start < window.end {
        if let blank = CSVHeader.blankLine(window.base, start, window.end) {
          window.advance(to: blank)
          continue
        }
        if let record = CSVRecord.whole(
          window.base, start, window.end, delimiter: delimiter,
          fieldCountMax: CSVHeader.columnCountMax)
        {
          let fields = record.fields.map { CSVRecord.content(window.base, $0) }
          var end = record.end - 1
          if end > start, window.base.loadLE(end - 1, as: UInt8.self) == 0x0D { end -= 1 }
          let bytes = [UInt8](
            UnsafeRawBufferPointer(start: window.base + start, count: end - start))
          window.advance(to: record.end)
          return (fields, bytes)
        }
        if window.isAtEnd || window.end - start > ByteWindow.recordByteCountMax {
          throw CSVHeader.unended(window, start, 0)
        }
      } else if window.isAtEnd {
        return nil
      }
      try refill()
    }
  }

  private func refill() throws {
    try window.read()
    if window.isAtEnd { CSVHeader.endLastRecord(window) }
  }

  private func skipLine() throws {
    while true {
      var at = window.start
      while at < window.end {
        if window.base.loadLE(at, as: UInt8.self) == 0x0A {
          window.advance(to: at + 1)
          return
        }
        at += 1
      }
      if window.isAtEnd { return }
      try refill()
    }
  }
}

extension [UInt8] {
  /// Appends a field of CSV, in quotes where it needs them.
  mutating func appendField(_ text: some Collection<UInt8>) {
    let isPlain = text.allSatisfy { $0 != 0x22 && $0 != 0x2C && $0 != 0x0A && $0 != 0x0D }
    if isPlain {
      append(contentsOf: text)
      return
    }
    append(0x22)
    for byte in text {
      if byte == 0x22 { append(0x22) }
      append(byte)
    }
    append(0x22)
  }

  /// Appends a record of CSV.
  mutating func appendRecord(_ fields: [[UInt8]]) {
    for (index, field) in fields.enumerated() {
      if index > 0 { append(0x2C) }
      appendField(field)
    }
    append(0x0A)
  }
}
