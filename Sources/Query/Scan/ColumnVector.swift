import Columnar

/// Where the decoded values of one column over some rows are. Plain words: the decoder that filled
/// it owns the memory, until it decodes the same column again.
struct ColumnVector {
  enum Form: UInt8 {
    /// Every row is null.
    case null
    /// Int64, Int128, Double a row.
    case integers, wide, doubles
    /// Int32 codes into `offsets` and `bytes`.
    case codes
    /// Int32 offsets (one more than rows) in `offsets`, into `bytes`.
    case bytes
  }

  var form = Form.null
  var rowCount = 0
  /// One value stands for every row, at index 0.
  var isConstant = false
  var values: UnsafeRawPointer?
  /// One byte a row, 0 for null; nil when no row is null.
  var validity: UnsafePointer<UInt8>?
  var offsets: UnsafePointer<Int32>?
  var bytes: UnsafeRawPointer?
  /// Dictionary entries of `codes`.
  var entryCount = 0
  /// Equal stamps of one decoder and column mean the same dictionary; 0 says nothing.
  var dictionaryStamp = 0

  /// The bytes of a dictionary entry or of a row.
  @inline(__always)
  func entry(_ index: Int) -> UnsafeRawBufferPointer {
    guard let offsets, let bytes else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let start = Int(offsets[index])
    return UnsafeRawBufferPointer(start: bytes + start, count: Int(offsets[index &+ 1]) &- start)
  }
}

/// A column as a query sees it: its values, and the nanoseconds beside them in a time pair.
struct ColumnReading {
  var main: ColumnVector
  var plus: ColumnVector?
}
