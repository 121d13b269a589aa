import Columnar

/// The figures of a check of every page.
public struct VerificationCounts: Hashable, Sendable {
  /// Column chunks checked.
  public var chunks = 0
  /// Pages of all kinds.
  public var pages = 0
  /// Pages with a CRC-32, all of which were compared.
  public var checkedPages = 0
  /// Values, including nulls.
  public var values = 0
  /// Damaged column chunks.
  public var findings = 0
}

extension ParquetReader {
  /// Decompresses, CRC-checks and decodes every page, and reads every page index.
  ///
  /// - Parameter report: Called for each damaged column chunk, with its first error. Returns whether to go on.
  public func verify(_ report: (ParquetError) -> Bool) -> VerificationCounts {
    var counts = VerificationCounts()
    for rowGroup in metadata.rowGroups.indices {
      for leaf in leaves.indices {
        counts.chunks += 1
        do throws(ParquetError) {
          try verifyChunk(rowGroup, leaf, &counts)
          _ = try columnIndex(rowGroup: rowGroup, leaf: leaf)
          try verifyOffsets(rowGroup, leaf)
        } catch {
          counts.findings += 1
          if !report(located(error, rowGroup, leaf)) { return counts }
        }
      }
    }
    return counts
  }

  private func verifyChunk(
    _ rowGroup: Int, _ leaf: Int, _ counts: inout VerificationCounts
  ) throws(ParquetError) {
    let cursor = try LeafCursor(
      reader: self, rowGroup: rowGroup, leaf: leaf, keepsOversize: true)
    var rows = 0
    while try cursor.loadPage() { rows += cursor.rowsBegun }
    counts.pages += cursor.pageCount
    counts.checkedPages += cursor.checkedPageCount
    counts.values += cursor.entriesSeen
    let expected = rowCount(rowGroup: rowGroup)
    if rows != expected {
      throw ParquetError(.corrupt, "the column has \(rows) rows, its row group \(expected)")
    }
  }

  /// The offset index must point to pages.
  private func verifyOffsets(_ rowGroup: Int, _ leaf: Int) throws(ParquetError) {
    guard let index = try offsetIndex(rowGroup: rowGroup, leaf: leaf) else { return }
    var pages = try chunkPages(rowGroup: rowGroup, leaf: leaf)
    var locations = index.pageLocations[...]
    var left = try chunkMetadata(rowGroup: rowGroup, leaf: leaf).valueCount
    while left > 0, let page = try pages.next() {
      if page.header.type != .dataPage && page.header.type != .dataPageV2 { continue }
      left -= Int64(page.valueCount)
      guard let location = locations.popFirst(), location.offset == Int64(page.offset),
        Int(location.compressedByteCount) == page.header.byteCount + page.dataByteCount
      else {
        throw ParquetError(
          .corrupt, "the offset index does not list this page", place: .init(offset: page.offset))
      }
    }
    if let extra = locations.first {
      throw ParquetError(
        .corrupt, "the offset index lists a page at \(extra.offset), where none is")
    }
  }
}
