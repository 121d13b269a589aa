import Columnar

/// What a check of every page has seen.
public struct VerificationCounts: Hashable, Sendable {
  public var chunks = 0
  public var pages = 0
  /// Pages whose header carries a CRC-32, all of which were compared.
  public var checkedPages = 0
  public var values = 0
  public var findings = 0
}

extension ParquetReader {
  /// Decompresses, CRC-checks and decodes every page, and reads every page index.
  ///
  /// - Parameter report: Called for each column chunk that is unsound, with its first error.
  ///   Answers whether to go on.
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
          if !report(place(error, rowGroup, leaf)) { return counts }
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

  /// An offset index must name pages where pages are.
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

/// The reader's entry for a fuzzer: any bytes must end in values or in an error.
public enum ParquetFuzz {
  /// Opens the bytes as a file and reads all there is, in every way there is.
  public static func run(_ bytes: [UInt8]) {
    guard
      let reader = try? ParquetReader(
        bytes: bytes, name: "fuzz", verifiesChecksums: false, pageByteCountMax: pageByteCountMax)
    else { return }
    _ = reader.verify { _ in true }
    for rowGroup in reader.metadata.rowGroups.indices {
      readColumns(reader, rowGroup)
      readRows(reader, rowGroup)
    }
  }

  /// Rows that are read of a row group, and bytes that are printed of it: enough to meet every
  /// decoder, and little enough for many runs.
  private static let rowCountMax = 1 << 16
  private static let textByteCountMax = 1 << 22
  /// A page truly may hold 1 GiB and more in few bytes: a sound seed of the fuzzer's does.
  private static let pageByteCountMax = 1 << 26

  private static func readColumns(_ reader: ParquetReader, _ rowGroup: Int) {
    for leaf in reader.leaves.indices {
      _ = reader.statistics(rowGroup: rowGroup, leaf: leaf)
      _ = try? reader.pageStatistics(rowGroup: rowGroup, leaf: leaf)
      var column = Column(type: .long, storage: .integers([]))
      let rows = reader.rowCount(rowGroup: rowGroup)
      let whole = rows <= rowCountMax ? nil : 0..<rowCountMax
      if (try? reader.readColumn(rowGroup: rowGroup, leaf: leaf, rows: whole, into: &column)) != nil
      {
        readIntegers(reader, rowGroup, leaf, as: column)
      }
      let part = (rows / 3)..<Swift.min(rows / 2, rows / 3 + rowCountMax)
      try? reader.readColumn(rowGroup: rowGroup, leaf: leaf, rows: part, into: &column)
    }
  }

  /// Integers that are read to a place of the caller's, in parts, are those of the column.
  private static func readIntegers(
    _ reader: ParquetReader, _ rowGroup: Int, _ leaf: Int, as column: Column
  ) {
    guard case .integers(let values) = column.storage, !values.isEmpty,
      let scanner = try? reader.makeColumnScanner(rowGroup: rowGroup, leaf: leaf)
    else { return }
    var found = [Int64](repeating: -1, count: values.count)
    var validity = [UInt8](repeating: 1, count: values.count)
    found.withUnsafeMutableBufferPointer { found in
      validity.withUnsafeMutableBufferPointer { validity in
        guard let target = found.baseAddress, let flags = validity.baseAddress else { return }
        var row = 0
        while row < found.count {
          let part = Swift.min(found.count - row, found.count / 3 + 1)
          let hasNulls = try? scanner.readIntegers(
            rows: part, into: target + row, validity: flags + row)
          precondition(hasNulls != nil, "what was read as a column can be read as integers")
          row += part
        }
      }
    }
    let expected = column.validity ?? [UInt8](repeating: 1, count: values.count)
    precondition(found == values && validity == expected, "both ways read the same rows")
  }

  private static func readRows(_ reader: ParquetReader, _ rowGroup: Int) {
    guard let cursor = try? reader.rows(rowGroup: rowGroup) else { return }
    var text = ValueText()
    for _ in 0..<4096 where text.bytes.count < textByteCountMax {
      guard let row = try? cursor.next() else { return }
      text.appendJSONLine(cursor.names, row)
      text.appendCSVLine(row)
    }
  }
}
