import Columnar

extension ColumnChunkEncoder {
  /// The bounds of each page; nil for pages of nulls. Checks that the values fit the column's type.
  func pageBounds(
    _ values: PackedValues, _ runs: ValueRuns?, _ spans: [PageSpan]
  ) throws(ParquetError) -> [ValueBounds?] {
    var bounds: [ValueBounds?] = []
    bounds.reserveCapacity(spans.count)
    for span in spans {
      bounds.append(span.values.isEmpty ? nil : try self.bounds(values, runs, span.values))
    }
    return bounds
  }

  private func bounds(
    _ values: PackedValues, _ runs: ValueRuns?, _ range: Range<Int>
  ) throws(ParquetError) -> ValueBounds? {
    switch values {
    case .integers(let values, _):
      let (min, max) =
        if let runs {
          runBounds(values, runs, range)
        } else {
          integerBounds(values + range.lowerBound, range.count, isUnsigned: column.isUnsigned)
        }
      try checkInteger(min)
      try checkInteger(max)
      return ValueBounds(min: .integer(min), max: .integer(max))
    case .wide(let values, _):
      let (min, max) = wideBounds(values + range.lowerBound, range.count)
      try checkWide(min)
      try checkWide(max)
      return ValueBounds(min: .wide(min), max: .wide(max))
    case .doubles(let values, _):
      guard let (min, max) = doubleBounds(values + range.lowerBound, range.count) else {
        // A page of values without bounds: it has a NaN, which is not ordered.
        if options.allowsNaN { return nil }
        throw ParquetError(
          .value, "a value is NaN, which has no place in an order",
          remedy: "store null where there is no number")
      }
      return ValueBounds(min: .double(min), max: .double(max))
    case .bytes(let offsets, let bytes, _):
      let first = offsets + range.lowerBound
      try checkLengths(first, range.count)
      let (min, max) = bytesBounds(first, bytes, range.count)
      return byteBounds(
        min: UnsafeBufferPointer(
          start: bytes + Int(first[min]), count: Int(first[min + 1] - first[min])),
        max: UnsafeBufferPointer(
          start: bytes + Int(first[max]), count: Int(first[max + 1] - first[max])))
    case .codes(let codes, _, let dictionary):
      return try codeBounds(codes, runs, range, dictionary)
    case .none: return nil
    }
  }

  private func runBounds(
    _ values: UnsafePointer<Int64>, _ runs: ValueRuns, _ range: Range<Int>
  ) -> (min: Int64, max: Int64) {
    var firsts: [Int64] = []
    runs.forEach(in: range) { run, _ in firsts.append(values[runs.starts[run]]) }
    return integerBounds(firsts, firsts.count, isUnsigned: column.isUnsigned)
  }

  /// Bounds over the dictionary entries that occur. Checks that all codes are valid.
  private func codeBounds(
    _ codes: UnsafePointer<Int32>, _ runs: ValueRuns?, _ range: Range<Int>,
    _ dictionary: ByteColumn
  ) throws(ParquetError) -> ValueBounds? {
    let firsts = runs.map { runs in
      var firsts: [Int32] = []
      runs.forEach(in: range) { run, _ in firsts.append(codes[runs.starts[run]]) }
      return firsts
    }
    let isUsed =
      firsts.map { usedEntries($0, $0.count, of: dictionary.count) }
      ?? usedEntries(codes + range.lowerBound, range.count, of: dictionary.count)
    guard let isUsed else {
      throw ParquetError(.value, "a code is not in the dictionary of \(dictionary.count) entries")
    }
    let fixed = column.typeLength
    return try dictionary.offsets.withUnsafeBufferPointer {
      (offsetBuffer) throws(ParquetError) -> ValueBounds? in
      try dictionary.bytes.withUnsafeBufferPointer {
        (bytes) throws(ParquetError) -> ValueBounds? in
        func entry(_ index: Int) -> UnsafeBufferPointer<UInt8> {
          UnsafeBufferPointer(rebasing: bytes[dictionary.byteRange(index)])
        }
        var least: UnsafeBufferPointer<UInt8>?
        var greatest: UnsafeBufferPointer<UInt8>?
        for index in 0..<dictionary.count where isUsed[index] {
          let value = entry(index)
          if let fixed, value.count != fixed { throw wrongLength(value.count, fixed) }
          if least.map({ value.lexicographicallyPrecedes($0) }) ?? true { least = value }
          if greatest.map({ $0.lexicographicallyPrecedes(value) }) ?? true { greatest = value }
        }
        guard let least, let greatest else { return nil }
        return byteBounds(min: least, max: greatest)
      }
    }
  }

  private func byteBounds(
    min: UnsafeBufferPointer<UInt8>, max: UnsafeBufferPointer<UInt8>
  ) -> ValueBounds? {
    // Bounds of fixed-length values have that length: they are not truncated.
    if let fixed = column.typeLength, fixed > 64 { return nil }
    let isText =
      switch column.field.type {
      case .string, .json, .enumeration: true
      default: false
      }
    return stringBounds(min: min, max: max, isText: isText)
  }

  private func checkInteger(_ value: Int64) throws(ParquetError) {
    let fits =
      switch column.field.type {
      case .boolean: value == 0 || value == 1
      case .integer(64, _): true
      case .integer(let bitWidth, true): Self.isSigned(value, bitWidth)
      case .integer(let bitWidth, false): value >= 0 && value >> bitWidth == 0
      case .decimal(let precision, _): Int128(value.magnitude) <= WriterColumn.decimalMax(precision)
      case .date, .time(.milliseconds, _), .null: Int64(Int32(truncatingIfNeeded: value)) == value
      default: true
      }
    if !fits { throw doesNotFit("\(value)") }
  }

  private static func isSigned(_ value: Int64, _ bitWidth: Int) -> Bool {
    let spare = 64 - bitWidth
    return value == (value << spare) >> spare
  }

  private func checkWide(_ value: Int128) throws(ParquetError) {
    guard case .decimal(let precision, _) = column.field.type else { return }
    if value.magnitude > WriterColumn.decimalMax(precision).magnitude {
      throw doesNotFit("\(value)")
    }
  }

  private func checkLengths(
    _ offsets: UnsafePointer<Int32>, _ count: Int
  ) throws(ParquetError) {
    guard let fixed = column.typeLength else { return }
    for index in 0..<count where Int(offsets[index + 1] - offsets[index]) != fixed {
      throw wrongLength(Int(offsets[index + 1] - offsets[index]), fixed)
    }
  }

  private func wrongLength(_ count: Int, _ fixed: Int) -> ParquetError {
    ParquetError(
      .value,
      "a value of \(count) bytes in a column of type \(column.field.type.name), "
        + "which has \(fixed)")
  }

  private func doesNotFit(_ value: String) -> ParquetError {
    let unscaled = if case .decimal = column.field.type { "unscaled value" } else { "value" }
    return ParquetError(
      .value, "the \(unscaled) \(value) does not fit in a column of type \(column.field.type.name)")
  }
}

/// Which dictionary entries occur; nil if a code is invalid.
private func usedEntries(
  _ codes: UnsafePointer<Int32>, _ count: Int, of entryCount: Int
) -> [Bool]? {
  var outside: UInt32 = 0
  let limit = UInt32(truncatingIfNeeded: entryCount)
  for index in 0..<count { outside |= UInt32(bitPattern: codes[index]) >= limit ? 1 : 0 }
  if outside != 0 { return nil }
  return [Bool](unsafeUninitializedCapacity: entryCount) { isUsed, initialized in
    isUsed.initialize(repeating: false)
    for index in 0..<count { isUsed[Int(codes[index])] = true }
    initialized = entryCount
  }
}
