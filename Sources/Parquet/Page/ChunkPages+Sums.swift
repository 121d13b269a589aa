// Page headers have no checksum. Before the first value of a chunk is returned, they are compared with the
// offset index, or else with the sums in the footer.

extension ChunkPages {
  /// Reads the headers of all pages, which must fill the chunk and have exactly its values.
  ///
  /// - Parameter expected: Values of all pages, nulls included.
  /// - Returns: Values of all pages. More than expected only in a repeated column of a program known to
  ///   miscount them: there the rows are decisive.
  @discardableResult
  func checkSums(values expected: Int) throws(ParquetError) -> Int {
    var walk = self
    walk.position = chunkStart
    var found = 0
    // If the writer understates the chunk's size, the values tell where it ends.
    while walk.position < statedEnd || (found < expected && walk.position < chunkEnd) {
      if found == expected && writer.countsUnwrittenPages { break }
      guard let page = try walk.next() else { break }
      if page.header.type == .dataPage || page.header.type == .dataPageV2 {
        // At most one page per byte of the file, each with at most `pageValueCountMax` values.
        found += page.valueCount
      }
    }
    let isMore =
      writer.miscountsRepeated && leaf.maxRepetitionLevel > 0 && found > expected
      && walk.position == statedEnd
    if found != expected && !isMore {
      throw ParquetError(
        .corrupt, "the pages hold \(found) values, the column chunk has \(expected)",
        place: .init(offset: chunkStart))
    }
    return found
  }

  /// Whether a flat column's pages are at an index's locations, with its row counts.
  ///
  /// - Parameter rowCount: Rows of the row group.
  func lie(at locations: [PageLocation], rowCount: Int) -> Bool {
    var walk = self
    walk.position = chunkStart
    var number = 0
    do throws(ParquetError) {
      while number < locations.count {
        guard let page = try walk.next() else { return false }
        if page.header.type != .dataPage && page.header.type != .dataPageV2 { continue }
        try Self.check(page, number, of: locations, rowCount: rowCount)
        number += 1
      }
      return true
    } catch {
      // What is wrong with the pages is reported when they are read.
      return false
    }
  }

  /// The locations of an index, if every page header can be checked by them: pages from row 0 on, end to end,
  /// up to the chunk's end. Else nil.
  func soundLocations(_ index: [PageLocation]?) -> [PageLocation]? {
    guard let locations = index, let first = locations.first,
      first.firstRowIndex == 0, first.offset >= Int64(chunkStart)
    else { return nil }
    var end = first.offset
    for location in locations {
      guard location.offset == end, location.compressedByteCount > 0, end < Int64(statedEnd) else {
        return nil
      }
      // checked: `end` is within the file, and the size of 32 bits
      end += Int64(location.compressedByteCount)
    }
    return end == Int64(statedEnd) ? locations : nil
  }

  /// Compares a data page of a flat column with its location in the offset index.
  ///
  /// - Parameter rowCount: Rows of the row group.
  static func check(
    _ page: StoredPage, _ number: Int, of locations: [PageLocation], rowCount: Int
  ) throws(ParquetError) {
    guard number < locations.count else {
      throw ParquetError(
        .corrupt, "a page that the offset index does not list", place: .init(offset: page.offset))
    }
    let location = locations[number]
    var next = Int64(rowCount)
    if number + 1 < locations.count { next = locations[number + 1].firstRowIndex }
    // checked: both are 0 to the row group's count, as `offsetIndex` gives them
    let rows = next - location.firstRowIndex
    let byteCount = page.header.byteCount + page.dataByteCount
    if Int(location.offset) != page.offset || Int(location.compressedByteCount) != byteCount
      || rows != Int64(page.valueCount)
    {
      throw ParquetError(
        .corrupt,
        "a page of \(byteCount) bytes and \(page.header.valueCount) rows, the offset index says "
          + "\(location.compressedByteCount) bytes and \(rows) rows at byte \(location.offset)",
        place: .init(offset: page.offset))
    }
  }
}
