import Bytes
import CSystem
import Glibc

/// Turns text of another alphabet into UTF-8.
final class TextDecoder {
  private let handle: UnsafeMutableRawPointer
  /// Bytes of a character whose end was not there yet.
  private var rest: [UInt8] = []

  /// - Throws: Where the system knows no alphabet of this name.
  init(_ encoding: String) throws(SourceError) {
    guard let handle = lake_iconv_open("UTF-8", encoding) else {
      throw SourceError(
        .unsupported, "the system knows no encoding '\(encoding)'",
        remedy: "a name that iconv knows, like --encoding GBK, ISO-8859-1 or WINDOWS-1252")
    }
    self.handle = handle
  }

  deinit { lake_iconv_close(handle) }

  /// The UTF-8 of some bytes more. A byte that is no character in the alphabet stays as it is, so that its row is quarantined: it is no UTF-8.
  ///
  /// - Parameter isEnd: No bytes follow.
  func decode(_ bytes: [UInt8], isEnd: Bool) -> [UInt8] {
    var input = rest + bytes
    rest = []
    var output = [UInt8](repeating: 0, count: input.count * 4 + 16)
    var (read, written) = (0, 0)
    let count = input.count
    while read < count {
      let status = input.withUnsafeMutableBytes { source in
        output.withUnsafeMutableBytes { target in
          lake_iconv(
            handle, source.baseAddress, source.count, &read, target.baseAddress, target.count,
            &written)
        }
      }
      if status == 0 { break }
      if status == EINVAL && !isEnd {
        rest = Array(input[read...])
        break
      }
      if status == E2BIG {
        output += [UInt8](repeating: 0, count: output.count)
        continue
      }
      output[written] = input[read]
      written += 1
      read += 1
      if written + 16 > output.count { output += [UInt8](repeating: 0, count: output.count) }
    }
    output.removeSubrange(written...)
    return output
  }
}

/// A supply of bytes that is another's, in UTF-8.
final class DecodedSupply: ByteSupply, HashedSupply {
  private let supply: any ByteSupply
  private let decoder: TextDecoder
  private var hash = SHA256()
  private(set) var contentHash: String?
  private var waiting: [UInt8] = []
  private var position = 0
  private var isAtEnd = false

  init(_ supply: any ByteSupply, encoding: String) throws(SourceError) {
    self.supply = supply
    decoder = try TextDecoder(encoding)
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    while position == waiting.count && !isAtEnd { try refill() }
    let count = min(target.count, waiting.count - position)
    waiting.withUnsafeBytes {
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
    }
    position += count
    return count
  }

  private func refill() throws {
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    let count = try chunk.withUnsafeMutableBytes { try supply.read(into: $0) }
    chunk.removeSubrange(count...)
    isAtEnd = count == 0
    if isAtEnd { contentHash = hash.finalHex() }
    chunk.withUnsafeBytes { hash.update($0) }
    waiting = decoder.decode(chunk, isEnd: isAtEnd)
    position = 0
  }
}

/// A supply that hands out other bytes than the file has, and knows the hash of the file's own.
protocol HashedSupply: ByteSupply {
  /// SHA-256 of the file's bytes; nil before their end.
  var contentHash: String? { get }
}

/// Which alphabet a text is in.
enum TextEncoding {
  /// What is known, or asked.
  enum Finding: Equatable {
    case utf8
    /// Certain.
    case known(String)
    /// Nothing tells; the most likely one.
    case unknown(likely: String)
  }

  /// - Parameter bytes: The beginning of a text; its last line may be cut.
  static func find(_ bytes: [UInt8]) -> Finding {
    if bytes.starts(with: [0xFF, 0xFE]) { return .known("UTF-16LE") }
    if bytes.starts(with: [0xFE, 0xFF]) { return .known("UTF-16BE") }
    if !bytes.contains(where: { $0 >= 0x80 }) || bytes.contains(0) { return .utf8 }
    let lines = bytes.split(separator: 0x0A, maxSplits: 2000).prefix(2000)
    let odd = lines.filter { line in
      line.contains { $0 >= 0x80 }
        && line.withUnsafeBytes({ Original.validText($0) }) == nil
    }
    // Single rows that are broken are quarantined.
    guard odd.count * 10 > lines.count, odd.count > 1 else { return .utf8 }
    if let header = odd.first(where: { $0.startIndex == lines.first?.startIndex }),
      // nil where the system has no such alphabet: then it is asked for.
      let decoder = try? TextDecoder("GB18030")
    {
      let text = String(decoding: decoder.decode(Array(header), isEnd: true), as: UTF8.self)
      let names = text.split { $0 == "," || $0 == ";" || $0 == "\t" }
      if names.count(where: { ColumnRole.of(String($0)) != nil }) >= 3 { return .known("GB18030") }
    }
    return .unknown(likely: isThai(odd) ? "CP874" : "WINDOWS-1252")
  }

  /// Whether most bytes above ASCII are Thai letters, as the vowels that stand above them show.
  private static func isThai(_ lines: [ArraySlice<UInt8>]) -> Bool {
    let high = lines.joined().filter { $0 >= 0x80 }
    return high.allSatisfy { $0 >= 0xA1 && $0 <= 0xFB }
      && high.contains { $0 == 0xD1 || $0 == 0xEC || $0 == 0xD8 }
  }
}
