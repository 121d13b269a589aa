import Bytes

/// A text whose beginning was looked at, and is handed out again.
enum InspectedText {
  /// Bytes that are looked at.
  static let byteCountMax = 1 << 20

  /// Looks at the beginning of a text.
  ///
  /// - Returns: What it showed, nil where there is nothing to be told; and the whole text.
  static func look(
    _ text: PlainText, path: String, options: SourceOptions, hint: KindHint
  ) throws -> (FileInspection?, any ByteSupply) {
    let (head, isWhole) = try head(of: text.supply)
    let whole: any ByteSupply =
      (text.supply as? any HashedSupply).map { LookedSupply(head, then: $0) }
      ?? ReplayedSupply(head, then: text.supply)
    do throws(SourceError) {
      let finding =
        options.encoding.map { TextEncoding.Finding.known($0) } ?? TextEncoding.find(head)
      guard case .known(let encoding) = finding else {
        let inspection = try FileInspection(
          textBytes(head), isWhole: isWhole, path: path, options: options, hint: hint,
          encoding: finding, document: text.document)
        return (inspection, whole)
      }
      let text = try TextDecoder(encoding).decode(head, isEnd: isWhole)
      let inspection = try FileInspection(
        textBytes(text), isWhole: isWhole, path: path, options: options, hint: hint,
        encoding: finding)
      return (inspection, try DecodedSupply(whole, encoding: encoding))
    } catch {
      throw error.at(path)
    }
  }

  private static func head(of supply: any ByteSupply) throws -> ([UInt8], Bool) {
    var head = [UInt8](repeating: 0, count: byteCountMax)
    var filled = 0
    while filled < byteCountMax {
      let count = try head.withUnsafeMutableBytes {
        try supply.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
      }
      // No more memory than the text takes: many files may be looked at in one command.
      if count == 0 { return (Array(head[..<filled]), true) }
      filled += count
    }
    return (head, false)
  }

  /// Without a mark of the byte order.
  private static func textBytes(_ head: [UInt8]) -> [UInt8] {
    head.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(head.dropFirst(3)) : head
  }
}

/// A text as CSV: as it stands, or made of JSON.
struct PlainText {
  let supply: any ByteSupply
  let document: JSONDocument?

  init(
    _ head: [UInt8], _ supply: any ByteSupply, path: String, _ options: SourceOptions
  ) throws {
    guard options.inspects, let shape = JSONShape.find(head) else {
      self.supply = supply
      document = nil
      return
    }
    do {
      let rows = try JSONRows(supply, shape)
      self.supply = TranslatedSupply(rows, header: rows.header)
      document = rows.document
    } catch let error as SourceError {
      throw error.at(path)
    }
  }
}

/// The bytes that were looked at, and the rest, of a supply that knows the hash of the file.
final class LookedSupply: HashedSupply {
  private let replayed: ReplayedSupply
  private let own: any HashedSupply

  init(_ head: [UInt8], then rest: any HashedSupply) {
    replayed = ReplayedSupply(head, then: rest)
    own = rest
  }

  var contentHash: String? { own.contentHash }

  func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    try replayed.read(into: target)
  }
}
