import CSystem
import Catalog
import Columnar

/// Reads the lines of an intent file in constant memory.
struct IntentLines {
  struct Line {
    /// The line as written, truncated if far too long.
    var text: String
    /// The parts of a path that a table's file can have: layer, table, partition, name; else nil.
    var parts: [String]?
  }

  /// Bytes of the longest line that is accepted.
  static let lineByteMax = 1024

  private let descriptor: Int32
  private var bytes = [UInt8](repeating: 0, count: 64 << 10)
  private var (at, count) = (0, 0)

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  mutating func next(path: String) throws -> Line? {
    var line: [UInt8] = []
    var isBegun = false
    while true {
      if at == count {
        let descriptor = descriptor
        count = bytes.withUnsafeMutableBytes { lake_read(descriptor, $0.baseAddress, $0.count) }
        at = 0
        if count < 0 {
          count = 0
          throw PassError.system("read the intent of a dead run", path: path)
        }
        if count == 0 { return isBegun ? Self.line(line) : nil }
      }
      let end = bytes[at..<count].firstIndex(of: 0x0A) ?? count
      line += bytes[at..<end].prefix(Self.lineByteMax + 1 - line.count)
      isBegun = true
      at = end
      if end == count { continue }
      at += 1
      if line.isEmpty {
        isBegun = false
        continue
      }
      return Self.line(line)
    }
  }

  private static func line(_ bytes: [UInt8]) -> Line {
    let text = String(decoding: bytes.prefix(lineByteMax), as: UTF8.self)
    guard bytes.count <= lineByteMax, String(validating: bytes, as: UTF8.self) != nil else {
      return Line(text: text + "…")
    }
    return Line(text: text, parts: parts(text))
  }

  /// `raw/x_trades/date=2024-01-02/part-….parquet` taken apart.
  static func parts(_ text: String) -> [String]? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    // An invalid name belongs to no table: the line is reported as odd.
    guard parts.count == 4, (try? TableName(layer: parts[0], name: parts[1])) != nil,
      isPartition(parts[2]), isDataFile(parts[3])
    else { return nil }
    return parts
  }

  private static func isPartition(_ name: String) -> Bool {
    let sides = name.split(separator: "=", omittingEmptySubsequences: false)
    guard sides.count == 2, ["date", "month", "year"].contains(sides[0]) else { return false }
    return sides[1].utf8.count == 10 && CivilDate(iso: String(sides[1])) != nil
  }

  private static func isDataFile(_ name: String) -> Bool {
    name.hasSuffix(".parquet") && !name.hasPrefix(".")
      && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
  }
}
