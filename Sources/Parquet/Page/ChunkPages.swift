import Bytes
import Compression
import Platform

/// A page's header and the location of its bytes.
struct StoredPage {
  var header: PageHeaderScan
  /// Offset of the header in the file.
  var offset: Int
  /// Offset of the page's data in the file.
  var dataOffset: Int { offset + header.byteCount }
  var dataByteCount: Int { Int(header.compressedByteCount) }
  /// Values of a data page, nulls included: 0 to `Limits.pageValueCountMax`.
  var valueCount: Int { Int(header.valueCount) }
}

/// A decompressed data page, split into its sections.
struct DataPage {
  /// Levels; in a flat column, rows.
  var valueCount: Int
  var encoding: Encoding
  /// nil if the column has none.
  var repetitionLevels: PageBytes?
  var definitionLevels: PageBytes?
  var repetitionLevelEncoding: Encoding
  var definitionLevelEncoding: Encoding
  var values: PageBytes
  /// Offset in the file, for errors.
  var offset: Int
}

/// Iterates over the pages of one column chunk.
struct ChunkPages {
  /// Bytes by which a chunk may exceed its stated size, if its writer forgets the dictionary page's header.
  static let forgottenByteCountMax = 100
  /// Memory that a page header may ask for without further checks, in bytes.
  static let unquestionedByteCount = 1 << 16

  let file: FileBytes
  let leaf: LeafColumn
  let codec: Codec
  let chunkStart: Int
  /// The offset at which the pages must have ended.
  let chunkEnd: Int
  /// The offset at which they end according to the footer.
  let statedEnd: Int
  /// Values of all pages, nulls included.
  let valueCount: Int64
  /// The kinds and encodings of the chunk's pages according to the footer; empty if it has none.
  private let pageEncodings: [PageEncodingStats]
  private let encodings: [Encoding]
  let writer: WriterVersion
  let verifiesChecksums: Bool
  let pageByteCountMax: Int
  /// Offset of the next page's header in the file.
  var position: Int

  init(
    file: FileBytes, footerOffset: Int, leaf: LeafColumn, metadata: ColumnMetadata,
    verifiesChecksums: Bool, pageByteCountMax: Int = Limits.pageByteCountMax,
    writer: WriterVersion = WriterVersion(createdBy: nil)
  ) throws(ParquetError) {
    guard let codec = metadata.codec.codec else {
      throw ParquetError(.unsupported, "pages compressed with \(metadata.codec.name)")
    }
    if metadata.type != leaf.physicalType {
      throw ParquetError(
        .corrupt,
        "the chunk holds \(metadata.type.name), the schema says \(leaf.physicalType.name)")
    }
    var start = metadata.dataPageOffset
    // Some writers use 0 for "no dictionary".
    if let dictionary = metadata.dictionaryPageOffset, dictionary > 0, dictionary < start {
      start = dictionary
    }
    let (end, overflow) = start.addingReportingOverflow(metadata.totalCompressedByteCount)
    self.file = file
    self.leaf = leaf
    self.codec = codec
    self.verifiesChecksums = verifiesChecksums
    self.pageByteCountMax = pageByteCountMax
    valueCount = metadata.valueCount
    pageEncodings = metadata.encodingStats ?? []
    encodings = metadata.encodings
    self.writer = writer
    // A chunk without values may have no pages, and then no offset either.
    if metadata.valueCount == 0 {
      (chunkStart, chunkEnd, statedEnd, position) = (0, 0, 0, 0)
      return
    }
    if start < 4 || metadata.totalCompressedByteCount < 0 || overflow
      || end > Int64(footerOffset)
    {
      throw ParquetError(
        .corrupt,
        "the chunk lies at \(start) with \(metadata.totalCompressedByteCount) bytes, the "
          + "file's data ends at \(footerOffset)")
    }
    chunkStart = Int(start)
    statedEnd = Int(end)
    chunkEnd =
      writer.forgetsDictionaryHeader
      ? Swift.min(statedEnd + Self.forgottenByteCountMax, footerOffset) : statedEnd
    position = Int(start)
  }

  /// Reads the header at `position` and moves past its page. nil at the chunk's end.
  mutating func next() throws(ParquetError) -> StoredPage? {
    if position >= chunkEnd { return nil }
    let start = position
    let room = Swift.min(chunkEnd - start, Limits.pageHeaderByteCountMax)
    var reader = ThriftReader(UnsafeRawBufferPointer(start: file.base + start, count: room))
    var header: PageHeaderScan
    do throws(ParquetError) {
      header = try PageHeaderScan(parsing: &reader)
    } catch {
      var error = error
      error.place.offset = start + (error.place.offset ?? 0)
      throw error
    }
    correctCount(&header)
    let span = StoredPage(header: header, offset: start)
    if header.compressedByteCount < 0 || header.uncompressedByteCount < 0 {
      throw ParquetError(.corrupt, "a page header without sizes", place: .init(offset: start))
    }
    if span.dataByteCount > chunkEnd - span.dataOffset {
      throw ParquetError(
        .truncated,
        "a page of \(span.dataByteCount) bytes, its column chunk has "
          + "\(chunkEnd - span.dataOffset) left", place: .init(offset: start))
    }
    if Int(header.uncompressedByteCount) > pageByteCountMax {
      let unit = pageByteCountMax >= 1 << 20 ? (shift: 20, name: "MiB") : (shift: 0, name: "bytes")
      throw ParquetError(
        .unsupported,
        "a page of \(header.uncompressedByteCount) bytes, more than the "
          + "\(pageByteCountMax >> unit.shift) \(unit.name) that are allowed",
        place: .init(offset: start),
        remedy: pageByteCountMax < Limits.pageByteCountMax
          ? "write the file with smaller pages, or allow more memory: --memory 1G" : nil)
    }
    if !header.isIndexPage,
      header.valueCount < 0 || Int(header.valueCount) > Limits.pageValueCountMax
    {
      throw ParquetError(
        header.valueCount < 0 ? .corrupt : .unsupported,
        "a page of \(header.valueCount) values, pages hold 0 to \(Limits.pageValueCountMax)",
        place: .init(offset: start))
    }
    if header.type == .dataPageV2, let flaw = flaw(ofVersion2: header) {
      throw ParquetError(.corrupt, flaw, place: .init(offset: start))
    }
    if !isStated(header) {
      throw ParquetError(
        .corrupt,
        "a page encoded as \(header.encoding.name), which the footer does not list for its column",
        place: .init(offset: start))
    }
    position = span.dataOffset + span.dataByteCount
    return span
  }

  /// Uses the row count as value count, if a flat column's page header states more values than rows: then the
  /// rows are right (parquet-go 0.30.1 adds up values of earlier files; parquet-mr 1.8.1 sometimes counts those
  /// of a required column twice). That the rows add up to the row group's is checked with all pages.
  private func correctCount(_ header: inout PageHeaderScan) {
    if leaf.maxRepetitionLevel > 0 { return }
    if header.type == .dataPageV2, header.rowCount > 0, header.rowCount < header.valueCount,
      header.nullCount <= header.rowCount
    {
      header.valueCount = header.rowCount
    }
    guard header.type == .dataPage, leaf.maxDefinitionLevel == 0, header.encoding == .plain,
      let width = leaf.plainByteCount
    else { return }
    // A page without levels consists of values only.
    let stored = Int(header.uncompressedByteCount)
    if stored > 0, stored % width == 0, stored / width < Int(header.valueCount) {
      header.valueCount = Int32(stored / width)
    }
  }

  private func flaw(ofVersion2 header: PageHeaderScan) -> String? {
    if !(0...header.valueCount).contains(header.nullCount) {
      return "a page of \(header.valueCount) values with \(header.nullCount) nulls"
    }
    let isFlat = leaf.maxRepetitionLevel == 0
    if isFlat
      ? header.rowCount != header.valueCount : !(0...header.valueCount).contains(header.rowCount)
    {
      return "a page of \(header.valueCount) values that begins \(header.rowCount) rows"
    }
    return nil
  }

  /// Whether the footer lists the page's kind and encoding.
  private func isStated(_ header: PageHeaderScan) -> Bool {
    if header.isIndexPage { return true }
    // A dictionary's codes have two encodings, which writers mix up.
    func isSame(_ one: Encoding, _ other: Encoding) -> Bool {
      one == other || (one.isDictionary && other.isDictionary)
    }
    if header.type == .dictionaryPage { return true }
    if !pageEncodings.isEmpty {
      // Arrow lists data pages of version 2 as version 1.
      return pageEncodings.contains {
        $0.pageType != .dictionaryPage && isSame($0.encoding, header.encoding)
      }
    }
    return encodings.isEmpty || encodings.contains { isSame($0, header.encoding) }
  }

  // MARK: - Bytes of a page

  /// The page's bytes as stored, checked against its CRC.
  private func stored(_ span: StoredPage) throws(ParquetError) -> UnsafeRawBufferPointer {
    let bytes = UnsafeRawBufferPointer(
      start: file.base + span.dataOffset, count: span.dataByteCount)
    if verifiesChecksums, let expected = span.header.crc {
      let found = CRC32.checksum(bytes)
      if found != expected {
        throw ParquetError(
          .checksum,
          "the page's bytes have the CRC-32 \(hex(found)), its header says \(hex(expected))",
          place: .init(offset: span.offset), remedy: "restore the file: its bytes were changed")
      }
    }
    return bytes
  }

  private func hex(_ word: UInt32) -> String {
    let text = String(word, radix: 16)
    return String(repeating: "0", count: 8 - text.utf8.count) + text
  }

  /// Decompresses `bytes` into the scratch page; uncompressed bytes are not copied.
  private func unpacked(
    _ bytes: UnsafeRawBufferPointer, codec: Codec, byteCount: Int, _ scratch: DecodeScratch
  ) throws(ParquetError) -> PageBytes {
    guard let base = bytes.baseAddress else {
      throw ParquetError(.corrupt, "a page without bytes")
    }
    if codec == .uncompressed {
      if bytes.count != byteCount {
        throw ParquetError(
          .corrupt, "an uncompressed page of \(bytes.count) bytes that should be \(byteCount)")
      }
      if file.hasSlack(after: base - file.base + bytes.count) {
        return PageBytes(base: base, count: bytes.count)
      }
    } else if bytes.isEmpty && byteCount > 0 {
      throw ParquetError(.truncated, "a compressed page without bytes")
    }
    // Not worth checking for small pages.
    if byteCount > Self.unquestionedByteCount,
      let bound = Decompressor.outputBound(bytes, codec, wanted: byteCount), byteCount > bound
    {
      throw ParquetError(
        .corrupt, "\(bytes.count) compressed bytes cannot hold the \(byteCount) promised")
    }
    // For the page and for its values.
    if !MemoryRoom.has(2 * byteCount) {
      throw ParquetError(
        .unsupported, "a page of \(byteCount) bytes, and there is not memory for it",
        remedy: "write the file with smaller pages, or allow more memory")
    }
    scratch.page.reserve(byteCount)
    if byteCount == 0 && bytes.isEmpty { return PageBytes(base: scratch.page.base, count: 0) }
    do throws(CompressionError) {
      try scratch.decompressor.decompress(
        bytes, codec,
        into: UnsafeMutableRawBufferPointer(start: scratch.page.base, count: byteCount))
    } catch {
      let code: ParquetError.Code = error.code == .unavailable ? .unsupported : .corrupt
      throw ParquetError(code, error.message, remedy: error.remedy)
    }
    return PageBytes(base: UnsafeRawPointer(scratch.page.base), count: byteCount)
  }

  /// The values of a dictionary page.
  func dictionary(_ span: StoredPage, _ scratch: DecodeScratch) throws(ParquetError) -> PageBytes {
    try unpacked(
      try stored(span), codec: codec, byteCount: Int(span.header.uncompressedByteCount), scratch)
  }

  /// The sections of a data page of either version. Valid until the scratch is used again.
  func dataPage(_ span: StoredPage, _ scratch: DecodeScratch) throws(ParquetError) -> DataPage {
    let bytes = try stored(span)
    let header = span.header
    var page = DataPage(
      valueCount: Int(header.valueCount), encoding: header.encoding, repetitionLevels: nil,
      definitionLevels: nil, repetitionLevelEncoding: header.repetitionLevelEncoding,
      definitionLevelEncoding: header.definitionLevelEncoding,
      values: PageBytes(base: file.base, count: 0), offset: span.offset)
    if header.type == .dataPageV2 {
      try splitVersion2(bytes, header, &page, scratch)
    } else {
      page.values = try unpacked(
        bytes, codec: codec, byteCount: Int(header.uncompressedByteCount), scratch)
      try splitVersion1(&page)
    }
    return page
  }

  private func splitVersion1(_ page: inout DataPage) throws(ParquetError) {
    if leaf.maxRepetitionLevel > 0 {
      page.repetitionLevels = try takeLevels(
        &page, page.repetitionLevelEncoding, leaf.maxRepetitionLevel, "repetition levels")
    }
    if leaf.maxDefinitionLevel > 0 {
      page.definitionLevels = try takeLevels(
        &page, page.definitionLevelEncoding, leaf.maxDefinitionLevel, "definition levels")
    }
  }

  private func takeLevels(
    _ page: inout DataPage, _ encoding: Encoding, _ maximum: Int, _ what: String
  ) throws(ParquetError) -> PageBytes {
    var byteCount: Int
    switch encoding {
    case .rle:
      byteCount = Int(
        try page.values.prefix(4, "the length of the \(what)").base.loadLE(0, as: UInt32.self))
      page.values = page.values.dropping(4)
    case .bitPacked:
      byteCount = LevelDecoder.bitPackedByteCount(maximum: maximum, count: page.valueCount)
    default: throw ParquetError(.unsupported, "\(what) encoded as \(encoding.name)")
    }
    let levels = try page.values.prefix(byteCount, what)
    page.values = page.values.dropping(byteCount)
    return levels
  }

  private func splitVersion2(
    _ bytes: UnsafeRawBufferPointer, _ header: PageHeaderScan, _ page: inout DataPage,
    _ scratch: DecodeScratch
  ) throws(ParquetError) {
    let repetitionCount = Int(header.repetitionLevelsByteCount)
    let definitionCount = Int(header.definitionLevelsByteCount)
    let levelCount = repetitionCount + definitionCount
    // checked: three numbers of 32 bits
    let unpackedCount = Int(header.uncompressedByteCount) - levelCount
    if repetitionCount < 0 || definitionCount < 0 || levelCount > bytes.count
      || unpackedCount < 0
    {
      throw ParquetError(
        .corrupt,
        "levels of \(repetitionCount) and \(definitionCount) bytes in a page of "
          + "\(header.uncompressedByteCount)")
    }
    let stored = UnsafeRawBufferPointer(rebasing: bytes[levelCount...])
    let isCompressed = header.isCompressed || writer.compressesUnsaid
    let valueCodec = isCompressed ? codec : .uncompressed
    page.values =
      stored.isEmpty
      ? PageBytes(base: UnsafeRawPointer(scratch.page.base), count: 0)
      : try unpacked(stored, codec: valueCodec, byteCount: unpackedCount, scratch)
    guard let base = bytes.baseAddress else { return }
    // Levels are read from the file; near its end they are copied to a buffer with slack.
    var levels = base
    if !file.hasSlack(after: base - file.base + levelCount) {
      scratch.levelBytes.reserve(levelCount)
      scratch.levelBytes.base.copyMemory(from: base, byteCount: levelCount)
      levels = UnsafeRawPointer(scratch.levelBytes.base)
    }
    page.repetitionLevelEncoding = .rle
    page.definitionLevelEncoding = .rle
    if leaf.maxRepetitionLevel > 0 {
      page.repetitionLevels = PageBytes(base: levels, count: repetitionCount)
    }
    if leaf.maxDefinitionLevel > 0 {
      page.definitionLevels = PageBytes(base: levels + repetitionCount, count: definitionCount)
    }
  }
}
