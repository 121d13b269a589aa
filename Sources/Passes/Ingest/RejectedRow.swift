import Bytes

/// A record that is set aside instead of stored.
struct RejectedRow: Sendable {
  var rule: String
  var reason: String
  /// Offset of the record in the decompressed source, or the number of the row.
  var position: Int64
  var symbol: String?
  /// Index timestamp in ns, where it could be read.
  var timestamp: Int64?
  var original: [UInt8]
  /// Where the original lies, if it is not in memory.
  var place: OriginalStore.Place?
  /// `text`, `json` or `base64`: the form of `originalText`.
  var originalForm = "base64"
  /// `row` or `byte`.
  var positionUnit = "byte"

  /// `original` is `originalForm` already, not the bytes that it stands for.
  var isText = false

  var originalByteCount: Int { place?.byteCount ?? original.count }

  /// - Parameter original: The bytes, wherever they lay.
  func originalText(_ original: [UInt8]) -> String {
    isText ? String(decoding: original, as: UTF8.self) : Base64.encode(original)
  }

  /// Bytes of a symbol that is kept apart; the original has a longer one.
  static let symbolByteCountMax = 4096
}

extension RejectedRow {
  private static let conflictRule = "key_conflict"

  /// Whether it is the table that has something against it, not the row itself that is wrong.
  var isConflict: Bool { rule == Self.conflictRule }

  init(conflict: KeyConflict, original: [UInt8]) {
    self.init(
      rule: Self.conflictRule, reason: "the table has another row with this key", position: -1,
      symbol: conflict.symbol, timestamp: conflict.timestamp, original: original)
  }

  init(_ rejection: SourceRejection) {
    self.init(
      rule: rejection.rule, reason: rejection.reason, position: rejection.rowNumber,
      symbol: rejection.symbol.flatMap { $0.utf8.count <= Self.symbolByteCountMax ? $0 : nil },
      timestamp: rejection.timestamp,
      original: Array(rejection.original.utf8))
    // The source has made text of it already, be it base64.
    originalForm = rejection.originalForm.rawValue
    isText = true
    positionUnit = "row"
  }
}
