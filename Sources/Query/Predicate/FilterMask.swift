import Bytes
import Columnar

/// Evaluates a filter over decoded columns into one byte per row: 1 if the row is selected.
///
/// Masks are reused between calls; one evaluator per thread.
final class FilterMask {
  private var masks: [ByteBuffer] = []
  private let columns: [QueryColumn]

  init(columns: [QueryColumn]) { self.columns = columns }

  /// Row numbers, from 0, that `filter` selects.
  ///
  /// - Parameters:
  ///   - deletions: Deleted rows, which are never selected.
  ///   - read: Decodes a column; called only for columns that are needed to decide.
  func select(
    _ filter: Filter, rowCount: Int, without deletions: DeletedSpan?, into rows: ByteBuffer,
    read: (Int) throws -> ColumnReading
  ) throws -> Int {
    let mask = try evaluate(filter, rowCount: rowCount, depth: 0, read: read)
    deletions?.clear(mask)
    rows.reserve(rowCount * 4)
    let out = rows.base.assumingMemoryBound(to: Int32.self)
    var count = 0
    for row in 0..<rowCount {
      out[count] = Int32(truncatingIfNeeded: row)
      count &+= Int(mask[row])
    }
    return count
  }

  /// One byte per row.
  func evaluate(
    _ filter: Filter, rowCount: Int, depth: Int, read: (Int) throws -> ColumnReading
  ) throws -> UnsafeMutablePointer<UInt8> {
    while masks.count <= depth { masks.append(ByteBuffer()) }
    masks[depth].reserve(rowCount)
    let mask = masks[depth].base.assumingMemoryBound(to: UInt8.self)
    switch filter {
    case .everything: mask.update(repeating: 1, count: rowCount)
    case .nothing: mask.update(repeating: 0, count: rowCount)
    case .leaf(let leaf):
      try evaluate(leaf, rowCount, mask, read)
    case .and(let parts):
      mask.update(repeating: 1, count: rowCount)
      for part in parts {
        let other = try evaluate(part, rowCount: rowCount, depth: depth + 1, read: read)
        var any: UInt8 = 0
        for row in 0..<rowCount {
          mask[row] &= other[row]
          any |= mask[row]
        }
        // No row is left: columns of further parts need not be read.
        if any == 0 { break }
      }
    case .or(let parts):
      mask.update(repeating: 0, count: rowCount)
      for part in parts {
        let other = try evaluate(part, rowCount: rowCount, depth: depth + 1, read: read)
        for row in 0..<rowCount { mask[row] |= other[row] }
      }
    }
    return mask
  }

  private func evaluate(
    _ leaf: Filter.Leaf, _ rowCount: Int, _ mask: UnsafeMutablePointer<UInt8>,
    _ read: (Int) throws -> ColumnReading
  ) throws {
    let reading = try read(leaf.column)
    let vector = reading.main
    switch leaf.test {
    case .isNull, .isNotNull:
      let wanted: UInt8 = leaf.test == .isNull ? 0 : 1
      if vector.form == .null {
        mask.update(repeating: 1 - wanted, count: rowCount)
      } else if let validity = vector.validity, !vector.isConstant {
        for row in 0..<rowCount { mask[row] = validity[row] == wanted ? 1 : 0 }
      } else {
        mask.update(repeating: wanted, count: rowCount)
      }
      return
    case .compare(let comparison, let other):
      let right = try read(other)
      ColumnComparison.evaluate(
        reading, columns[leaf.column], comparison, right, columns[other], rowCount, mask)
      return
    case .values(let set):
      ValueKernels.evaluate(set, reading, columns[leaf.column], rowCount, mask)
    case .bytes(let test):
      Self.evaluate(test, vector, rowCount, mask)
    }
    if let validity = vector.validity, !vector.isConstant {
      for row in 0..<rowCount { mask[row] &= validity[row] }
    }
  }

  private static func evaluate(
    _ test: BytesTest, _ vector: ColumnVector, _ rowCount: Int,
    _ mask: UnsafeMutablePointer<UInt8>
  ) {
    switch vector.form {
    case .codes:
      guard let codes = vector.values?.assumingMemoryBound(to: Int32.self) else { return }
      if vector.isConstant {
        let matches = test.matches(vector.entry(Int(codes[0])))
        mask.update(repeating: matches ? 1 : 0, count: rowCount)
        return
      }
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: vector.entryCount + 1) { verdicts in
        for code in 0..<vector.entryCount {
          verdicts[code] = test.matches(vector.entry(code)) ? 1 : 0
        }
        // A null's code may be 0 in an empty dictionary.
        if vector.entryCount == 0 { verdicts[0] = 0 }
        guard let base = verdicts.baseAddress else { return }
        for row in 0..<rowCount { mask[row] = base[Int(codes[row])] }
      }
    case .bytes:
      if vector.isConstant {
        mask.update(repeating: test.matches(vector.entry(0)) ? 1 : 0, count: rowCount)
        return
      }
      for row in 0..<rowCount { mask[row] = test.matches(vector.entry(row)) ? 1 : 0 }
    default: mask.update(repeating: 0, count: rowCount)
    }
  }
}
