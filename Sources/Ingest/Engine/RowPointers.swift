import Bytes
import Columnar

/// The rows of a block.
struct RowPointers {
  /// A pointer to each row.
  let pointers: UnsafeMutablePointer<UnsafeRawPointer>
  let count: Int
  /// The first row, if all rows are `stride` bytes apart, which is faster to read.
  var base: UnsafeRawPointer?
  var stride = 0
  /// The same rows transposed into words, if the processor can do it fast.
  var words: RowWords?

  /// The same rows, by pointers only.
  var scattered: RowPointers { RowPointers(pointers: pointers, count: count) }

  /// Whether a field's bytes are equal in all rows.
  func isUniform(_ field: FieldLocation) -> Bool {
    // A separate bit may make it null.
    if case .bit(let offset, _) = field.null, !isUniform(offset, as: UInt8.self) { return false }
    switch field.form.byteCount {
    case 1: return isUniform(field.offset, as: UInt8.self)
    case 2: return isUniform(field.offset, as: UInt16.self)
    case 4: return isUniform(field.offset, as: UInt32.self)
    case 8: return isUniform(field.offset, as: UInt64.self)
    default: return false
    }
  }

  @inline(__always)
  private func isUniform<T: FixedWidthInteger & BitwiseCopyable>(
    _ offset: Int, as type: T.Type
  ) -> Bool {
    let first = pointers[0].loadLE(offset, as: T.self)
    for row in 1..<max(count, 1) where pointers[row].loadLE(offset, as: T.self) != first {
      return false
    }
    return true
  }

  @inline(__always)
  subscript(row: Int) -> UnsafeRawPointer { pointers[row] }
}
