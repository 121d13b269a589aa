import Bytes
import Compression

/// Encodes a page's levels.
protocol PageLevels {
  /// Appends repetition and definition levels of a page, as in data page v1.
  func append(_ span: PageSpan, into out: ByteBuffer)
}

/// Levels of a flat optional column: 1 for a value, 0 for a null.
struct FlatLevels: PageLevels {
  let validity: UnsafePointer<UInt8>?

  func append(_ span: PageSpan, into out: ByteBuffer) {
    let count = span.levels.count
    withUnsafeTemporaryAllocation(
      of: UInt32.self, capacity: span.nullCount == 0 || span.nullCount == count ? 1 : count
    ) { scratch in
      guard let scratch = scratch.baseAddress else { return }
      appendDefinitionLevels(
        validity: validity.map { $0 + span.levels.lowerBound }, count: count,
        nullCount: span.nullCount, scratch: scratch, into: out)
    }
  }
}

/// Levels of a flat required column: none are stored.
struct RequiredLevels: PageLevels {
  func append(_ span: PageSpan, into out: ByteBuffer) {
    precondition(span.nullCount == 0, "a required column has no nulls")
  }
}

/// Builds a chunk's pages: levels and values, compression, headers with checksums.
final class PageAssembler {
  private let column: WriterColumn
  private let scratch: EncoderScratch
  private let raw: ByteBuffer
  private let compressed: ByteBuffer
  private let trial: ByteBuffer

  init(column: WriterColumn, scratch: EncoderScratch) {
    self.column = column
    self.scratch = scratch
    raw = scratch.raw
    compressed = scratch.compressed
    trial = scratch.trial
  }

  func assemble(
    _ values: PackedValues, _ form: ValueForm, spans: [PageSpan], rowCount: Int,
    levels: some PageLevels, bounds: [ValueBounds?], shaper: ValueShaper
  ) throws(ParquetError) -> EncodedColumnChunk {
    var ends: [Int] = []
    raw.removeAll()
    if case .dictionary = form {
      raw.append(shaper.dictionaryPage.bytes)
      ends.append(raw.count)
    }
    for (page, span) in spans.enumerated() {
      levels.append(span, into: raw)
      shaper.encode(values, page: page, span.values, form, into: raw)
      ends.append(raw.count)
    }
    let stored = try compress(
      ends, hasDictionary: ends.count > spans.count,
      with: encoder(form, shaper))
    var chunk = EncodedColumnChunk(
      column: column, rowCount: rowCount, valueCount: spans.last?.levels.upperBound ?? 0,
      bytes: [], dictionaryByteCount: 0, pages: [], encoding: form.encoding,
      codec: stored == nil ? .uncompressed : .zstd, uncompressedByteCount: 0,
      nullCount: spans.reduce(0) { $0 + $1.nullCount }, distinctCount: nil, bounds: nil)
    if case .dictionary(let entryCount) = form { chunk.distinctCount = entryCount }
    append(form, values, shaper.runs, spans, bounds, ends, stored, to: &chunk)
    return chunk
  }

  private func encoder(_ form: ValueForm, _ shaper: ValueShaper) -> ZstdEncoder {
    switch form {
    case .plain: scratch.zstd
    case .delta: shaper.delta.usesWholeBytes ? scratch.deltaZstd : scratch.entropyZstd
    case .dictionary:
      shaper.hasWideIndices
        ? scratch.indexZstd : shaper.hasSmoothIndices ? scratch.zstd : scratch.entropyZstd
    }
  }

  /// Compresses each page.
  ///
  /// - Returns: The ends of the pages in `compressed`; nil if compression gains less than a tenth.
  private func compress(
    _ ends: [Int], hasDictionary: Bool, with zstd: ZstdEncoder
  ) throws(ParquetError) -> [Int]? {
    if raw.count < 64 { return nil }
    // The longest data page is tried first, to see whether the others are worth it.
    var (longest, start) = (0..<0, 0)
    for (page, end) in ends.enumerated() {
      if page == 0 && hasDictionary {
        start = end
        continue
      }
      if end - start > longest.count { longest = start..<end }
      start = end
    }
    trial.removeAll()
    try compress(longest, with: zstd, into: trial)
    if trial.count * 10 > longest.count * 9 { return nil }
    compressed.removeAll()
    var storedEnds: [Int] = []
    start = 0
    for (page, end) in ends.enumerated() {
      if page == 0 && hasDictionary {
        try compress(0..<end, with: scratch.dictionaryZstd, into: compressed)
      } else if longest == start..<end {
        compressed.append(trial.bytes)
      } else {
        try compress(start..<end, with: zstd, into: compressed)
      }
      storedEnds.append(compressed.count)
      start = end
    }
    return compressed.count * 10 > raw.count * 9 ? nil : storedEnds
  }

  private func compress(
    _ range: Range<Int>, with zstd: ZstdEncoder, into target: ByteBuffer
  ) throws(ParquetError) {
    let page = UnsafeRawBufferPointer(rebasing: raw.bytes[range])
    do { try zstd.compress(page, into: target) } catch {
      throw ParquetError(.value, error.message)
    }
  }

  /// Size of a page's header at most: its type, three sizes, encodings and a checksum.
  private static let headerByteCountMax = 64

  /// Writes headers and pages.
  private func append(
    _ form: ValueForm, _ values: PackedValues, _ runs: ValueRuns?, _ spans: [PageSpan],
    _ bounds: [ValueBounds?], _ ends: [Int], _ stored: [Int]?, to chunk: inout EncodedColumnChunk
  ) {
    let source = stored == nil ? raw.bytes : compressed.bytes
    let hasDictionary = ends.count > spans.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(source.count + ends.count * Self.headerByteCountMax)
    var (rawStart, storedStart) = (0, 0)
    for page in 0..<ends.count {
      let storedEnd = (stored ?? ends)[page]
      let body = UnsafeRawBufferPointer(rebasing: source[storedStart..<storedEnd])
      let index = hasDictionary ? page - 1 : page
      let rawByteCount = ends[page] - rawStart
      var header = PageHeader(
        type: index < 0 ? .dictionaryPage : .dataPage, uncompressedByteCount: Int32(rawByteCount),
        compressedByteCount: Int32(body.count),
        crc: Int32(bitPattern: CRC32.checksum(body)))
      if index < 0, case .dictionary(let entryCount) = form {
        header.dictionaryPage = DictionaryPageHeader(
          valueCount: Int32(entryCount), encoding: .plain)
      } else {
        header.dataPage = DataPageHeader(
          valueCount: Int32(spans[index].levels.count), encoding: form.encoding,
          definitionLevelEncoding: .rle, repetitionLevelEncoding: .rle)
      }
      let offset = bytes.count
      bytes.append(contentsOf: header.thriftBytes)
      chunk.uncompressedByteCount += bytes.count - offset + rawByteCount
      bytes.append(contentsOf: body)
      if index < 0 {
        chunk.dictionaryByteCount = bytes.count
      } else {
        let isBounded = column.hasStatistics && column.isOrdered
        chunk.pages.append(
          EncodedColumnChunk.Page(
            offset: offset, byteCount: bytes.count - offset, firstRow: spans[index].firstRow,
            nullCount: spans[index].nullCount, valueCount: spans[index].values.count,
            bounds: isBounded ? bounds[index] : nil,
            stringByteCount: stringByteCount(values, runs, spans[index].values)))
      }
      (rawStart, storedStart) = (ends[page], storedEnd)
    }
    chunk.bytes = bytes
  }

  private func stringByteCount(
    _ values: PackedValues, _ runs: ValueRuns?, _ range: Range<Int>
  ) -> Int? {
    guard column.physicalType == .byteArray else { return nil }
    switch values {
    case .bytes(let offsets, _, _):
      return Int(offsets[range.upperBound]) - Int(offsets[range.lowerBound])
    case .codes(let codes, _, let dictionary):
      var total = 0
      if let runs {
        runs.forEach(in: range) { run, length in
          total += dictionary.byteRange(Int(codes[runs.starts[run]])).count * length
        }
      } else {
        dictionary.offsets.withUnsafeBufferPointer { offsets in
          for index in range {
            let code = Int(codes[index])
            total &+= Int(offsets[code &+ 1] &- offsets[code])
          }
        }
      }
      return total
    default: return 0
    }
  }
}
