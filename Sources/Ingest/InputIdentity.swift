import Bytes
import Catalog
import Tables

/// How a table identifies an input, so that its rows are stored once.
package enum InputIdentity {
  /// Begins the application id of a file's rows.
  static let prefix = "lake/ingest/"

  /// `lake/ingest/<content>[+<reading>]/<table>`.
  static func appId(sha256: String, reading: InputReading, table: TableName) -> String {
    prefix + sha256 + (reading.id.map { "+" + $0 } ?? "") + "/\(table)"
  }

  /// The high bits of a source's ordinals, which differ from another source's.
  ///
  /// The content hash is known only after reading to the end: the first bytes and the size are used instead.
  ///
  /// - Parameters:
  ///   - beginning: The first bytes, decompressed.
  ///   - byteCount: Size of the file; nil for a pipe.
  static func ordinalBase(
    beginning: UnsafeRawBufferPointer, byteCount: Int?, reading: InputReading = .none
  ) -> Int64 {
    ordinalBase(name: "\(SHA256.hex(of: beginning)) \(byteCount ?? 0) \(reading.id ?? "")")
  }

  /// - Parameter name: A unique name of the source.
  static func ordinalBase(name: String) -> Int64 {
    let hex = Array(name.utf8).withUnsafeBytes { SHA256.hex(of: $0) }
    // Not 0, which stands for sources of older versions.
    return max(1, Int64(hex.prefix(6), radix: 16) ?? 1) << Int64(SourceOrdinal.positionBitCount)
  }

}

/// How an input was read: the values that determine its rows and are not in the content.
///
/// The same content read otherwise is another input. Redundant values make another reading too: its rows are
/// then found to be stored already.
struct InputReading: Hashable, Sendable {
  private var values: [(name: String, value: String)] = []

  /// The content determines everything.
  static let none = InputReading()

  mutating func add(_ name: String, _ value: String?) {
    if let value { values.append((name, value)) }
  }

  /// 16 hexadecimal digits; nil if the content determines everything.
  var id: String? {
    if values.isEmpty { return nil }
    // Lengths come first, so that no value can be mistaken for the next name.
    let text = values.sorted { $0.name < $1.name }
      .map { "\($0.name):\($0.value.utf8.count):\($0.value)\n" }.joined()
    return Array(text.utf8).withUnsafeBytes { String(SHA256.hex(of: $0).prefix(16)) }
  }

  static func == (left: InputReading, right: InputReading) -> Bool { left.id == right.id }

  func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
