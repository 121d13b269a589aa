import Bytes
import Columnar

/// The non-null values of a column chunk, end to end.
enum PackedValues {
  case integers(UnsafePointer<Int64>, Int)
  case wide(UnsafePointer<Int128>, Int)
  case doubles(UnsafePointer<Double>, Int)
  case bytes(offsets: UnsafePointer<Int32>, bytes: UnsafePointer<UInt8>, Int)
  case codes(UnsafePointer<Int32>, Int, dictionary: ByteColumn)
  case none

  var count: Int {
    switch self {
    case .integers(_, let count), .wide(_, let count), .doubles(_, let count),
      .bytes(_, _, let count), .codes(_, let count, _):
      count
    case .none: 0
    }
  }
}

/// A data page: ranges of the chunk's rows, levels and values.
struct PageSpan {
  var firstRow: Int
  /// Indexes of levels: rows, unless the column is repeated.
  var levels: Range<Int>
  /// Indexes of packed values.
  var values: Range<Int>

  var nullCount: Int { levels.count - values.count }
}

/// Removes the nulls from a source. Sources without nulls are used as they are.
struct ValuePacker {
  let scratch: ByteBuffer
  let byteScratch: ByteBuffer

  /// The values, and one span for each page that begins at `cuts`.
  func pack(
    _ source: ColumnSource, rowCount: Int, cuts: [Int]
  ) throws(ParquetError) -> (values: PackedValues, spans: [PageSpan]) {
    var spans: [PageSpan] = []
    spans.reserveCapacity(cuts.count)
    var valueCount = 0
    for (start, end) in zip(cuts, cuts.dropFirst()) {
      var present = end - start
      if case .allNull = source.values {
        present = 0
      } else if let validity = source.validity {
        present = countOnes(validity + start, end - start)
      }
      let values = valueCount..<valueCount + present
      spans.append(PageSpan(firstRow: start, levels: start..<end, values: values))
      valueCount += present
    }
    if valueCount == 0 { return (.none, spans) }
    if let validity = source.validity, valueCount < rowCount {
      return (compact(source.values, validity, rowCount, valueCount), spans)
    }
    let values: PackedValues =
      switch source.values {
      case .integers(let values): .integers(values, rowCount)
      case .wide(let values): .wide(values, rowCount)
      case .doubles(let values): .doubles(values, rowCount)
      case .bytes(let offsets, let bytes): .bytes(offsets: offsets, bytes: bytes, rowCount)
      case .codes(let codes, let dictionary): .codes(codes, rowCount, dictionary: dictionary)
      case .allNull: .none
      }
    return (values, spans)
  }

  private func compact(
    _ values: ColumnSource.Values, _ validity: UnsafePointer<UInt8>, _ rowCount: Int, _ count: Int
  ) -> PackedValues {
    switch values {
    case .integers(let values):
      return .integers(compactValues(values, validity, rowCount), count)
    case .wide(let values):
      return .wide(compactValues(values, validity, rowCount), count)
    case .doubles(let values):
      return .doubles(compactValues(values, validity, rowCount), count)
    case .codes(let codes, let dictionary):
      return .codes(compactValues(codes, validity, rowCount), count, dictionary: dictionary)
    case .bytes(let offsets, let bytes):
      return compactBytes(offsets, bytes, validity, rowCount, count)
    case .allNull:
      return .none
    }
  }

  private func compactValues<T: BitwiseCopyable>(
    _ values: UnsafePointer<T>, _ validity: UnsafePointer<UInt8>, _ rowCount: Int
  ) -> UnsafePointer<T> {
    // One more than the values: the store for a null row is overwritten, or is past the end.
    scratch.reserve((rowCount + 1) * MemoryLayout<T>.stride)
    let out = scratch.base.assumingMemoryBound(to: T.self)
    var kept = 0
    for row in 0..<rowCount {
      out[kept] = values[row]
      kept &+= Int(validity[row])
    }
    return UnsafePointer(out)
  }

  private func compactBytes(
    _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>,
    _ validity: UnsafePointer<UInt8>, _ rowCount: Int, _ count: Int
  ) -> PackedValues {
    scratch.reserve((count + 1) * 4)
    let out = scratch.base.assumingMemoryBound(to: Int32.self)
    byteScratch.removeAll()
    var kept = 0
    out[0] = 0
    for row in 0..<rowCount where validity[row] != 0 {
      let start = Int(offsets[row])
      byteScratch.append(UnsafeRawPointer(bytes + start), Int(offsets[row + 1]) - start)
      kept += 1
      out[kept] = Int32(truncatingIfNeeded: byteScratch.count)
    }
    let packed = byteScratch.base.assumingMemoryBound(to: UInt8.self)
    return .bytes(offsets: UnsafePointer(out), bytes: UnsafePointer(packed), count)
  }
}

/// How many of the bytes, each 0 or 1, are 1.
private func countOnes(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
  var total = 0
  var start = 0
  while start < count {
    // Byte sums in a 16-bit lane cannot overflow within 256 bytes.
    let end = Swift.min(start &+ 256, count)
    var sum: UInt16 = 0
    for index in start..<end { sum &+= UInt16(bytes[index]) }
    total &+= Int(sum)
    start = end
  }
  return total
}
