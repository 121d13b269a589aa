// Pages of plain integers, decoded straight into the caller's buffer.

extension ValueDecoder {
  /// Decodes the rows of a page of integers into `target`.
  ///
  /// - Returns: false if the rows have nulls or another encoding: then nothing is decoded, and `append` must be
  ///   called.
  func decodeIntegers(
    _ page: DataPage, _ scratch: DecodeScratch, into target: UnsafeMutablePointer<Int64>
  ) throws(ParquetError) -> Bool {
    guard kind == .integers, leaf.type != .null,
      leaf.physicalType == .int32 || leaf.physicalType == .int64
    else { return false }
    let rows = page.valueCount
    if let encoded = page.definitionLevels {
      let maximum = leaf.maxDefinitionLevel
      let levels = DecodeScratch.levelPointer(scratch.levels, rows)
      let found = try LevelDecoder.decode(
        encoded, page.definitionLevelEncoding, maximum: maximum, count: rows, into: levels)
      guard case .uniform(UInt8(truncatingIfNeeded: maximum)) = found else { return false }
    }
    if page.encoding.isDictionary {
      try gatherIntegers(page.values, rows, into: target)
    } else {
      try decodeIntegers(page.values, page.encoding, rows, scratch, into: target)
    }
    return true
  }
}
