import Bytes
import Columnar

/// How a chunk's values are encoded.
enum ValueForm: Equatable {
  case plain
  case delta
  /// The shaper has the dictionary page and the indices.
  case dictionary(entryCount: Int)

  var encoding: Encoding {
    switch self {
    case .plain: .plain
    case .delta: .deltaBinaryPacked
    case .dictionary: .rleDictionary
    }
  }
}

/// Chooses an encoding for a chunk's values, and encodes the values of its pages.
///
/// Measured on one-second bars and mbp-1 records sorted by symbol and time, after zstd 1: prices as dictionary
/// indices of whole bytes take 1.05 bytes (packed bits 1.26, differences 0.82 in twice the time), times as
/// differences of whole bytes 0.5; sizes and counts as byte indices reach their entropy, a third less than
/// packed differences, which do not compress.
final class ValueShaper {
  /// Bytes of a dictionary page before compression at most.
  static let dictionaryByteCountMax = 1 << 20

  let column: WriterColumn
  private let scratch: EncoderScratch
  let dictionaryPage: ByteBuffer
  let integers: IntegerDictionary
  var delta: DeltaBinaryPackedEncoder
  /// The bit width of each page's indices.
  private(set) var bitWidths: [Int] = []
  /// Whether consecutive indices are close, so that they repeat in patterns.
  private(set) var hasSmoothIndices = false
  /// If the values have few runs: the index of each run instead of each value.
  var runs: ValueRuns?

  init(column: WriterColumn, scratch: EncoderScratch) {
    self.column = column
    self.scratch = scratch
    dictionaryPage = scratch.dictionaryPage
    integers = scratch.integers
    delta = DeltaBinaryPackedEncoder(physicalBitWidth: column.physicalType == .int32 ? 32 : 64)
  }

  deinit { delta.deallocate() }

  /// Indices of values, or of runs.
  var indices: UnsafeMutablePointer<UInt32> {
    scratch.indices.base.assumingMemoryBound(to: UInt32.self)
  }

  /// Chooses the form, and builds the dictionary if there is one.
  ///
  /// - Parameter bounds: Least and greatest integer, in the column's order.
  func shape(
    _ values: PackedValues, runs: ValueRuns?, spans: [PageSpan], bounds: ValueBounds?
  ) -> ValueForm {
    scratch.indices.reserve(values.count * 4)
    dictionaryPage.removeAll()
    bitWidths.removeAll(keepingCapacity: true)
    self.runs = runs
    switch values {
    case .none: return .plain
    case .integers(let values, let count):
      if column.physicalType == .boolean { return .plain }
      if let runs { return shapeRuns(of: values, runs, spans) }
      return shapeIntegers(values, count, spans, bounds)
    case .wide(let values, let count):
      return shapeWide(values, count, spans)
    case .doubles(let values, let count):
      return shapeDoubles(values, count, spans)
    case .bytes(let offsets, let bytes, let count):
      return shapeBytes(offsets, bytes, count, spans)
    case .codes(let codes, let count, let dictionary):
      return shapeCodes(codes, count, dictionary, spans)
    }
  }

  /// Appends the encoding of a page's values.
  func encode(
    _ values: PackedValues, page: Int, _ range: Range<Int>, _ form: ValueForm,
    into out: ByteBuffer
  ) {
    if case .dictionary = form { return encodeIndices(range, bitWidths[page], into: out) }
    let first = range.lowerBound
    switch values {
    case .none: break
    case .integers(let values, _):
      encodeIntegers(values + first, range.count, form, out)
    case .wide(let values, _):
      appendPlainWide(values + first, range.count, byteCount: column.typeLength ?? 16, into: out)
    case .doubles(let values, _):
      switch column.physicalType {
      case .double: appendPlainDoubles(values + first, range.count, into: out)
      case .float: appendPlainFloats(values + first, range.count, into: out)
      default: appendPlainHalves(values + first, range.count, into: out)
      }
    case .bytes(let offsets, let bytes, _):
      appendPlainBytes(
        offsets + first, bytes, range.count, isFixed: column.typeLength != nil, into: out)
    case .codes: preconditionFailure("codes are always written with a dictionary")
    }
  }

  private func encodeIndices(_ range: Range<Int>, _ bitWidth: Int, into out: ByteBuffer) {
    out.append([UInt8(bitWidth)])
    if let runs {
      let indices = indices
      runs.forEach(in: range) { run, length in
        appendRun(of: indices[run], count: length, bitWidth: bitWidth, into: out)
      }
    } else {
      appendHybrid(indices + range.lowerBound, range.count, bitWidth: bitWidth, into: out)
    }
  }

  private func encodeIntegers(
    _ values: UnsafePointer<Int64>, _ count: Int, _ form: ValueForm, _ out: ByteBuffer
  ) {
    if form == .delta { return delta.encode(values, count, into: out) }
    switch column.physicalType {
    case .boolean: appendPlainBooleans(values, count, into: out)
    case .int32: appendPlainInts(values, count, into: out)
    default: appendPlainLongs(values, count, into: out)
    }
  }

  // MARK: - Dictionaries

  /// Indexes the values page by page, so that early pages, which use few entries, get narrow indices.
  ///
  /// - Parameter isSmooth: Whether wide indices repeat in patterns, which whole bytes make visible to zstd.
  /// - Returns: The number of entries; nil if `index` gives up.
  func indexPages(
    _ spans: [PageSpan], isSmooth: Bool, _ index: (Range<Int>) -> Int?
  ) -> Int? {
    var entryCount = 0
    hasSmoothIndices = isSmooth
    for span in spans {
      guard let count = index(span.values) else { return nil }
      entryCount = count
      bitWidths.append(Self.bitWidth(forEntries: count, isSmooth: isSmooth))
    }
    return entryCount
  }

  /// Bits per index: whole bytes if they compress better. At least 1: not every reader accepts 0.
  static func bitWidth(forEntries count: Int, isSmooth: Bool) -> Int {
    // A page of nulls may come before the first entry.
    let greatest = Swift.max(count - 1, 0)
    let exact = Swift.max(1, Int.bitWidth - greatest.leadingZeroBitCount)
    switch exact {
    case 5...8: return 8
    case 9...16: return isSmooth ? 16 : exact
    default: return exact
    }
  }

  private func shapeWide(
    _ values: UnsafePointer<Int128>, _ count: Int, _ spans: [PageSpan]
  ) -> ValueForm {
    let byteCount = column.typeLength ?? 16
    let wides = scratch.wides
    wides.removeAll()
    let entryCountMax = Swift.min(Self.dictionaryByteCountMax / byteCount, count / 4 + 16)
    let indexed = indexPages(spans, isSmooth: true) { range in
      wides.index(
        values + range.lowerBound, range.count, into: indices + range.lowerBound,
        entryCountMax: entryCountMax) ? wides.count : nil
    }
    guard let indexed else { return .plain }
    appendPlainWide(wides.entries, indexed, byteCount: byteCount, into: dictionaryPage)
    return .dictionary(entryCount: indexed)
  }

  private func shapeDoubles(
    _ values: UnsafePointer<Double>, _ count: Int, _ spans: [PageSpan]
  ) -> ValueForm {
    if column.physicalType == .fixedLengthByteArray { return .plain }
    let bits = UnsafeRawPointer(values).assumingMemoryBound(to: Int64.self)
    let doubles = scratch.doubles
    doubles.removeAll()
    // Computed doubles hardly repeat: give up early.
    let entryCountMax = Swift.min(Self.dictionaryByteCountMax / 8, count / 8 + 16)
    let indexed = indexPages(spans, isSmooth: true) { range in
      doubles.index(
        bits + range.lowerBound, range.count, into: indices + range.lowerBound,
        entryCountMax: entryCountMax) ? doubles.count : nil
    }
    guard let indexed else { return .plain }
    let entries = UnsafeRawPointer(doubles.entries).assumingMemoryBound(to: Double.self)
    if column.physicalType == .float {
      appendPlainFloats(entries, indexed, into: dictionaryPage)
    } else {
      appendPlainDoubles(entries, indexed, into: dictionaryPage)
    }
    return .dictionary(entryCount: indexed)
  }

  private func shapeBytes(
    _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>, _ count: Int,
    _ spans: [PageSpan]
  ) -> ValueForm {
    let strings = scratch.strings
    strings.removeAll()
    let indexed = indexPages(spans, isSmooth: false) { range in
      strings.index(
        offsets + range.lowerBound, bytes, range.count, into: indices + range.lowerBound,
        plainByteCountMax: Self.dictionaryByteCountMax, entryCountMax: count / 2 + 1)
        ? strings.entries.count : nil
    }
    guard let indexed else { return .plain }
    for entry in strings.entries { appendStringEntry(entry.start, entry.count) }
    return .dictionary(entryCount: indexed)
  }

  /// The dictionary page has the entries that occur, in the order of their first appearance.
  private func shapeCodes(
    _ codes: UnsafePointer<Int32>, _ count: Int, _ dictionary: ByteColumn, _ spans: [PageSpan]
  ) -> ValueForm {
    var indexOfCode = [UInt32](repeating: 0, count: dictionary.count)
    var entries: [Int32] = []
    let indices = indices
    indexOfCode.withUnsafeMutableBufferPointer { indexOfCode in
      for item in 0..<(runs?.starts.count ?? count) {
        let code = codes[runs?.starts[item] ?? item]
        if indexOfCode[Int(code)] == 0 {
          entries.append(code)
          indexOfCode[Int(code)] = UInt32(truncatingIfNeeded: entries.count)
        }
        indices[item] = indexOfCode[Int(code)] &- 1
      }
    }
    dictionary.bytes.withUnsafeBufferPointer { bytes in
      for code in entries {
        let range = dictionary.byteRange(Int(code))
        appendStringEntry(bytes.baseAddress.map { $0 + range.lowerBound }, range.count)
      }
    }
    let bitWidth = Self.bitWidth(forEntries: entries.count, isSmooth: false)
    setBitWidths(bitWidth, pageCount: spans.count)
    return .dictionary(entryCount: entries.count)
  }

  /// Whether indices have two whole bytes, since consecutive ones are close.
  var hasWideIndices: Bool { bitWidths.last == 16 }

  func setBitWidths(_ bitWidth: Int, pageCount: Int) {
    hasSmoothIndices = false
    bitWidths = [Int](repeating: bitWidth, count: pageCount)
  }

  private func appendStringEntry(_ start: UnsafePointer<UInt8>?, _ count: Int) {
    if column.typeLength == nil { dictionaryPage.append(littleEndian: UInt32(count)) }
    if let start { dictionaryPage.append(UnsafeRawPointer(start), count) }
  }
}
