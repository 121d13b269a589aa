import Bytes
import Columnar
import Tables

/// Appends times as JSON to `target.text`, and their 64-bit reductions to `words`.
func loadJSONTimes(
  _ field: FieldLocation, _ count: Int, _ rows: RowPointers, _ target: ColumnScratch,
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
