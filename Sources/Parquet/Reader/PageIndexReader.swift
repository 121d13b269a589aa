extension ParquetReader {
  /// The bounds of a column chunk's pages; nil if the file has none.
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

  /// The locations of a column chunk's data pages; nil if the file has no offset index.
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

/// The reliable parts of a column chunk's page index.
public struct SoundPageIndex: Sendable {
  /// Locations of the data pages, in order.
  public var locations: [PageLocation]
  /// nil if the file has no bounds of pages.
  public var bounds: ColumnIndex?
  /// Which kinds of bounds are not known to be wrong.
  public var trust: StatisticsTrust
}

extension ParquetReader {
  /// A flat column chunk's page index; nil if the file has none, or if either half is defective: then pages are
  /// read without it.
  ///
  /// Indexes of other programs are compared with the page headers: some writers give every page the first row 0
  /// (parquetjs), some list pages that don't exist (Impala).
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
      // Rows can be read without an index, and damage is reported then.
      return nil
    }
  }

  /// Whether there are bounds for each page, and pages marked as null are plausible: parquet-mr marks pages
  /// without statistics as null, with −1 nulls.
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
      // checked: first rows ascend
      if nulls != end - locations[page].firstRowIndex { return false }
    }
    return true
  }
}
