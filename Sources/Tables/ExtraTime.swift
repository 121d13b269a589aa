import Catalog
import Columnar

/// The time at which a live gateway sent a record (`ts_out`): no schema has a column for it, so it goes
/// into `extra` with every digit.
///
/// It says when a capture was made, not what happened: rows that differ only in it are duplicates.
package enum ExtraTime {
  /// The column that takes fields for which the schema has none, as a JSON object.
  package static let column = "extra"
  private static let name = "ts_out"
  private static let prefix = "{\"\(name)\":"

  /// The row field with that time; nil if the rows lack it or the table has a column for it.
  package static func field(_ layout: RowLayout, _ schema: TableSchema) -> RowField? {
    schema.column(named: name) == nil ? layout.field(named: name) : nil
  }

  /// Whether a member of `extra` is that time.
  package static func isTime(_ key: String) -> Bool { key == name }

  /// The value of `extra` for a row that has nothing else there. `nanoseconds` are since 1970 UTC.
  package static func text(_ nanoseconds: UInt64) -> String { "\(prefix)\(nanoseconds)}" }

  /// Sets rows of a stored `extra` that hold nothing but this time to null, so that they compare as equal.
  static func drop(from stored: inout Column) {
    var validity = stored.validity ?? [UInt8](repeating: 1, count: stored.count)
    func isTime(_ values: ByteColumn, _ index: Int) -> Bool {
      values.bytes[values.byteRange(index)].starts(with: prefix.utf8)
    }
    switch stored.storage {
    case .bytes(let values):
      for row in validity.indices where isTime(values, row) { validity[row] = 0 }
    case .codes(let codes, let dictionary):
      let isDropped = (0..<dictionary.count).map { isTime(dictionary, $0) }
      for row in validity.indices where isDropped.indices.contains(Int(codes[row])) {
        if isDropped[Int(codes[row])] { validity[row] = 0 }
      }
    default: return
    }
    stored.validity = validity
  }
}
