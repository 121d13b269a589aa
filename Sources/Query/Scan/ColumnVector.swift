import Columnar

/// Points to the decoded values of one column over some rows. A plain value: the decoder owns the memory, until
/// it decodes the same column again.
struct ColumnVector {
  enum Form: UInt8 {
    /// Every row is null.
    case null
    /// One Int64, Int128 or Double per row.
    case integers, wide, doubles
    /// Int32 codes into `offsets` and `bytes`.
    case codes
    /// Int32 offsets (one more than rows) in `offsets`, into `bytes`.
    case bytes
  }

  var form = Form.null
  var rowCount = 0
  /// Whether one value at index 0 stands for every row.
  var isConstant = false
  var values: UnsafeRawPointer?
  /// One byte per row, 0 for null; nil if no row is null.
  var validity: UnsafePointer<UInt8>?
  var offsets: UnsafePointer<Int32>?
  var bytes: UnsafeRawPointer?
  /// Dictionary entries of `codes`.
  var entryCount = 0
  /// Vectors of one decoder and column with equal stamps have the same dictionary; 0 is no stamp.
  var dictionaryStamp = 0

  /// The bytes of a dictionary entry or of a row.
  @inline(__always)
  func entry(_ index: Int) -> UnsafeRawBufferPointer {
    guard let offsets, let bytes else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let start = Int(offsets[index])
    return UnsafeRawBufferPointer(start: bytes + start, count: Int(offsets[index &+ 1]) &- start)
  }
}

/// A column as a query sees it: its values, and in a time pair the nanoseconds.
struct ColumnReading {
  var main: ColumnVector
  var plus: ColumnVector?
}
