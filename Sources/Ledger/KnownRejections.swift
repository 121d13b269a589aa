import Bytes
import Catalog
import DeltaLog
import Tables

/// The rows of an input that are in its quarantine table, to recognize those that come again.
struct KnownRejections {
  /// Identifies a row among those of its input. Without its position: earlier versions counted rows, later ones
  /// lines.
  private struct Key: Hashable {
    var rule: String
    /// Only for conflicts: those that earlier versions stored as bytes of a row are recognized by symbol and
    /// time.
    var symbol: String?
    var timestamp: Int64?
    /// Hash of the original; for conflicts 0 if the table stores it in a form of earlier versions.
    var content: UInt64
  }

  private var counts: [Key: Int] = [:]

  var isEmpty: Bool { counts.isEmpty }

  /// - Parameter original: As stored in the quarantine table.
  mutating func add(_ row: RejectedRow, original: @autoclosure () -> String) {
    counts[Self.key(row, original()), default: 0] += 1
  }

  /// Adds the rows of an input in a data file of a quarantine table.
  mutating func add(sha256: String, path: String) throws {
    let reader = try SegmentReader(path: path)
    for group in reader.rowGroups {
      let rows = try RowColumns(reader, group)
      for row in 0..<rows.rowCount where rows.text("source_sha256", row) == sha256 {
        var known = RejectedRow(
          rule: rows.text("rule", row) ?? "", reason: rows.text("reason", row) ?? "",
          position: rows.integer("source_position", row) ?? -1, symbol: rows.text("symbol", row),
          timestamp: rows.time("ts", row), original: [])
        known.originalForm = rows.text("original_form", row) ?? ""
        add(known, original: rows.text("original", row) ?? "")
      }
    }
  }

  /// Whether a row is known; each known row matches once.
  mutating func take(_ row: RejectedRow, original: String) -> Bool {
    let key = Self.key(row, original)
    if take(key) { return true }
    guard row.isConflict else { return false }
    var older = key
    older.content = 0
    return take(older)
  }

  private mutating func take(_ key: Key) -> Bool {
    guard let count = counts[key] else { return false }
    counts[key] = count > 1 ? count - 1 : nil
    return true
  }

  private static func key(_ row: RejectedRow, _ original: String) -> Key {
    var original = row.isConflict && row.originalForm == "base64" ? "" : original
    let content =
      original.isEmpty ? 0 : original.withUTF8 { RowHash.text(UnsafeRawBufferPointer($0)) }
    return Key(
      rule: row.rule, symbol: row.isConflict ? row.symbol : nil,
      timestamp: row.isConflict ? row.timestamp : nil, content: content)
  }
}
