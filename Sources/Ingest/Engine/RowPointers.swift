import Bytes
import Columnar

/// The rows of a block.
struct RowPointers {
  /// A pointer to each row.
  let pointers: UnsafeMutablePointer<UnsafeRawPointer>
  let count: Int
  /// The first row, where all of them lie `stride` bytes apart: the quicker way to them.
  var base: UnsafeRawPointer?
  var stride = 0
  /// The same rows word by word, where the processor can turn them so quickly.
  var words: RowWords?

  /// The same rows, known by their pointers only.
  var scattered: RowPointers { RowPointers(pointers: pointers, count: count) }

  /// Whether a field's bytes are the same in all rows.
  func isUniform(_ field: RowPlace) -> Bool {
    // A bit beside the value may make it a null.
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
