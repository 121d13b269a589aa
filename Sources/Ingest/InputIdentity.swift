import Bytes
import Catalog
import Tables

/// What an input is known by in a table, so that its rows are stored once.
package enum InputIdentity {
  /// Begins the application id of a file's rows.
  static let prefix = "lake/ingest/"

  /// `lake/ingest/<content>[+<reading>]/<table>`.
  static func appId(sha256: String, reading: InputReading, table: TableName) -> String {
    prefix + sha256 + (reading.id.map { "+" + $0 } ?? "") + "/\(table)"
  }

  /// What the places of a source's rows begin with, so that those of another source differ.
  ///
  /// The content is known only once it was read to its end: its beginning and size stand for it.
  ///
  /// - Parameters:
  ///   - beginning: The first bytes, decompressed.
  ///   - byteCount: Of the file; nil for a pipe.
  static func ordinalBase(
    beginning: UnsafeRawBufferPointer, byteCount: Int?, reading: InputReading = .none
  ) -> Int64 {
    ordinalBase(name: "\(SHA256.hex(of: beginning)) \(byteCount ?? 0) \(reading.id ?? "")")
  }

  /// - Parameter name: What the source is known by.
  static func ordinalBase(name: String) -> Int64 {
    let hex = Array(name.utf8).withUnsafeBytes { SHA256.hex(of: $0) }
    // Not 0, which stands for sources of older versions.
    return max(1, Int64(hex.prefix(6), radix: 16) ?? 1) << Int64(SourceOrdinal.positionBitCount)
  }

}

/// How an input was read: the values that decide what its rows are, and that do not stand in it.
///
/// The same content read otherwise is another input. What is said without need makes another reading
/// too: its rows are then found to be stored already.
struct InputReading: Hashable, Sendable {
  private var values: [(name: String, value: String)] = []

  /// The content says all.
  static let none = InputReading()

  mutating func add(_ name: String, _ value: String?) {
    if let value { values.append((name, value)) }
  }

  /// 16 hexadecimal digits; nil where the content says all.
  var id: String? {
    if values.isEmpty { return nil }
    // Lengths in front: no value can be taken for the next one's name.
    let text = values.sorted { $0.name < $1.name }
      .map { "\($0.name):\($0.value.utf8.count):\($0.value)\n" }.joined()
    return Array(text.utf8).withUnsafeBytes { String(SHA256.hex(of: $0).prefix(16)) }
  }

  static func == (left: InputReading, right: InputReading) -> Bool { left.id == right.id }

  func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
