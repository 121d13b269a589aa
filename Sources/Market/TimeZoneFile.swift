import CSystem
import Glibc
import Platform

extension TimeZoneRules {
  /// Where the system keeps its TZif files, in the order they are tried.
  static let directories = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"]
  /// The largest TZif file there is has under 4 KB.
  static let fileByteCountMax = 1 << 20

  /// The rules of a zone of the IANA database, `UTC`, or a fixed offset (`+05:30`).
  ///
  /// - Throws: `TimeZoneError.unknown` with the nearest names.
  public static func named(_ name: String) throws(TimeZoneError) -> TimeZoneRules {
    if ["UTC", "Etc/UTC", "Z", "GMT"].contains(name) {
      return TimeZoneRules(name: name, fixedOffset: 0)
    }
    if let fixed = fixedOffset(name) { return TimeZoneRules(name: name, fixedOffset: fixed) }
    guard isPlausible(name) else { throw unknown(name) }
    for directory in directories {
      let path = directory + "/" + name
      guard let bytes = contents(path) else { continue }
      do {
        return try TimeZoneRules(parsing: bytes, name: name)
      } catch {
        var placed = error
        placed.placeText = path
        throw placed
      }
    }
    throw unknown(name)
  }

  /// Reads a TZif file.
  ///
  /// - Throws: `TimeZoneError.corrupt` with the byte offset.
  public init(parsing bytes: [UInt8], name: String) throws(TimeZoneError) {
    var reader = TZifReader(bytes: bytes)
    let first = try reader.readHeader()
    var block = first
    if first.version >= 2 {
      try reader.skip(first.byteCount(timeWidth: 4))
      block = try reader.readHeader()
    }
    self = try reader.readBlock(block, timeWidth: first.version >= 2 ? 8 : 4, name: name)
  }

  /// Seconds east of UTC for `+hh:mm` or `-hh:mm`.
  private static func fixedOffset(_ name: String) -> Int? {
    let bytes = Array(name.utf8)
    guard bytes.count == 6, bytes[3] == UInt8(ascii: ":") else { return nil }
    guard bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-") else { return nil }
    var digits: [Int] = []
    for index in [1, 2, 4, 5] {
      guard bytes[index] >= 48, bytes[index] <= 57 else { return nil }
      digits.append(Int(bytes[index]) - 48)
    }
    let hours = digits[0] * 10 + digits[1]
    let minutes = digits[2] * 10 + digits[3]
    guard hours <= 15, minutes <= 59 else { return nil }
    let seconds = hours * 3600 + minutes * 60
    return bytes[0] == UInt8(ascii: "-") ? -seconds : seconds
  }

  /// No path out of the zone folder, and none of its files that are no zones.
  private static func isPlausible(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= 64, !name.contains("..") else { return false }
    guard let first = name.utf8.first, first != UInt8(ascii: "/"), first != UInt8(ascii: "-")
    else { return false }
    return name.utf8.allSatisfy { byte in
      (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || (byte >= 0x30 && byte <= 0x39)
        || byte == 0x2f || byte == 0x5f || byte == 0x2b || byte == 0x2d
    }
  }

  private static func unknown(_ name: String) -> TimeZoneError {
    let known = knownNames()
    let near = nearest(name, in: known)
    let remedy: String
    if known.isEmpty {
      remedy = "install the package 'tzdata', or use UTC or an offset such as +01:00"
    } else if near.isEmpty {
      remedy = "use a name such as America/New_York, Europe/London or UTC"
    } else {
      remedy = "did you mean " + near.map { "'\($0)'" }.joined(separator: ", ") + "?"
    }
    return TimeZoneError(
      code: .unknown, message: "no time zone is called '\(name)'", placeText: nil, remedy: remedy)
  }

  private static func contents(_ path: String) -> [UInt8]? {
    guard let file = lake_fopen(path, "rbe") else { return nil }
    defer { fclose(file) }
    var status = stat()
    guard lake_fstat(fileno(file), &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_size <= fileByteCountMax
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let count = fread(&bytes, 1, bytes.count, file)
    bytes.removeSubrange(count...)
    return bytes
  }
}

/// Names of the zones of this system, for suggestions only.
private func knownNames() -> [String] {
  for directory in TimeZoneRules.directories {
    guard let file = lake_fopen(directory + "/tzdata.zi", "re") else {
      let listed = listNames(directory, prefix: "", depth: 0)
      if listed.isEmpty { continue }
      return listed
    }
    defer { fclose(file) }
    var names: [String] = []
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      let words = text.split { $0 == " " || $0 == "\n" }
      if words.first == "Z", words.count > 1 { names.append(String(words[1])) }
      if words.first == "L", words.count > 2 { names.append(String(words[2])) }
    }
    return names
  }
  return []
}

private func listNames(_ directory: String, prefix: String, depth: Int) -> [String] {
  guard depth < 4, let folder = lake_opendir(directory) else { return [] }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = lake_readdir(folder) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    guard let first = name.utf8.first, first >= 0x41, first <= 0x5a else { continue }
    if entry.pointee.d_type == UInt8(DT_DIR) {
      names += listNames(directory + "/" + name, prefix: prefix + name + "/", depth: depth + 1)
    } else {
      names.append(prefix + name)
    }
  }
  return names
}

/// Up to three names that are alike: a few letters apart, or with a last part that is (`New_York`).
private func nearest(_ name: String, in known: [String]) -> [String] {
  let wanted = String(name.map { $0 == " " ? "_" : $0 })
  let near = NearestNames.near(wanted, among: known)
  if !near.isEmpty { return near }
  let byLast = Dictionary(grouping: known, by: lastPart)
  let names = NearestNames.near(lastPart(wanted), among: Array(byLast.keys))
    .flatMap { byLast[$0, default: []].sorted() }
  return Array(names.prefix(NearestNames.offeredMax))
}

private func lastPart(_ name: String) -> String {
  name.split(separator: "/").last.map(String.init) ?? name
}

private struct TZifReader {
  struct Header {
    var version: Int
    var isUTCount: Int
    var isStandardCount: Int
    var leapCount: Int
    var timeCount: Int
    var typeCount: Int
    var characterCount: Int

    func byteCount(timeWidth: Int) -> Int {
      timeCount * (timeWidth + 1) + typeCount * 6 + characterCount
        + leapCount * (timeWidth + 4) + isStandardCount + isUTCount
    }
  }

  /// More than any file holds; sums of products of it stay far from overflow.
  static let countMax = 1 << 20

  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  func corrupt(_ message: String) -> TimeZoneError {
    TimeZoneError(
      code: .corrupt, message: "time-zone file: \(message) at byte \(position)", placeText: nil,
      remedy: "reinstall the package 'tzdata'")
  }

  mutating func skip(_ count: Int) throws(TimeZoneError) {
    guard count <= bytes.count - position else { throw corrupt("it ends within a block") }
    position += count
  }

  mutating func readInteger(_ width: Int) throws(TimeZoneError) -> Int64 {
    guard width <= bytes.count - position else { throw corrupt("it ends within a number") }
    var value: UInt64 = 0
    for index in 0..<width { value = value << 8 | UInt64(bytes[position + index]) }
    position += width
    return width == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
  }

  mutating func readCount() throws(TimeZoneError) -> Int {
    let count = try readInteger(4)
    guard count >= 0, count <= Self.countMax else { throw corrupt("a count is \(count)") }
    return Int(count)
  }

  mutating func readHeader() throws(TimeZoneError) -> Header {
    guard bytes.count - position >= 44, bytes[position..<position + 4].elementsEqual("TZif".utf8)
    else { throw corrupt("no 'TZif' header") }
    let version = bytes[position + 4]
    position += 20
    return Header(
      version: version == 0 ? 1 : Int(version) - 48, isUTCount: try readCount(),
      isStandardCount: try readCount(), leapCount: try readCount(), timeCount: try readCount(),
      typeCount: try readCount(), characterCount: try readCount())
  }

  mutating func readBlock(
    _ header: Header, timeWidth: Int, name: String
  ) throws(TimeZoneError) -> TimeZoneRules {
    let start = position
    guard header.byteCount(timeWidth: timeWidth) <= bytes.count - start else {
      throw corrupt("it ends within a block")
    }
    if header.leapCount > 0 {
      throw TimeZoneError(
        code: .unsupported, message: "time zone '\(name)' counts leap seconds", placeText: nil,
        remedy: "use the zone of the same name without 'right/'")
    }
    var transitions: [Int64] = []
    for _ in 0..<header.timeCount { transitions.append(try readInteger(timeWidth)) }
    let typeIndices = Array(bytes[position..<position + header.timeCount])
    position += header.timeCount
    var typeOffsets: [Int32] = []
    for _ in 0..<header.typeCount {
      let offset = try readInteger(4)
      guard abs(offset) <= 26 * 3600 else { throw corrupt("an offset is \(offset) s") }
      typeOffsets.append(Int32(offset))
      position += 2
    }
    guard !typeOffsets.isEmpty else { throw corrupt("there is no local time type") }
    position = start + header.byteCount(timeWidth: timeWidth)
    let footer = try timeWidth == 8 ? readFooter() : nil
    var kept: [Int64] = []
    var offsets: [Int32] = []
    for (time, type) in zip(transitions, typeIndices) {
      guard type < typeOffsets.count else { throw corrupt("a transition names type \(type)") }
      if let last = kept.last, time <= last { throw corrupt("transitions do not rise") }
      // Entries at or before −2^59 only mark where a zone's history begins.
      kept.append(max(time, -TimeZoneRules.distantSeconds))
      offsets.append(typeOffsets[Int(type)])
    }
    return TimeZoneRules(
      name: name, transitions: kept, offsets: offsets, firstOffset: typeOffsets[0], footer: footer)
  }

  private mutating func readFooter() throws(TimeZoneError) -> TimeZoneFooter? {
    guard position < bytes.count, bytes[position] == 10 else { throw corrupt("no footer") }
    let rest = bytes[(position + 1)...]
    guard let end = rest.firstIndex(of: 10) else { throw corrupt("the footer does not end") }
    let text = rest[..<end]
    if text.isEmpty { return nil }
    guard let footer = TimeZoneFooter(parsing: text) else {
      throw corrupt("the rule '\(String(decoding: text, as: UTF8.self))' cannot be read")
    }
    return footer
  }
}
