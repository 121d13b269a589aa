import JSON

/// How rows stand in a JSON file that is no page of Massive's.
enum JSONShape: Equatable {
  /// A list of lists or of objects, `[[…],…]`.
  case list
  /// An object a line, or one behind the other.
  case lines
  /// One object, in which the rows are somewhere: it is read whole.
  case document

  private static func trimmedInside(_ text: ArraySlice<UInt8>) -> UInt8? {
    JSONElements.trimmed(text.dropFirst()).first
  }

  /// - Parameter head: The beginning of the file.
  static func find(_ head: [UInt8]) -> JSONShape? {
    let text = JSONElements.trimmed(head[...])
    guard let first = text.first else { return nil }
    if first == 0x5B {
      // A name in brackets is a column's.
      let next = trimmedInside(text)
      return next == 0x5B || next == 0x7B || next == 0x5D ? .list : nil
    }
    guard first == 0x7B else { return nil }
    // A second object behind the first makes them rows.
    var scan = JSONElements.Scan()
    guard let end = scan.end(of: text) else { return .document }
    return JSONElements.trimmed(text[end...]).first == 0x7B ? .lines : .document
  }
}

/// The elements of a JSON list, or objects one behind the other, told apart by their brackets.
final class JSONElements {
  /// Bytes of one element at most.
  static let elementByteCountMax = 16 << 20

  /// Finds where a value ends that begins at the first byte.
  struct Scan {
    /// Position behind the value; nil where the bytes end before it does.
    mutating func end(of text: ArraySlice<UInt8>) -> Int? {
      var (depth, isQuoted, isEscaped) = (0, false, false)
      var at = text.startIndex
      while at < text.endIndex {
        let byte = text[at]
        at += 1
        if isQuoted {
          if isEscaped {
            isEscaped = false
          } else if byte == 0x5C {
            isEscaped = true
          } else if byte == 0x22 {
            isQuoted = false
          }
          continue
        }
        switch byte {
        case 0x22: isQuoted = true
        case 0x5B, 0x7B: depth += 1
        case 0x5D, 0x7D:
          depth -= 1
          if depth == 0 { return at }
        default: break
        }
      }
      return nil
    }
  }

  private let supply: any ByteSupply
  private let stopsAtBracket: Bool
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false
  private var hasBegun = false
  private var isDone = false

  /// - Parameter isList: The elements stand in one list.
  init(_ supply: any ByteSupply, isList: Bool) {
    self.supply = supply
    stopsAtBracket = isList
  }

  static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var text = text
    if text.starts(with: PageStream.byteOrderMark) { text = text.dropFirst(3) }
    return text.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 || $0 == 0x2C }
  }

  /// The next element; nil at the end.
  func next() throws -> JSONValue? {
    if isDone { return nil }
    while true {
      var rest = Self.trimmed(buffer[position...])
      if stopsAtBracket, !hasBegun, rest.first == 0x5B {
        hasBegun = true
        position = rest.startIndex + 1
        rest = Self.trimmed(buffer[position...])
      }
      if stopsAtBracket, hasBegun, rest.first == 0x5D { return try finish() }
      if rest.first == 0x5B || rest.first == 0x7B {
        var scan = Scan()
        if let end = scan.end(of: rest) {
          position = end
          return try value(Array(rest[..<end]))
        }
        if rest.count > Self.elementByteCountMax {
          throw SourceError(
            .recordTooLong,
            "an element of the JSON is longer than \(Self.elementByteCountMax >> 20) MiB",
            remedy: "check that it is a list of rows")
        }
      } else if let other = rest.first {
        throw SourceError(
          .unsupported,
          "the JSON has '\(UnicodeScalar(other))' where a row is expected: a list or an object",
          remedy: "rows are lists or objects: [[…],…], [{…},…], or an object a line")
      } else if isAtEnd {
        if stopsAtBracket { throw cutOff }
        return nil
      }
      if isAtEnd { throw cutOff }
      try fill()
    }
  }

  private var cutOff: SourceError {
    SourceError(
      .unsupported, "the JSON ends in the middle", remedy: "fetch the file again: it is cut off")
  }

  private func value(_ bytes: [UInt8]) throws(SourceError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: bytes)
    } catch {
      throw SourceError(.unsupported, "the file is no JSON: \(error.message)")
    }
  }

  /// Reads on to the end, for the file's hash.
  private func finish() throws -> JSONValue? {
    isDone = true
    position = buffer.count
    while !isAtEnd { try fill() }
    return nil
  }

  private func fill() throws {
    buffer.removeSubrange(..<position)
    position = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    let count = try chunk.withUnsafeMutableBytes { try supply.read(into: $0) }
    isAtEnd = count == 0
    buffer += chunk[..<count]
  }
}
