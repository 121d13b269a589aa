extension ParquetReader {
  /// The bounds of a column chunk's pages; nil where the file has none.
  public func columnIndex(rowGroup: Int, leaf: Int) throws(ParquetError) -> ColumnIndex? {
    let chunk = try columnChunk(rowGroup: rowGroup, leaf: leaf)
    let index = try parse(
      chunk.columnIndexOffset, chunk.columnIndexByteCount, as: ColumnIndex.self, rowGroup, leaf)
    if let index,
      index.minValues.count != index.nullPages.count
        || index.maxValues.count != index.nullPages.count
        || (index.nullCounts.map { $0.count != index.nullPages.count } ?? false)
    {
      throw located(
        ParquetError(.corrupt, "a column index whose lists differ in length"), rowGroup, leaf)
    }
    return index
  }

  /// Where a column chunk's data pages lie; nil where the file has no offset index.
  public func offsetIndex(rowGroup: Int, leaf: Int) throws(ParquetError) -> OffsetIndex? {
    let chunk = try columnChunk(rowGroup: rowGroup, leaf: leaf)
    let index = try parse(
      chunk.offsetIndexOffset, chunk.offsetIndexByteCount, as: OffsetIndex.self, rowGroup, leaf)
    var previous: Int64 = -1
    for location in index?.pageLocations ?? [] {
      if location.firstRowIndex < 0 || location.firstRowIndex < previous || location.offset < 0
        || location.firstRowIndex > metadata.rowGroups[rowGroup].rowCount
      {
        throw located(
          ParquetError(.corrupt, "an offset index whose rows do not rise"), rowGroup, leaf)
      }
      previous = location.firstRowIndex
    }
    return index
  }

  private func parse<T: ThriftReadable>(
    _ offset: Int64?, _ byteCount: Int32?, as type: T.Type, _ rowGroup: Int, _ leaf: Int
  ) throws(ParquetError) -> T? {
    guard let offset, let byteCount, offset > 0, byteCount > 0 else { return nil }
    do throws(ParquetError) {
      guard let start = Int(exactly: offset) else { return nil }
      var reader = ThriftReader(try file.range(start, Int(byteCount)))
      do throws(ParquetError) {
        return try T(parsing: &reader)
      } catch {
        var error = error
        error.place.offset = start + (error.place.offset ?? 0)
        throw error
      }
    } catch {
      throw located(error, rowGroup, leaf)
    }
  }
}

/// A column chunk's page index, as far as it can be relied on.
public struct SoundPageIndex: Sendable {
  /// Where the data pages lie, in order.
  public var locations: [PageLocation]
  /// nil where the file has no bounds of pages.
  public var bounds: ColumnIndex?
  /// Which of the bounds' parts are not known to be wrong.
  public var trust: StatisticsTrust
}

extension ParquetReader {
  /// A flat column chunk's page index; nil where the file has none, or where either half of it is
  /// defective: then the pages are read without it.
  ///
  /// Indexes of other programs are compared with the headers of the pages: some writers give every
  /// page the first row 0 (parquetjs), some list pages that are not there (Impala).
  public func soundPageIndex(rowGroup: Int, leaf: Int) -> SoundPageIndex? {
    do throws(ParquetError) {
      guard let offsets = try offsetIndex(rowGroup: rowGroup, leaf: leaf) else { return nil }
      let locations = offsets.pageLocations
      let bounds = try columnIndex(rowGroup: rowGroup, leaf: leaf)
      if locations.first?.firstRowIndex != 0 { return nil }
      for (page, next) in zip(locations, locations.dropFirst())
      where page.firstRowIndex >= next.firstRowIndex {
        return nil
      }
      if let bounds, !areSound(bounds, locations, rowGroup, leaf) { return nil }
      if !writer.isOurs {
        let pages = try chunkPages(rowGroup: rowGroup, leaf: leaf)
        if !pages.lie(at: locations, rowCount: rowCount(rowGroup: rowGroup)) { return nil }
      }
      return SoundPageIndex(
        locations: locations, bounds: bounds, trust: trust(rowGroup: rowGroup, leaf: leaf))
    } catch {
      // Rows can be read without an index, and what is wrong with them is told.
      return nil
    }
  }

  /// Whether bounds are there for each page, and those said to be of nulls can be: parquet-mr says it of
  /// pages without statistics, with -1 nulls.
  private func areSound(
    _ bounds: ColumnIndex, _ locations: [PageLocation], _ rowGroup: Int, _ leaf: Int
  ) -> Bool {
    if bounds.nullPages.count != locations.count { return false }
    for (page, isNull) in bounds.nullPages.enumerated() where isNull {
      if !leaves[leaf].isNullable { return false }
      guard let nulls = bounds.nullCounts?[page] else { continue }
      let end =
        page + 1 < locations.count
        ? locations[page + 1].firstRowIndex : Int64(self.rowCount(rowGroup: rowGroup))
      // checked: first rows rise
      if nulls != end - locations[page].firstRowIndex { return false }
    }
    return true
  }
}
