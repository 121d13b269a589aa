import Bytes

extension ParquetReader {
  /// Bytes of a leaf's values in a row group that take as much memory as in the file: text and binary, except
  /// if shared by a dictionary. 0 for other types.
  public func textByteCount(rowGroup: Int, leaf: Int) -> Int {
    switch leaves[leaf].physicalType {
    case .byteArray, .fixedLengthByteArray: break
    default: return 0
    }
    // Damage is reported when the chunk is read.
    guard let chunk = try? chunkMetadata(rowGroup: rowGroup, leaf: leaf) else { return 0 }
    return Int(clamping: Swift.max(chunk.totalUncompressedByteCount, 0))
  }

  /// Rows of a row group to read at once, so that the texts of these leaves take about `byteCount` bytes,
  /// assuming they are equally long everywhere.
  ///
  /// - Parameter limit: Most rows.
  /// - Returns: At least 1.
  public func rowPortion(
    rowGroup: Int, leaves: some Sequence<Int>, byteCount: Int, limit: Int
  ) -> Int {
    var total = 0
    for leaf in leaves {
      total = total.adding(clamped: textByteCount(rowGroup: rowGroup, leaf: leaf))
    }
    if total <= byteCount { return limit }
    let share = Double(byteCount) / Double(total) * Double(rowCount(rowGroup: rowGroup))
    return Swift.max(1, Swift.min(limit, Int(share)))
  }
}
