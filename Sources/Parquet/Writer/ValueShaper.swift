import Bytes
import Columnar

/// How the values of a chunk are encoded.
enum ValueForm: Equatable {
  case plain
  case delta
  /// `indices` and the dictionary page's bytes are the shaper's.
  case dictionary(bitWidth: Int, entryCount: Int, isSorted: Bool)

  var encoding: Encoding {
    switch self {
    case .plain: .plain
    case .delta: .deltaBinaryPacked
    case .dictionary: .rleDictionary
    }
  }
}

/// Chooses an encoding for a chunk's values, and encodes ranges of them.
final class ValueShaper {
  /// Bytes of a dictionary page before compression at most.
  static let dictionaryByteCountMax = 1 << 20

  let column: WriterColumn
  /// The dictionary page's bytes, where the form is a dictionary.
  let dictionaryPage = ByteBuffer()
  private let indexBuffer = ByteBuffer()
  private let signBuffer = ByteBuffer()
  private let longs = ValueDictionary<Int64>()
  private lazy var wides = ValueDictionary<Int128>()
  private lazy var strings = BytesDictionary()
  private var delta: DeltaBinaryPackedEncoder

  init(column: WriterColumn) {
    self.column = column
    delta = DeltaBinaryPackedEncoder(physicalBitWidth: column.physicalType == .int32 ? 32 : 64)
  }

  deinit { delta.deallocate() }

  private var indices: UnsafeMutablePointer<UInt32> {
    indexBuffer.base.assumingMemoryBound(to: UInt32.self)
  }

  /// Decides the form; where it is a dictionary, builds it.
  func shape(_ values: PackedValues, isConstant: Bool) throws(ParquetError) -> ValueForm {
    indexBuffer.reserve(values.count * 4)
    dictionaryPage.removeAll()
    switch values {
    case .none: return .plain
    case .integers(let values, let count):
      if column.physicalType == .boolean { return .plain }
      return shapeIntegers(values, count, isConstant: isConstant)
    case .wide(let values, let count):
      return shapeWide(values, count)
    case .doubles(let values, let count):
      return shapeDoubles(values, count)
    case .bytes(let offsets, let bytes, let count):
      return shapeBytes(offsets, bytes, count)
    case .codes(let codes, let count, let dictionary):
      return shapeCodes(codes, count, dictionary)
    }
  }

  /// Appends the encoding of a page's values.
  func encode(
    _ values: PackedValues, _ range: Range<Int>, _ form: ValueForm, into out: ByteBuffer
  ) {
    if case .dictionary(let bitWidth, _, _) = form {
      out.append([UInt8(bitWidth)])
      return appendHybrid(indices + range.lowerBound, range.count, bitWidth: bitWidth, into: out)
    }
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

  // MARK: - Choice

  private func shapeIntegers(
    _ values: UnsafePointer<Int64>, _ count: Int, isConstant: Bool
  ) -> ValueForm {
    if isConstant {
      for index in 0..<count { indices[index] = 0 }
      appendIntegerEntries(values, 1)
      return .dictionary(bitWidth: 1, entryCount: 1, isSorted: true)
    }
    let sample = IntegerSample(values, count, column.physicalType == .int32 ? 32 : 64)
    delta.usesWholeBytes = sample.hasGrid
    let entryCountMax = Swift.min(
      Self.dictionaryByteCountMax / (column.physicalType == .int32 ? 4 : 8), count / 4 + 16)
    if sample.mayRepeat {
      longs.removeAll()
      if longs.index(values, count, into: indices, entryCountMax: entryCountMax) {
        let exact = bitWidth(forEntries: longs.count)
        if sample.prefersDictionary(bitWidth: exact, entryCount: longs.count, of: count) {
          let isUnsigned = column.isUnsigned
          longs.sortEntries(indices, count) {
            isUnsigned ? UInt64(bitPattern: $0) < UInt64(bitPattern: $1) : $0 < $1
          }
          appendIntegerEntries(longs.entries, longs.count)
          // Whole bytes can be compressed further, packed bits cannot.
          let width = sample.hasGrid && exact > 8 ? (exact + 7) & ~7 : exact
          return .dictionary(bitWidth: width, entryCount: longs.count, isSorted: true)
        }
      }
    }
    return sample.deltaBitWidth >= Double(column.physicalType == .int32 ? 30 : 60)
      ? .plain : .delta
  }

  private func appendIntegerEntries(_ values: UnsafePointer<Int64>, _ count: Int) {
    if column.physicalType == .int32 {
      appendPlainInts(values, count, into: dictionaryPage)
    } else {
      appendPlainLongs(values, count, into: dictionaryPage)
    }
  }

  private func shapeWide(_ values: UnsafePointer<Int128>, _ count: Int) -> ValueForm {
    let byteCount = column.typeLength ?? 16
    wides.removeAll()
    let entryCountMax = Swift.min(Self.dictionaryByteCountMax / byteCount, count / 4 + 16)
    guard wides.index(values, count, into: indices, entryCountMax: entryCountMax) else {
      return .plain
    }
    wides.sortEntries(indices, count, by: <)
    appendPlainWide(wides.entries, wides.count, byteCount: byteCount, into: dictionaryPage)
    return .dictionary(
      bitWidth: bitWidth(forEntries: wides.count), entryCount: wides.count, isSorted: true)
  }

  private func shapeDoubles(_ values: UnsafePointer<Double>, _ count: Int) -> ValueForm {
    if column.physicalType == .fixedLengthByteArray { return .plain }
    let bits = UnsafeRawPointer(values).assumingMemoryBound(to: Int64.self)
    longs.removeAll()
    // Computed doubles hardly repeat: give up early.
    let entryCountMax = Swift.min(Self.dictionaryByteCountMax / 8, count / 8 + 16)
    guard longs.index(bits, count, into: indices, entryCountMax: entryCountMax) else {
      return .plain
    }
    longs.sortEntries(indices, count) {
      Double(bitPattern: UInt64(bitPattern: $0)) < Double(bitPattern: UInt64(bitPattern: $1))
    }
    let entries = UnsafeRawPointer(longs.entries).assumingMemoryBound(to: Double.self)
    if column.physicalType == .float {
      appendPlainFloats(entries, longs.count, into: dictionaryPage)
    } else {
      appendPlainDoubles(entries, longs.count, into: dictionaryPage)
    }
    return .dictionary(
      bitWidth: bitWidth(forEntries: longs.count), entryCount: longs.count, isSorted: false)
  }

  private func shapeBytes(
    _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>, _ count: Int
  ) -> ValueForm {
    strings.removeAll()
    guard
      strings.index(
        offsets, bytes, count, into: indices, plainByteCountMax: Self.dictionaryByteCountMax,
        entryCountMax: count / 2 + 1)
    else { return .plain }
    for entry in strings.entries { appendStringEntry(entry.start, entry.count) }
    return .dictionary(
      bitWidth: bitWidth(forEntries: strings.entries.count), entryCount: strings.entries.count,
      isSorted: false)
  }

  /// The dictionary page holds the entries that occur, in the order of their first appearance.
  private func shapeCodes(
    _ codes: UnsafePointer<Int32>, _ count: Int, _ dictionary: ByteColumn
  ) -> ValueForm {
    var entryOfCode = [UInt32](repeating: 0, count: dictionary.count)
    var entryCount: UInt32 = 0
    var previousCode: Int32 = -1
    var previousEntry: UInt32 = 0
    for position in 0..<count {
      let code = codes[position]
      if code != previousCode {
        previousCode = code
        if entryOfCode[Int(code)] == 0 {
          entryCount += 1
          entryOfCode[Int(code)] = entryCount
          dictionary.bytes.withUnsafeBufferPointer { bytes in
            let range = dictionary.byteRange(Int(code))
            appendStringEntry(bytes.baseAddress.map { $0 + range.lowerBound }, range.count)
          }
        }
        previousEntry = entryOfCode[Int(code)] &- 1
      }
      indices[position] = previousEntry
    }
    return .dictionary(
      bitWidth: bitWidth(forEntries: Int(entryCount)), entryCount: Int(entryCount),
      isSorted: false)
  }

  private func appendStringEntry(_ start: UnsafePointer<UInt8>?, _ count: Int) {
    if column.typeLength == nil { dictionaryPage.append(littleEndian: UInt32(count)) }
    if let start { dictionaryPage.append(UnsafeRawPointer(start), count) }
  }

  /// Bits of an index. At least 1: not every reader takes 0.
  private func bitWidth(forEntries count: Int) -> Int {
    Swift.max(1, Int.bitWidth - (count - 1).leadingZeroBitCount)
  }
}
