import Bytes
import Glibc
import JSON

/// Reads the lines of a commit.
///
/// An action is a line. Actions over several lines, or several per line, as some writers have them, are read
/// too, as other readers do: see `parseObject`.
///
/// - Spec: Delta PROTOCOL.md, "Delta Log Entries".
package struct CommitParser {
  /// Longest line accepted: one action, its statistics and tags included.
  static let lineByteCountMax = 32 << 20
  /// Longest commit accepted, in bytes and in actions: all of them are in memory at once.
  static let byteCountMax = 512 << 20
  static let actionCountMax = 2_000_000
  /// Longer commits are read in pieces of this size.
  static let pieceByteCount = 32 << 20

  private var actions: [Action] = []
  /// Lines read so far.
  private var line = 0
  private var file = FileMembers()
  private let hasInfo: Bool
  /// `commitInfo` actions skipped so far.
  private var skippedCount = 0

  private init(hasInfo: Bool) { self.hasInfo = hasInfo }

  /// The actions of a commit, in its order.
  ///
  /// - Parameter hasInfo: false to skip `commitInfo`, which a replay does not need and which may be most of a
  ///   commit.
  /// - Throws: `corrupt` with the line, if one is not an action, or if there are none at all.
  package static func parse(
    _ bytes: [UInt8], path: String, hasInfo: Bool = true
  ) throws(DeltaError) -> [Action] {
    var parser = CommitParser(hasInfo: hasInfo)
    // Typed throws do not cross the closure, so the failure is kept here.
    var failure: DeltaError?
    bytes.withUnsafeBytes { buffer in
      parser.actions.reserveCapacity(buffer.count / 600 + 4)
      do throws(DeltaError) {
        _ = try parser.parseLines(buffer, isLast: true)
      } catch { failure = error.at(path) }
    }
    if let failure { throw failure }
    return try parser.finish(byteCount: bytes.count, path)
  }

  /// The same for a long commit, which is read in pieces.
  static func parse(
    byteCount: Int, pieces: Int = pieceByteCount, path: String, hasInfo: Bool = true,
    read: (Range<Int>) throws(DeltaError) -> [UInt8]
  ) throws(DeltaError) -> [Action] {
    guard byteCount <= byteCountMax else {
      throw DeltaError(
        .unsupported, "a commit of \(byteCount) bytes, and \(byteCountMax) are read", path: path,
        remedy: "restore the table with its writer to a version before it")
    }
    var parser = CommitParser(hasInfo: hasInfo)
    var rest: [UInt8] = []
    var position = 0
    while position < byteCount {
      let end = Swift.min(position.adding(clamped: pieces), byteCount)
      rest += try read(position..<end)
      position = end
      var failure: DeltaError?
      let taken = rest.withUnsafeBytes { buffer in
        do throws(DeltaError) {
          return try parser.parseLines(buffer, isLast: position == byteCount)
        } catch {
          failure = error.at(path)
          return 0
        }
      }
      if let failure { throw failure }
      rest.removeFirst(taken)
    }
    return try parser.finish(byteCount: byteCount, path)
  }

  private func finish(byteCount: Int, _ path: String) throws(DeltaError) -> [Action] {
    guard !actions.isEmpty || skippedCount > 0 else {
      throw DeltaError(
        .corrupt,
        byteCount == 0 ? "the commit has no bytes" : "the commit holds no action",
        path: path,
        remedy: "the writer died before the commit was on disk; restore this file or, if it is the "
          + "newest version, move it away")
    }
    return actions
  }

  /// - Returns: Bytes of whole lines; at the end of the commit the last line counts as whole.
  private mutating func parseLines(
    _ buffer: UnsafeRawBufferPointer, isLast: Bool
  ) throws(DeltaError) -> Int {
    var start = 0
    while start < buffer.count {
      let rest = UnsafeRawBufferPointer(rebasing: buffer[start...])
      let length = Self.lineLength(rest)
      guard length <= Self.lineByteCountMax else {
        throw DeltaError(
          .corrupt, "a line of more than \(Self.lineByteCountMax >> 20) MiB", line: line + 1)
      }
      if length == rest.count, !isLast { return start }
      line += 1
      if actions.count > Self.actionCountMax {
        throw DeltaError(
          .unsupported, "a commit of more than \(Self.actionCountMax) actions", line: line)
      }
      let text = UnsafeRawBufferPointer(rebasing: rest[..<length])
      let counts = (actions.count, skippedCount)
      do throws(JSONError) {
        try parseLine(text)
        start += length + 1
      } catch {
        actions.removeSubrange(counts.0...)
        skippedCount = counts.1
        let found = try parseObjects(rest, error, isLast: isLast)
        start += found.byteCount
        if found.needsMore { return start }
      }
    }
    return buffer.count
  }

  /// Reads objects at the start of `bytes`, when the first object does not end at its line's end: it spans
  /// several lines, or other objects follow on the same line.
  ///
  /// - Parameter lineError: What is wrong with the first line; thrown if no object begins with it.
  /// - Returns: Bytes of whole objects, up to a line's end unless more must be read first.
  private mutating func parseObjects(
    _ bytes: UnsafeRawBufferPointer, _ lineError: JSONError, isLast: Bool
  ) throws(DeltaError) -> (byteCount: Int, needsMore: Bool) {
    let firstLine = line
    func lineCount(_ end: Int) -> Int { bytes[..<end].count { $0 == 0x0A } }
    func failure(_ error: JSONError, from start: Int) -> DeltaError {
      let offset = Swift.min(start.adding(clamped: error.offset), bytes.count)
      let lineStart = bytes[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
      return DeltaError(
        .corrupt, "\(error.message) (byte \(offset - lineStart) of the line)",
        line: firstLine + lineCount(offset))
    }
    var start = 0
    while true {
      let limit = Swift.min(bytes.count, start.adding(clamped: Self.lineByteCountMax))
      var end = start
      switch ObjectEnd.find(in: UnsafeRawBufferPointer(rebasing: bytes[start..<limit])) {
      case .at(let index): end = start + index
      case .beyond where !isLast && limit == bytes.count: end = bytes.count
      case .beyond, .notAnObject:
        if start == 0 { throw failure(lineError, from: 0) }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
        do throws(JSONError) {
          try parseLine(UnsafeRawBufferPointer(rebasing: rest[..<Self.lineLength(rest)]))
        } catch { throw failure(error, from: start) }
        preconditionFailure("what a line holds would have been found")
      }
      var next = end
      while next < bytes.count, [0x20, 0x09, 0x0D].contains(bytes[next]) { next += 1 }
      if next == bytes.count, !isLast {
        line = firstLine + lineCount(start) - 1
        return (start, true)
      }
      do throws(JSONError) {
        try parseLine(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      } catch { throw failure(error, from: start) }
      start = next
      if start == bytes.count || bytes[start] == 0x0A { break }
    }
    line = firstLine + lineCount(start)
    return (Swift.min(start + 1, bytes.count), false)
  }

  private static func lineLength(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let start = bytes.baseAddress, let end = memchr(start, 0x0A, bytes.count) else {
      return bytes.count
    }
    return UnsafeRawPointer(end) - start
  }

  private mutating func parseLine(_ text: UnsafeRawBufferPointer) throws(JSONError) {
    var parser = JSONParser(text)
    if try parser.peek() == .end { return }
    try parser.beginObject()
    while let key = try parser.nextKey() {
      if try parser.skipNull() { continue }
      if key.equals("add") {
        try file.parse(&parser)
        actions.append(.add(try file.add(parser.offset)))
      } else if key.equals("remove") {
        try file.parse(&parser)
        actions.append(.remove(try file.remove(parser.offset)))
      } else if !hasInfo, key.equals("commitInfo") {
        try parser.skipValue()
        skippedCount += 1
      } else {
        try parseRare(key.string, &parser)
      }
    }
    try parser.finish()
  }

  private mutating func parseRare(
    _ key: String, _ parser: inout JSONParser
  ) throws(JSONError) {
    let offset = parser.offset
    let value = try parser.value()
    switch key {
    case "metaData": actions.append(.metadata(try TableMetadata(value, offset)))
    case "protocol": actions.append(.protocol(try TableProtocol(value, offset)))
    case "txn": actions.append(.txn(try TxnAction(value, offset)))
    case "commitInfo": actions.append(.commitInfo(CommitInfo(value)))
    case "domainMetadata": actions.append(.domainMetadata(try DomainMetadata(value, offset)))
    case "cdc": actions.append(.changeData(value))
    default: actions.append(.unknown(.object(JSONObject([(key, value)]))))
    }
  }
}

/// The members of `add` and `remove`, collected before it is known whether all required ones are present.
private struct FileMembers {
  var path: String?
  var partitionValues: [String: String?]?
  var size: Int64?
  var modificationTime: Int64?
  var deletionTimestamp: Int64?
  var dataChange: Bool?
  var stats: String?
  var tags: [String: String] = [:]
  var deletionVector: DeletionVector?

  /// The last partition values, as text and as a map: consecutive files usually share their partition, and then
  /// the map.
  private var lastText: [UInt8] = [0]
  private var lastValues: [String: String?] = [:]

  mutating func parse(_ parser: inout JSONParser) throws(JSONError) {
    path = nil
    partitionValues = nil
    size = nil
    modificationTime = nil
    deletionTimestamp = nil
    dataChange = nil
    stats = nil
    tags = [:]
    deletionVector = nil
    try parser.beginObject()
    while let key = try parser.nextKey() {
      if try parser.skipNull() { continue }
      if key.equals("path") {
        path = try parser.string()
      } else if key.equals("partitionValues") {
        partitionValues = try values(&parser)
      } else if key.equals("size") {
        size = try parser.integer()
      } else if key.equals("modificationTime") {
        modificationTime = try parser.integer()
      } else if key.equals("dataChange") {
        dataChange = try parser.boolean()
      } else if key.equals("stats") {
        stats = try parser.string()
      } else if key.equals("tags") {
        tags = try strings(&parser)
      } else if key.equals("deletionTimestamp") {
        deletionTimestamp = try parser.integer()
      } else if key.equals("deletionVector") {
        deletionVector = DeletionVector(try parser.value())
      } else {
        try parser.skipValue()
      }
    }
  }

  func add(_ offset: Int) throws(JSONError) -> AddFile {
    guard let path else { throw missing("path", of: "add", offset) }
    guard let size else { throw missing("size", of: "add", offset) }
    guard size >= 0 else {
      throw JSONError(code: .range, message: "'add' has a size of \(size)", offset: offset)
    }
    var file = AddFile(
      path: path, partitionValues: partitionValues ?? [:], size: size,
      modificationTime: modificationTime ?? 0, dataChange: dataChange ?? true, stats: stats,
      tags: tags)
    file.deletionVector = deletionVector
    return file
  }

  func remove(_ offset: Int) throws(JSONError) -> RemoveFile {
    guard let path else { throw missing("path", of: "remove", offset) }
    var file = RemoveFile(
      path: path, deletionTimestamp: deletionTimestamp, dataChange: dataChange ?? true,
      partitionValues: partitionValues, size: size, tags: tags)
    file.deletionVectorID = deletionVector?.uniqueID
    return file
  }

  private mutating func values(
    _ parser: inout JSONParser
  ) throws(JSONError) -> [String: String?] {
    let text = try parser.skipValue()
    let isLast = lastText.withUnsafeBytes { last in
      guard let old = last.baseAddress, let new = text.baseAddress else { return false }
      return last.count == text.count && memcmp(old, new, text.count) == 0
    }
    if isLast { return lastValues }
    var inner = JSONParser(text)
    var values: [String: String?] = [:]
    try inner.beginObject()
    while let key = try inner.nextKey() {
      let name = key.string
      values[name] = try inner.skipNull() ? .some(nil) : try inner.string()
    }
    lastText = Array(text)
    lastValues = values
    return values
  }

  private func strings(_ parser: inout JSONParser) throws(JSONError) -> [String: String] {
    var values: [String: String] = [:]
    try parser.beginObject()
    while let key = try parser.nextKey() {
      let name = key.string
      if try !parser.skipNull() { values[name] = try parser.string() }
    }
    return values
  }

  private func missing(_ member: String, of action: String, _ offset: Int) -> JSONError {
    JSONError(code: .type, message: "'\(action)' has no '\(member)'", offset: offset)
  }
}
