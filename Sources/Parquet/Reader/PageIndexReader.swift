import Bytes

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
      throw place(
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
        throw place(
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
      throw place(error, rowGroup, leaf)
    }
  }
}
