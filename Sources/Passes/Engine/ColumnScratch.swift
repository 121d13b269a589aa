import Columnar

/// The values of one column of one row group, in memory that is reused from group to group.
final class ColumnScratch {
  enum Form { case integers, wide, doubles, codes, bytes, absent }

  let form: Form
  /// Int64, Int128, Double or Int32 by `form`.
  let values: UnsafeMutableRawPointer
  /// One byte a row, filled where `hasNulls`.
  let validity: UnsafeMutablePointer<UInt8>
  private(set) var hasNulls = false
  /// Values of `.bytes`, or the dictionary of `.codes`.
  var text = ByteColumn()

  init(form: Form, capacity: Int) {
    self.form = form
    let width =
      switch form {
      case .integers, .doubles: 8
      case .wide: 16
      case .codes: 4
      case .bytes, .absent: 0
      }
    values = .allocate(byteCount: capacity * width + 64, alignment: 16)
    validity = .allocate(capacity: form == .absent ? 1 : capacity)
  }

  deinit {
    values.deallocate()
    validity.deallocate()
  }

  func reset() {
    hasNulls = false
    text = ByteColumn()
  }

  /// Says whether one of the next rows is null; their validity is filled only then.
  ///
  /// Mostly a column has no nulls: then no validity is ever written.
  func setValidity(at first: Int, count: Int, isAnyNull: Bool) {
    if isAnyNull && !hasNulls {
      hasNulls = true
      validity.update(repeating: 1, count: first)
    } else if hasNulls && !isAnyNull {
      (validity + first).update(repeating: 1, count: count)
    }
  }

  var integers: UnsafeMutablePointer<Int64> { values.assumingMemoryBound(to: Int64.self) }
  var wide: UnsafeMutablePointer<Int128> { values.assumingMemoryBound(to: Int128.self) }
  var doubles: UnsafeMutablePointer<Double> { values.assumingMemoryBound(to: Double.self) }
  var codes: UnsafeMutablePointer<Int32> { values.assumingMemoryBound(to: Int32.self) }
}
