import Bytes
import Catalog
import Columnar

/// The time at which a live gateway sent a record (`ts_out`): no schema has a column for it, so it goes
/// into `extra` with every digit.
///
/// It says when a capture was made, not what happened: rows that differ in it alone are repeats.
enum ExtraTime {
  static let column = "extra"
  private static let name = "ts_out"
  private static let prefix = "{\"\(name)\":"

  /// The field, where the rows have it and the table has no column for it.
  static func field(_ layout: RowLayout, _ schema: TableSchema) -> RowField? {
    schema.column(named: name) == nil ? layout.field(named: name) : nil
  }

  static func text(_ nanoseconds: UInt64) -> String { "\(prefix)\(nanoseconds)}" }

  /// Makes null what rows of a stored `extra` hold of this alone, so that they compare as equal.
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

/// Appends times as JSON to `target.text`, and their 64-bit reductions to `words`.
func loadJSONTimes(
  _ field: RowPlace, _ count: Int, _ rows: RowPointers, _ target: ColumnScratch,
  _ validity: UnsafeMutablePointer<UInt8>, _ words: UnsafeMutablePointer<Int64>,
  _ isAnyNull: inout Bool
) {
  loadIntegers(field, count, rows, words, validity, &isAnyNull)
  for row in 0..<count {
    if isAnyNull && validity[row] == 0 {
      target.text.appendEmpty()
      continue
    }
    var text = ExtraTime.text(UInt64(bitPattern: words[row]))
    text.withUTF8 { bytes in
      target.text.append(UnsafeRawBufferPointer(bytes))
      words[row] = Int64(bitPattern: RowHash.text(UnsafeRawBufferPointer(bytes)))
    }
  }
}
