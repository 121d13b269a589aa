import Bytes
import JSON

/// Rows of JSON, lists or objects, made into CSV.
///
/// The columns are the members of the first objects, in their order. A member that only later ones have goes into a last
/// column, as JSON: nothing is left out.
final class JSONRows: RecordTranslator {
  /// Rows whose members make the columns.
  private static let columnRowCount = 200
  /// Bytes of a document that is read whole.
  static let documentByteCountMax = 64 << 20
  private static let rest = "extra"

  private let source: HashingSupply
  private let elements: JSONElements?
  private var waiting: [JSONValue] = []
  private var index = 0
  /// Names of the columns; empty for lists.
  private(set) var names: [String] = []
  private var known: [String: Int] = [:]
  let document: JSONDocument?

  init(_ supply: any ByteSupply, _ shape: JSONShape) throws {
    source = HashingSupply(supply)
    if shape == .document {
      guard let document = JSONDocument(try Self.whole(source)), !document.rows.isEmpty else {
        throw SourceError(
          .unsupported, "the file is JSON, and no rows are found in it",
          remedy: "rows are lists or objects: [[…],…], [{…},…], or an object a line")
      }
      self.document = document
      elements = nil
      waiting = document.rows
    } else {
      document = nil
      let elements = JSONElements(source, isList: shape == .list)
      self.elements = elements
      while waiting.count < Self.columnRowCount, let next = try elements.next() {
        waiting.append(next)
      }
    }
    findNames()
  }

  var contentHash: String? { source.contentHash }

  /// The line of names, where the rows have some.
  var header: [UInt8] {
    var line: [UInt8] = []
    if !names.isEmpty { line.appendRecord(names.map { Array($0.utf8) }) }
    return line
  }

  private func findNames() {
    for case .object(let object) in waiting.prefix(Self.columnRowCount) {
      for member in object.members where known[member.key] == nil {
        known[member.key] = names.count
        names.append(member.key)
      }
    }
    if !names.isEmpty, known[Self.rest] == nil {
      known[Self.rest] = names.count
      names.append(Self.rest)
    }
  }

  private static func whole(_ supply: HashingSupply) throws -> JSONValue {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = try chunk.withUnsafeMutableBytes { try supply.read(into: $0) }
      if count == 0 { break }
      bytes += chunk[..<count]
      if bytes.count > documentByteCountMax {
        throw SourceError(
          .recordTooLong, "the JSON is one value of more than \(documentByteCountMax >> 20) MiB",
          remedy: "write its rows as a list, or an object a line")
      }
    }
    if bytes.starts(with: PageStream.byteOrderMark) { bytes.removeFirst(3) }
    do throws(JSONError) {
      return try JSONValue(parsing: bytes)
    } catch {
      throw SourceError(.unsupported, "the file is no JSON: \(error.message)")
    }
  }

  func appendNext(to lines: inout [UInt8]) throws -> Bool {
    if index == waiting.count {
      guard let next = try elements?.next() else { return false }
      waiting = [next]
      index = 0
    }
    append(waiting[index], to: &lines)
    index += 1
    return true
  }

  private func append(_ row: JSONValue, to lines: inout [UInt8]) {
    if let list = row.array {
      lines.appendRecord(list.map(Self.text))
      return
    }
    var fields = [[UInt8]](repeating: [], count: max(names.count, 1))
    var others: [(String, JSONValue)] = []
    for member in row.object?.members ?? [] {
      if let column = known[member.key] {
        fields[column] = Self.text(member.value)
      } else {
        others.append((member.key, member.value))
      }
    }
    if !others.isEmpty, let column = known[Self.rest] {
      let own = (row[Self.rest]?.object?.members ?? []).map { ($0.key, $0.value) }
      fields[column] = Array(JSONValue.object(JSONObject(own + others)).description.utf8)
    }
    lines.appendRecord(fields)
  }

  private static func text(_ value: JSONValue) -> [UInt8] {
    switch value {
    case .null: []
    case .boolean(let flag): Array((flag ? "true" : "false").utf8)
    case .number(let digits): Array(digits.utf8)
    case .string(let text): Array(text.utf8)
    case .array, .object: Array(value.description.utf8)
    }
  }
}

/// A supply that hashes what it hands out.
final class HashingSupply: HashedSupply {
  private let supply: any ByteSupply
  private var hash = SHA256()
  private(set) var contentHash: String?

  init(_ supply: any ByteSupply) { self.supply = supply }

  func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try supply.read(into: target)
    if count == 0 {
      if contentHash == nil { contentHash = hash.finalHex() }
    } else {
      hash.update(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(target)[..<count]))
    }
    return count
  }
}
