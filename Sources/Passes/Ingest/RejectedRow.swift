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
  /// `text`, `json` or `base64`: the form of `originalText`.
  var originalForm = "base64"
  /// `row` or `byte`.
  var positionUnit = "byte"

  var originalText: String {
    originalForm == "base64" ? Base64.encode(original) : String(decoding: original, as: UTF8.self)
  }
}
