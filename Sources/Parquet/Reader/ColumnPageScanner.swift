import Columnar

/// Decodes one flat column chunk, page by page, into columns whose arrays are reused.
///
/// Not thread-safe.
public final class ColumnPageScanner {
  /// The column.
  public let leaf: LeafColumn
  /// Index in the row group of the next row.
  public private(set) var rowIndex = 0
  /// Rows of the row group.
  public let rowCount: Int

  private let reader: ParquetReader
  private let rowGroup: Int
  private let leafIndex: Int
  private var pages: ChunkPages
  private let values: ValueDecoder
  private let scratch: DecodeScratch
  private var store: ColumnStore
  /// The next data page, whose header is parsed, but not its values.
  private var pending: StoredPage?
  /// Locations of the data pages; nil if the file does not state them correctly. Then all headers were read
  /// before the first was used.
  private let locations: [PageLocation]?
  /// Index in `locations` of the next data page.
  private var pageIndex = 0
  /// Rows of `pending` that were returned or skipped.
  private(set) var pendingDone = 0
  /// The rows of `pending`, if only some of them were asked for.
  var partial: Column?

  init(
    reader: ParquetReader, rowGroup: Int, leaf index: Int, takesInt96Remainder: Bool
  ) throws(ParquetError) {
    self.reader = reader
    self.rowGroup = rowGroup
    leafIndex = index
    pages = try reader.chunkPages(rowGroup: rowGroup, leaf: index)
    var leaf = reader.leaves[index]
    if takesInt96Remainder && leaf.physicalType == .int96 { leaf = leaf.retyped(.short) }
    self.leaf = leaf
    rowCount = reader.rowCount(rowGroup: rowGroup)
    do throws(ParquetError) {
      if leaf.maxRepetitionLevel > 0 {
        throw ParquetError(.request, "a repeated column has no flat form")
      }
      values = try ValueDecoder(leaf: leaf)
      // An incorrect index is no error: the sums in the footer are used instead.
      locations = pages.soundLocations(
        reader.soundPageIndex(rowGroup: rowGroup, leaf: index)?.locations)
      if locations == nil { try pages.checkSums(values: rowCount) }
    } catch {
      throw reader.located(error, rowGroup, index)
    }
    store = ColumnStore(kind: leaf.type.storage)
    scratch = DecodeScratch.take()
  }

  deinit { DecodeScratch.give(scratch) }

  // MARK: - Reading

  /// Decodes the rest of the current page, or the next one.
  ///
  /// - Returns: Number of rows decoded; 0 at the end.
  public func next(into column: inout Column) throws(ParquetError) -> Int {
    do throws(ParquetError) {
      guard let page = try nextPage() else {
        try checkRowCount()
        store.adopt(&column)
        store.finish(into: &column, type: leaf.type)
        return 0
      }
      let left = page.valueCount - pendingDone
      try readWithinPages(left, into: &column)
      return left
    } catch {
      throw located(error)
    }
  }

  /// Number of rows that `next` would decode; 0 at the end.
  public func rowsInNextPage() throws(ParquetError) -> Int {
    do throws(ParquetError) {
      guard let page = try nextPage() else { return 0 }
      return page.valueCount - pendingDone
    } catch {
      throw located(error)
    }
  }

  /// Decodes exactly `rows` rows, from as many pages as needed.
  ///
  /// - Throws: `ParquetError.corrupt` if the chunk has fewer.
  public func read(rows: Int, into column: inout Column) throws(ParquetError) {
    do throws(ParquetError) {
      try readWithinPages(rows, into: &column)
    } catch {
      throw located(error)
    }
  }

  /// Skips rows; whole pages are neither decompressed nor checked.
  public func skip(rows: Int) throws(ParquetError) {
    do throws(ParquetError) {
      var left = rows
      while left > 0 {
        guard let page = try nextPage() else { throw endsEarly(left) }
        let inPage = page.valueCount - pendingDone
        if left >= inPage, seek(&left) { continue }
        let skipped = Swift.min(inPage, left)
        advance(skipped, of: inPage)
        left -= skipped
      }
    } catch {
      throw located(error)
    }
  }

  /// Checks that there are no rows beyond the row group's count.
  public func checkEnd() throws(ParquetError) {
    do throws(ParquetError) {
      while let page = try nextPage() {
        if page.header.valueCount > 0 { try checkRowCount() }
        advance(0, of: 0)
      }
      try checkRowCount()
    } catch {
      throw located(error)
    }
  }

  // MARK: - Pages

  /// The current page, or the next data page; decodes the dictionary page if it comes first.
  func nextPage() throws(ParquetError) -> StoredPage? {
    if let pending { return pending }
    // The chunk's end is not trusted beyond the row group's rows.
    while rowIndex < rowCount, let span = try pages.next() {
      switch span.header.type {
      case .dictionaryPage:
        if values.dictionary != nil || rowIndex > 0 {
          throw ParquetError(
            .corrupt, "a second dictionary page", place: .init(offset: span.offset))
        }
        try loadDictionary(span)
      case .dataPage, .dataPageV2:
        if let locations {
          try ChunkPages.check(span, pageIndex, of: locations, rowCount: rowCount)
        }
        pageIndex += 1
        if span.header.valueCount == 0 { continue }
        let (end, overflow) = rowIndex.addingReportingOverflow(span.valueCount)
        if overflow || end > rowCount {
          throw ParquetError(
            .corrupt,
            "the column has more than the \(rowCount) rows of its row group",
            place: .init(offset: span.offset))
        }
        pending = span
        pendingDone = 0
        return span
      case .indexPage: continue
      }
    }
    return nil
  }

  private func loadDictionary(_ span: StoredPage) throws(ParquetError) {
    do throws(ParquetError) {
      let bytes = try pages.dictionary(span, scratch)
      try values.setDictionary(
        bytes, count: span.valueCount, encoding: span.header.encoding, scratch)
    } catch {
      throw error.at(offset: span.offset)
    }
  }

  func advance(_ rows: Int, of inPage: Int) {
    rowIndex += rows
    pendingDone += rows
    if rows == inPage {
      pending = nil
      partial = nil
    }
  }

  private func readWithinPages(_ rows: Int, into column: inout Column) throws(ParquetError) {
    if rows > Limits.readRowCountMax {
      throw ParquetError(
        .request, "\(rows) rows in one read, at most \(Limits.readRowCountMax) are allowed",
        remedy: "read fewer rows at a time")
    }
    store.adopt(&column)
    store.reserve(rows)
    var left = rows
    while left > 0 {
      guard let page = try nextPage() else { throw endsEarly(left) }
      let inPage = page.valueCount - pendingDone
      let taken = Swift.min(inPage, left)
      if pendingDone == 0 && taken == inPage && partial == nil {
        try decode(page, to: &store)
      } else {
        if partial == nil { partial = try decodeAside(page) }
        if let partial {
          try store.append(partial, rows: pendingDone..<(pendingDone + taken))
        }
      }
      advance(taken, of: inPage)
      left -= taken
    }
    store.finish(into: &column, type: leaf.type)
  }

  func decodeAside(_ page: StoredPage) throws(ParquetError) -> Column {
    var aside = ColumnStore(kind: values.kind)
    try decode(page, to: &aside)
    var column = Column(type: leaf.type, storage: .integers([]))
    aside.finish(into: &column, type: leaf.type)
    return column
  }

  private func decode(
    _ span: StoredPage, to store: inout ColumnStore
  ) throws(ParquetError) {
    do throws(ParquetError) {
      let page = try pages.dataPage(span, scratch)
      try values.append(page, scratch, to: &store)
    } catch {
      throw error.at(offset: span.offset)
    }
  }

  /// Decodes a page of integers without nulls into `target`; false if it is no such page.
  func decodeIntegers(
    _ span: StoredPage, into target: UnsafeMutablePointer<Int64>
  ) throws(ParquetError) -> Bool {
    do throws(ParquetError) {
      return try values.decodeIntegers(try pages.dataPage(span, scratch), scratch, into: target)
    } catch {
      throw error.at(offset: span.offset)
    }
  }

  // MARK: - Skipping

  /// Moves to the page that has the row `rowIndex + left`, if an offset index tells which and it is after the
  /// current page.
  private func seek(_ left: inout Int) -> Bool {
    let target = rowIndex + left
    guard let locations, let index = Self.index(ofRow: target, in: locations, after: rowIndex)
    else { return false }
    let location = locations[index]
    pages.position = Int(location.offset)
    pageIndex = index
    // checked: the page begins at or before `target`
    left = target - Int(location.firstRowIndex)
    rowIndex = Int(location.firstRowIndex)
    pending = nil
    pendingDone = 0
    partial = nil
    return true
  }

  private func checkRowCount() throws(ParquetError) {
    if rowIndex != rowCount {
      throw ParquetError(
        .corrupt, "the column has \(rowIndex) rows, its row group \(rowCount)")
    }
  }

  func endsEarly(_ left: Int) -> ParquetError {
    ParquetError(
      .corrupt,
      "the column ends after \(rowIndex) rows, its row group has \(rowCount) and \(left) more "
        + "were asked for")
  }

  func located(_ error: ParquetError) -> ParquetError {
    reader.located(error, rowGroup, leafIndex)
  }

  /// The index of the last page that begins at or before `row`, if it begins after the row `after`.
  private static func index(
    ofRow row: Int, in locations: [PageLocation], after: Int
  ) -> Int? {
    var low = 0
    var high = locations.count
    while low < high {
      let middle = (low + high) / 2
      if locations[middle].firstRowIndex <= Int64(row) { low = middle + 1 } else { high = middle }
    }
    if low == 0 || locations[low - 1].firstRowIndex <= Int64(after) { return nil }
    return low - 1
  }
}
