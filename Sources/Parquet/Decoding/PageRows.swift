// Rows of a flat page: levels become validity, values go to the rows that are not null.

extension ValueDecoder {
  /// Appends the rows of a page of a flat column.
  func append(
    _ page: DataPage, _ scratch: DecodeScratch, to store: inout ColumnStore
  ) throws(ParquetError) {
    let rows = page.valueCount
    guard let encoded = page.definitionLevels, leaf.type != .null else {
      if leaf.type == .null {
        appendNulls(rows, to: &store)
        return
      }
      try decode(page.values, page.encoding, rows, scratch, to: &store)
      store.appendAllValid(rows)
      store.count += rows
      return
    }
    let maximum = leaf.maxDefinitionLevel
    let levels = DecodeScratch.levelPointer(scratch.levels, rows)
    let found = try LevelDecoder.decode(
      encoded, page.definitionLevelEncoding, maximum: maximum, count: rows, into: levels)
    let present = UInt8(truncatingIfNeeded: maximum)
    var valueCount: Int
    switch found {
    case .uniform(let level): valueCount = level == present ? rows : 0
    case .mixed: valueCount = LevelDecoder.occurrences(of: present, in: levels, count: rows)
    }
    if valueCount == 0 {
      appendNulls(rows, to: &store)
      return
    }
    try decode(page.values, page.encoding, valueCount, scratch, to: &store)
    if valueCount == rows {
      store.appendAllValid(rows)
    } else {
      store.appendValidity(levels, rows, present: present)
      store.spread(valueCount, rows)
    }
    store.count += rows
  }

  private func appendNulls(_ rows: Int, to store: inout ColumnStore) {
    if kind == .bytes && store.count == 0 && store.dictionary == nil, let dictionary {
      store.dictionary = dictionary.text
    }
    store.appendAllNull(rows)
    store.spread(0, rows)
    store.count += rows
  }
}

extension LevelDecoder {
  /// Decodes a page's levels in either encoding.
  static func decode(
    _ bytes: PageBytes, _ encoding: Encoding, maximum: Int, count: Int,
    into target: UnsafeMutablePointer<UInt8>
  ) throws(ParquetError) -> Levels {
    if encoding == .bitPacked {
      return try decodeBitPacked(bytes, maximum: maximum, count: count, into: target)
    }
    return try decodeHybrid(bytes, maximum: maximum, count: count, into: target)
  }
}
