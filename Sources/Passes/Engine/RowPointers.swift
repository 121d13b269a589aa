import CSystem
import Columnar

/// The rows of a block.
struct RowPointers {
  /// A pointer to each row.
  let pointers: UnsafeMutablePointer<UnsafeRawPointer>
  /// The first row, where all of them lie `stride` bytes apart: the quicker way to them.
  var base: UnsafeRawPointer?
  var stride = 0
  /// The same rows word by word, where the processor can turn them so quickly.
  var words: RowWords?

  @inline(__always)
  subscript(row: Int) -> UnsafeRawPointer { pointers[row] }
}

/// The eight-byte words of a block of rows, in columns.
struct RowWords {
  /// Rows of more words are too many for the nearest cache.
  private static let wordMax = 16

  private let columns: UnsafeMutablePointer<UInt64>
  private let capacity: Int

  /// - Parameter capacity: Rows of a block, a multiple of eight.
  /// - Returns: nil where the processor has no wide words.
  init?(capacity: Int) {
    if lake_has_wide_words() == 0 { return nil }
    self.capacity = capacity
    columns = .allocate(capacity: capacity * Self.wordMax)
  }

  /// Frees the columns. Call once, at the end.
  func deallocate() { columns.deallocate() }

  /// Takes rows that lie `stride` bytes apart.
  ///
  /// - Returns: false where they have no such form.
  func turn(_ base: UnsafeRawPointer, stride: Int, count: Int) -> Bool {
    guard stride % 8 == 0, stride / 8 <= Self.wordMax, count > 0, count <= capacity else {
      return false
    }
    lake_transpose_words(
      base.assumingMemoryBound(to: UInt8.self), stride, stride / 8, count, columns, capacity)
    return true
  }

  /// Cuts an integer of up to eight bytes out of every row.
  ///
  /// - Returns: Whether one of them is the sentinel; nil, and nothing is done, where the field does
  ///   not lie within one word.
  @inline(__always)
  func cut(
    _ field: RowField, _ isSigned: Bool, _ count: Int, sentinel: Int64,
    _ out: UnsafeMutablePointer<Int64>
  ) -> Bool? {
    let (byteCount, within) = (field.form.byteCount, field.offset & 7)
    if within + byteCount > 8 { return nil }
    return lake_cut_words(
      columns + (field.offset >> 3) * capacity, count, CInt(within * 8), CInt(byteCount * 8),
      isSigned ? 1 : 0, sentinel, out) != 0
  }

  /// Cuts a text's code out of every row.
  ///
  /// - Returns: How many are the sentinel; nil, and nothing is done, where the field does not lie
  ///   within one word.
  func cut(
    codes field: RowField, _ count: Int, sentinel: UInt32, _ out: UnsafeMutablePointer<Int32>
  ) -> Int? {
    let within = field.offset & 7
    if within > 4 { return nil }
    return lake_cut_codes(
      columns + (field.offset >> 3) * capacity, count, CInt(within * 8),
      CInt(bitPattern: sentinel), out)
  }
}
