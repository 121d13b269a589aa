// Statistics, and the rules by which wrong ones are recognized. parquet.thrift, `Statistics` and `ColumnOrder`.

import Columnar

extension ParquetReader {
  /// The footer's bounds and counts of a column chunk; nil if there are none.
  ///
  /// Left out: bounds without a declared order, or of types without one (INT96, INTERVAL, nested keys); NaN;
  /// deprecated bounds of anything but signed numbers; contradictory bounds.
  public func statistics(rowGroup: Int, leaf: Int) -> ColumnStatistics? {
    guard let chunk = try? chunkMetadata(rowGroup: rowGroup, leaf: leaf),
      let stored = trustedStatistics(rowGroup: rowGroup, leaf: leaf)
    else { return nil }
    return decode(stored, leaf: leaf, valueCount: chunk.valueCount)
  }

  /// The bounds of each page of a column chunk; nil without a column index.
  public func pageStatistics(
    rowGroup: Int, leaf: Int
  ) throws(ParquetError) -> [ColumnStatistics]? {
    guard let index = try columnIndex(rowGroup: rowGroup, leaf: leaf) else { return nil }
    let trust = trust(rowGroup: rowGroup, leaf: leaf)
    let rows = metadata.rowGroups[rowGroup].rowCount
    var pages: [ColumnStatistics] = []
    for page in index.nullPages.indices {
      var stored = Statistics(nullCount: trust.nullCounts ? index.nullCounts?[page] : nil)
      if !index.nullPages[page], trust.bounds {
        stored.minValue = index.minValues[page]
        if trust.pageMaxima { stored.maxValue = index.maxValues[page] }
        // Bounds of pages may be truncated, and nothing tells whether they are.
        stored.isMinValueExact = leaves[leaf].physicalType != .byteArray
        stored.isMaxValueExact = leaves[leaf].physicalType != .byteArray
      }
      pages.append(
        decode(stored, leaf: leaf, valueCount: leaves[leaf].maxRepetitionLevel > 0 ? .max : rows))
    }
    return pages
  }

  private func decode(
    _ stored: Statistics, leaf index: Int, valueCount: Int64
  ) -> ColumnStatistics {
    let leaf = leaves[index]
    var result = ColumnStatistics()
    func count(_ value: Int64?) -> Int? {
      value.flatMap { $0 >= 0 && $0 <= valueCount ? Int($0) : nil }
    }
    result.nullCount = count(stored.nullCount)
    result.distinctCount = count(stored.distinctCount)
    result.nanCount = count(stored.nanCount)
    guard let (low, high, isDeprecated) = storedBounds(stored, leaf, index) else { return result }
    let decoder = BoundDecoder(leaf: leaf)
    let minimum = low.flatMap { decoder.decode($0, isUpper: false) }
    let maximum = high.flatMap { decoder.decode($0, isUpper: true) }
    // One NaN makes both bounds meaningless, as does a minimum above the maximum.
    if (low != nil && minimum == nil) || (high != nil && maximum == nil) { return result }
    if let minimum, let maximum, decoder.isLess(maximum, minimum) { return result }
    let isExact = leaf.physicalType != .byteArray
    result.minimum = minimum
    result.maximum = maximum
    result.isMinimumExact = minimum != nil && (stored.isMinValueExact ?? isExact || isDeprecated)
    result.isMaximumExact = maximum != nil && (stored.isMaxValueExact ?? isExact || isDeprecated)
    return result
  }

  private func storedBounds(
    _ stored: Statistics, _ leaf: LeafColumn, _ index: Int
  ) -> (low: [UInt8]?, high: [UInt8]?, isDeprecated: Bool)? {
    if leaf.physicalType == .int96 || leaf.type == .interval || leaf.type == .null { return nil }
    if stored.minValue != nil || stored.maxValue != nil {
      guard let orders = metadata.columnOrders, orders.indices.contains(index),
        orders[index] != .unknown
      else { return nil }
      return (stored.minValue, stored.maxValue, false)
    }
    if stored.deprecatedMin == nil && stored.deprecatedMax == nil { return nil }
    guard leaf.hasSignedOrder else { return nil }
    return (stored.deprecatedMin, stored.deprecatedMax, true)
  }
}

extension LeafColumn {
  /// Whether the column's order is that of signed numbers.
  var hasSignedOrder: Bool {
    if case .integer(_, false) = type { return false }
    switch physicalType {
    case .boolean, .int32, .int64, .float, .double: return true
    case .int96, .byteArray, .fixedLengthByteArray: return false
    }
  }
}

/// Decodes a stored bound, a PLAIN value without its length.
struct BoundDecoder {
  let leaf: LeafColumn

  /// nil if the bytes are no value of the column, or NaN.
  func decode(_ bytes: [UInt8], isUpper: Bool) -> StatisticsValue? {
    bytes.withUnsafeBytes { raw in
      switch leaf.physicalType {
      case .boolean: return raw.count == 1 ? .integer(Int64(raw[0] & 1)) : nil
      case .int32: return raw.count == 4 ? integer(int32(raw)) : nil
      case .int64:
        return raw.count == 8 ? integer(raw.loadUnaligned(as: Int64.self)) : nil
      case .float:
        return raw.count == 4 ? double(Double(raw.loadUnaligned(as: Float.self)), isUpper) : nil
      case .double:
        return raw.count == 8 ? double(raw.loadUnaligned(as: Double.self), isUpper) : nil
      case .int96: return nil
      case .byteArray, .fixedLengthByteArray: return decodeBytes(raw, isUpper: isUpper)
      }
    }
  }

  private func int32(_ raw: UnsafeRawBufferPointer) -> Int64 {
    let word = raw.loadUnaligned(as: Int32.self)
    if case .integer(_, false) = leaf.type { return Int64(UInt32(bitPattern: word)) }
    return Int64(word)
  }

  private func integer(_ value: Int64) -> StatisticsValue? {
    // A bound outside the type's range refers to bits that are cut off.
    if !leaf.type.holds(value) { return nil }
    return leaf.type.storage == .wide ? .wide(Int128(value)) : .integer(value)
  }

  /// Zeros of either sign are one value: a bound of one must include the other.
  private func double(_ value: Double, _ isUpper: Bool) -> StatisticsValue? {
    if value.isNaN { return nil }
    return .double(value == 0 ? (isUpper ? 0.0 : -0.0) : value)
  }

  private func decodeBytes(_ raw: UnsafeRawBufferPointer, isUpper: Bool) -> StatisticsValue? {
    switch leaf.type {
    case .decimal:
      // An invalid number is no bound: then all rows are read.
      guard let value = try? FixedDecoder.bigEndian(raw) else { return nil }
      if leaf.type.storage == .wide { return .wide(value) }
      return Int64(exactly: value).map { .integer($0) }
    case .float16:
      guard raw.count == 2 else { return nil }
      return double(Double(half: raw.loadUnaligned(as: UInt16.self)), isUpper)
    default: return .bytes([UInt8](raw))
    }
  }

  /// Whether `left` sorts before `right` in the column's order.
  func isLess(_ left: StatisticsValue, _ right: StatisticsValue) -> Bool {
    switch (left, right) {
    case (.integer(let left), .integer(let right)):
      if case .integer(_, false) = leaf.type {
        return UInt64(bitPattern: left) < UInt64(bitPattern: right)
      }
      return left < right
    case (.wide(let left), .wide(let right)): return left < right
    case (.double(let left), .double(let right)): return left < right
    case (.bytes(let left), .bytes(let right)): return left.lexicographicallyPrecedes(right)
    default: return false
    }
  }
}

extension ColumnType {
  /// Whether a narrow integer type can hold a value; true for every other type.
  public func holds(_ value: Int64) -> Bool {
    switch self {
    case .integer(let width, true) where width < 32: value >> (width - 1) == (value < 0 ? -1 : 0)
    case .integer(let width, false) where width < 32: value >= 0 && value >> width == 0
    default: true
    }
  }
}
