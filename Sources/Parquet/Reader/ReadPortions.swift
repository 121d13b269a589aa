import Bytes

extension ParquetReader {
  /// Bytes of a leaf's values in a row group that lie in memory as long as they are in the file: of
  /// texts and binaries, without those that a dictionary shares. 0 for other types.
  public func textByteCount(rowGroup: Int, leaf: Int) -> Int {
    switch leaves[leaf].physicalType {
    case .byteArray, .fixedLengthByteArray: break
    default: return 0
    }
    // What is wrong with the chunk is told by whoever reads it.
    guard let chunk = try? chunkMetadata(rowGroup: rowGroup, leaf: leaf) else { return 0 }
    return Int(clamping: Swift.max(chunk.totalUncompressedByteCount, 0))
  }

  /// Rows of a row group to read at once, so that the texts of these leaves take about `byteCount`
  /// bytes, if they are about as long everywhere.
  ///
  /// - Parameter limit: Rows at most.
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
