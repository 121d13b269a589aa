import Columnar
import Compression

/// Encodes column chunks: bounds, encoding, levels, compression, checksums.
///
/// A chunk is a pure function of its rows, the column and the options, whichever thread encodes it. One
/// instance per thread, as its scratch memory is reused.
public final class ColumnChunkEncoder {
  /// The column that is encoded.
  public let column: WriterColumn
  let options: WriterOptions
  private let packer: ValuePacker
  let shaper: ValueShaper
  private let assembler: PageAssembler

  /// - Parameter scratch: Made with the same options, and shared only with encoders of the same thread.
  public init(column: WriterColumn, options: WriterOptions, scratch: EncoderScratch? = nil) {
    let scratch = scratch ?? EncoderScratch(options: options)
    self.column = column
    self.options = options
    packer = ValuePacker(scratch: scratch.packed, byteScratch: scratch.packedBytes)
    shaper = ValueShaper(column: column, scratch: scratch)
    assembler = PageAssembler(column: column, scratch: scratch)
  }

  /// Encodes the rows `rows` of a column.
  public func encode(
    _ column: Column, rows: Range<Int>
  ) throws(ParquetError) -> EncodedColumnChunk {
    precondition(rows.upperBound <= column.count, "rows within the column")
    return try column.withSource(rows: rows) { (source) throws(ParquetError) in
      try encode(source, rowCount: rows.count)
    }
  }

  /// Encodes `rowCount` rows as the chunk of one row group.
  ///
  /// - Throws: `ParquetError` with code `value` if a value does not fit the column's type, or a double is NaN
  ///   and `WriterOptions` do not allow it.
  public func encode(
    _ source: ColumnSource, rowCount: Int
  ) throws(ParquetError) -> EncodedColumnChunk {
    do throws(ParquetError) {
      let cuts = options.pageCuts(rowCount: rowCount)
      var (values, spans) = try packer.pack(source, rowCount: rowCount, cuts: cuts)
      if case .bytes(let offsets, _, _) = values {
        let refined = refine(cuts, offsets, source.validity)
        if refined.count > cuts.count {
          (values, spans) = try packer.pack(source, rowCount: rowCount, cuts: refined)
        }
      }
      let runs = source.runStarts.map { ValueRuns(starts: $0, count: rowCount) }
      if self.column.isRequired {
        return try encode(
          values, runs: runs, spans: spans, rowCount: rowCount, levels: RequiredLevels())
      }
      let levels = FlatLevels(validity: source.validity)
      return try encode(values, runs: runs, spans: spans, rowCount: rowCount, levels: levels)
    } catch {
      throw error.at(column: column.field.name)
    }
  }

  /// Encodes packed values with levels of any depth.
  ///
  /// - Parameter runs: The values' runs, if known.
  func encode(
    _ values: PackedValues, runs: ValueRuns? = nil, spans: [PageSpan], rowCount: Int,
    levels: some PageLevels
  ) throws(ParquetError) -> EncodedColumnChunk {
    let runs = runs ?? self.runs(values)
    let bounds = try pageBounds(values, runs, spans)
    let overall = union(bounds, spans)
    let form = shaper.shape(values, runs: runs, spans: spans, bounds: overall)
    var chunk = try assembler.assemble(
      values, form, spans: spans, rowCount: rowCount, levels: levels, bounds: bounds,
      shaper: shaper)
    if column.hasStatistics && column.isOrdered { chunk.bounds = overall }
    return chunk
  }

  /// The runs of integers and codes, if there are few.
  private func runs(_ values: PackedValues) -> ValueRuns? {
    switch values {
    case .integers(let values, let count):
      column.mayHaveRuns ? ValueRuns(values, count) : nil
    case .codes(let codes, let count, _): ValueRuns(codes, count)
    default: nil
    }
  }

  /// The bounds of all pages; nil if a page with values has none.
  private func union(_ bounds: [ValueBounds?], _ spans: [PageSpan]) -> ValueBounds? {
    var union: ValueBounds?
    for (bound, span) in zip(bounds, spans) where !span.values.isEmpty {
      guard let bound else { return nil }
      union = union?.union(bound, isUnsigned: column.isUnsigned) ?? bound
    }
    return union
  }

  /// Adds cuts where strings would make a page too large. Offsets are in packed values.
  private func refine(
    _ cuts: [Int], _ offsets: UnsafePointer<Int32>, _ validity: UnsafePointer<UInt8>?
  ) -> [Int] {
    var refined: [Int] = [0]
    var value = 0
    var pageStart = Int(offsets[0])
    for (start, end) in zip(cuts, cuts.dropFirst()) {
      for row in start..<end where validity.map({ $0[row] != 0 }) ?? true {
        if Int(offsets[value + 1]) - pageStart > options.pageByteCountMax,
          row > refined[refined.count - 1]
        {
          refined.append(row)
          pageStart = Int(offsets[value])
        }
        value += 1
      }
      refined.append(end)
      pageStart = Int(offsets[value])
    }
    return refined
  }
}
