import Bytes

/// Reads a set of row indexes: Delta's magic number, then a Roaring bitmap in the portable form for 64 bits.
///
/// What a file says is believed only as far as its bytes reach: memory is taken for as many values as there are.
///
/// - Spec: Delta PROTOCOL.md, "Deletion Vector Format"; RoaringFormatSpec, "Extension for 64-bit Implementations".
struct RoaringReader {
  static let magic: UInt32 = 1_681_511_377
  /// Cookies of 32-bit bitmaps, with and without run containers.
  private static let cookieWithRuns: UInt32 = 12_347
  private static let cookieWithoutRuns: UInt32 = 12_346
  /// Bitmaps with run containers have offsets from this many containers on.
  private static let offsetContainerMin = 4
  /// Containers with more values are bitmaps.
  private static let listCountMax = 4096

  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  /// - Throws: `corrupt` if the bytes are not exactly one bitmap.
  static func read(_ bytes: ArraySlice<UInt8>) throws(DeltaError) -> DeletedRows {
    // Typed throws do not cross the closure.
    let result = bytes.withUnsafeBytes { raw -> Result<DeletedRows, DeltaError> in
      var reader = RoaringReader(bytes: raw)
      do throws(DeltaError) {
        return .success(try reader.rows())
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private mutating func rows() throws(DeltaError) -> DeletedRows {
    let found = try word(as: UInt32.self)
    guard found == Self.magic else {
      throw DeltaError(
        .unsupported, "a deletion vector of the format \(found), and \(Self.magic) is read")
    }
    let bucketCount = try word(as: UInt64.self)
    var blocks: [DeletedRows.Block] = []
    var count = 0
    var last = -1
    var bucket: UInt64 = 0
    while bucket < bucketCount {
      bucket += 1
      let key = Int(try word(as: UInt32.self))
      guard key > last else { throw corrupt("its buckets are not in ascending order") }
      guard key <= Int32.max else { throw corrupt("its bucket \(key) has a row beyond 63 bits") }
      last = key
      try readBucket(key << 16, &blocks, &count)
    }
    guard offset == bytes.count else {
      throw corrupt("\(bytes.count - offset) bytes follow its last row")
    }
    return DeletedRows(blocks, count: count)
  }

  /// - Parameter first: Number of the bucket's first block.
  private mutating func readBucket(
    _ first: Int, _ blocks: inout [DeletedRows.Block], _ count: inout Int
  ) throws(DeltaError) {
    let cookie = try word(as: UInt32.self)
    var containerCount: Int
    var flags = UnsafeRawBufferPointer(start: nil, count: 0)
    if cookie & 0xFFFF == Self.cookieWithRuns {
      containerCount = Int(cookie >> 16) + 1
      flags = try take((containerCount + 7) / 8)
    } else if cookie == Self.cookieWithoutRuns {
      containerCount = Int(try word(as: UInt32.self))
      guard containerCount <= 1 << 16 else {
        throw corrupt("\(containerCount) containers in a bucket, at most \(1 << 16) are possible")
      }
    } else {
      throw corrupt("a bucket begins with \(cookie), which is no Roaring bitmap")
    }
    let heads = try take(4 * containerCount)
    // The containers follow one another: where each begins need not be looked up.
    if flags.isEmpty || containerCount >= Self.offsetContainerMin {
      _ = try take(4 * containerCount)
    }
    var last = -1
    for index in 0..<containerCount {
      let key = Int(heads.loadUnaligned(fromByteOffset: 4 * index, as: UInt16.self).littleEndian)
      guard key > last else { throw corrupt("its containers are not in ascending order") }
      last = key
      let said =
        Int(heads.loadUnaligned(fromByteOffset: 4 * index + 2, as: UInt16.self).littleEndian) + 1
      let isRuns = !flags.isEmpty && flags[index / 8] >> UInt8(index % 8) & 1 == 1
      let (rows, found) = isRuns ? try runs() : try values(said)
      guard found == said else {
        throw corrupt("a container of \(found) rows, and its bucket says that it has \(said)")
      }
      // checked: each container counts at most 65,536, and takes bytes of the file.
      count += found
      blocks.append(DeletedRows.Block(number: first + key, rows: rows))
    }
  }

  /// A container of values: a sorted list, or a bitmap if it has many.
  private mutating func values(_ count: Int) throws(DeltaError) -> (DeletedRows.Rows, Int) {
    if count <= Self.listCountMax {
      let raw = try take(2 * count)
      let list = (0..<count).map {
        raw.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self).littleEndian
      }
      guard zip(list, list.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw corrupt("the rows of a container are not in ascending order")
      }
      return (.list(list), count)
    }
    let raw = try take(DeletedRows.blockRowCount / 8)
    let words = (0..<DeletedRows.blockRowCount / 64).map {
      raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self).littleEndian
    }
    return (.bitmap(words), words.reduce(0) { $0 + $1.nonzeroBitCount })
  }

  private mutating func runs() throws(DeltaError) -> (DeletedRows.Rows, Int) {
    let runCount = Int(try word(as: UInt16.self))
    let raw = try take(4 * runCount)
    var runs: [ClosedRange<UInt16>] = []
    runs.reserveCapacity(runCount)
    var count = 0
    for index in 0..<runCount {
      let start = raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt16.self).littleEndian
      let more = raw.loadUnaligned(fromByteOffset: 4 * index + 2, as: UInt16.self).littleEndian
      let (end, overflow) = start.addingReportingOverflow(more)
      guard !overflow, runs.last.map({ $0.upperBound < start }) ?? true else {
        throw corrupt("the runs of a container overlap, or leave it")
      }
      runs.append(start...end)
      count += Int(more) + 1
    }
    return (.runs(runs), count)
  }

  // MARK: - Bytes

  private mutating func word<T: FixedWidthInteger & BitwiseCopyable>(
    as type: T.Type
  ) throws(DeltaError) -> T {
    try take(MemoryLayout<T>.size).loadUnaligned(as: T.self).littleEndian
  }

  private mutating func take(_ count: Int) throws(DeltaError) -> UnsafeRawBufferPointer {
    guard count <= bytes.count - offset else {
      throw corrupt("it ends after \(bytes.count) bytes, within a value")
    }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  private func corrupt(_ what: String) -> DeltaError {
    DeltaError(.corrupt, "a damaged deletion vector: \(what)", remedy: DeletionVector.remedy)
  }
}
