import Bytes
import Parquet

/// A record that is quarantined instead of stored.
package struct RejectedRow: Sendable {
  /// The rule that it broke, in snake_case.
  package var rule: String
  /// What is wrong with it, for people.
  package var reason: String
  /// Offset of the record in the decompressed source, its line, or the number of the row: see `positionUnit`.
  package var position: Int64
  /// nil if it could not be read.
  package var symbol: String?
  /// Index timestamp in ns; nil if it could not be read.
  package var timestamp: Int64?
  var original: [UInt8]
  /// The bytes of the original in the store's file; nil while it is in memory.
  var extent: OriginalStore.Extent?
  /// `text`, `json` or `base64`: the form of `originalText`.
  package var originalForm = "base64"
  /// `line`, `row` or `byte`.
  package var positionUnit = "byte"

  /// Whether `original` is already text in `originalForm`, rather than the bytes that it encodes.
  package var isText = false

  /// - Parameter original: The bytes; empty where `extent` says where they are.
  package init(
    rule: String, reason: String, position: Int64, symbol: String? = nil, timestamp: Int64? = nil,
    original: [UInt8], extent: OriginalStore.Extent? = nil, originalForm: String = "base64",
    positionUnit: String = "byte", isText: Bool = false
  ) {
    self.rule = rule
    self.reason = reason
    self.position = position
    self.symbol = symbol
    self.timestamp = timestamp
    self.original = original
    self.extent = extent
    self.originalForm = originalForm
    self.positionUnit = positionUnit
    self.isText = isText
  }

  var originalByteCount: Int { extent?.byteCount ?? original.count }

  /// - Parameter original: The bytes, from memory or file.
  func originalText(_ original: [UInt8]) -> String {
    isText ? String(decoding: original, as: UTF8.self) : Base64.encode(original)
  }

  /// Bytes of a symbol at most; the original may have a longer one.
  package static let symbolByteCountMax = 4096
}

extension RejectedRow {
  /// The rule of a row with a key that the table has with other values.
  package static let conflictRule = "key_conflict"

  /// Whether the row conflicts with the table, rather than being wrong itself.
  package var isConflict: Bool { rule == Self.conflictRule }
}

extension RejectedRow {
  /// Describes some rows: how many of them conflict, and the first.
  package static func words(_ rows: [RejectedRow]) -> String {
    let conflictCount = rows.count { $0.isConflict }
    let isMixed = conflictCount > 0 && conflictCount < rows.count
    let first = rows.filter { $0.position >= 0 }.min { $0.position < $1.position } ?? rows.first
    guard let first else { return "" }
    let index = first.position >= 0 ? ", \(first.positionUnit) \(first.position)" : ""
    return (isMixed ? ", \(conflictCount) of them conflicts" : "")
      + "; the first\(index): \(first.reason)"
  }
}
