import Bytes
import Columnar
import Parquet

/// A Parquet file as a scan sees it.
final class ParquetSegment: Segment {
  let reader: ParquetReader
  /// Kept, since it is asked for with every row group.
  let rowGroupRowCounts: [Int]
  /// Nested columns by name; the first of each name.
  let nested: [String: (node: SchemaNode, type: NestedType)]
  /// Leaves of flat columns that are found by their field ids; nil if all are found by name.
  private let leavesByID: [String: Int]?

  /// - Parameters:
  ///   - int96Unit: The unit of INT96 times.
  ///   - verifiesChecksums: Whether pages that carry a CRC-32 are checked against it.
  ///   - fieldIDs: The field ids by which columns are found, by the names under which they are asked for; nil if
  ///     these are the names in the file.
  init(
    path: String, int96Unit: TimeUnit = .nanoseconds, verifiesChecksums: Bool = true,
    fieldIDs: [String: Int32]? = nil
  ) throws {
    reader = try ParquetReader(
      path: path, verifiesChecksums: verifiesChecksums, int96Unit: int96Unit)
    rowGroupRowCounts = reader.metadata.rowGroups.map { Int($0.rowCount) }
    if let fieldIDs {
      (leavesByID, nested) = try FieldIDs.columns(of: reader, fieldIDs)
      return
    }
    leavesByID = nil
    var nested: [String: (node: SchemaNode, type: NestedType)] = [:]
    var flat: Set<String> = []
    for node in reader.schema.children {
      if node.isLeaf && node.repetition != .repeated {
        flat.insert(node.name)
      } else if !flat.contains(node.name), nested[node.name] == nil, let type = node.nestedType {
        nested[node.name] = (node, type)
      }
    }
    self.nested = nested
  }

  var name: String { reader.name }

  func byteCount(rowGroup: Int, column: String) -> Int {
    guard let leaf = leaf(column),
      // Only a figure: a damaged chunk is reported when it is read.
      let chunk = try? reader.chunkMetadata(rowGroup: rowGroup, leaf: leaf)
    else { return 0 }
    return Int(clamping: chunk.totalCompressedByteCount)
  }

  func rowPortion(rowGroup: Int, columns: [String], byteCount: Int, limit: Int) -> Int {
    let portion = reader.rowPortion(
      rowGroup: rowGroup, leaves: columns.compactMap { leaf($0) }, byteCount: byteCount,
      limit: limit)
    // A nested value is in memory both decoded and as text.
    let own = columns.compactMap { nested[$0]?.node }
    var total = 0
    for leaf in own.flatMap(\.leafRange) {
      // A damaged chunk is reported when it is read.
      guard let chunk = try? reader.chunkMetadata(rowGroup: rowGroup, leaf: leaf) else { continue }
      let values = Swift.max(Int(clamping: chunk.valueCount), 0)
      let bytes = Swift.max(Int(clamping: chunk.totalUncompressedByteCount), 0)
      total = total.adding(clamped: bytes).adding(clamped: Self.nestedByteCount(values))
    }
    if total <= byteCount { return portion }
    let share = Double(byteCount) / Double(total) * Double(rowGroupRowCounts[rowGroup])
    return Swift.max(1, Swift.min(portion, Int(share)))
  }

  /// Approximate bytes of nested values and their overhead.
  private static func nestedByteCount(_ values: Int) -> Int {
    values > Int.max / 64 ? .max : 64 * values
  }

  func isNested(_ column: String) -> Bool { nested[column] != nil }

  func type(of column: String) -> ColumnType? {
    guard let leaf = leaf(column) else { return nested[column] == nil ? nil : .json }
    return Int96Remainder.time(of: column) == nil ? reader.leaves[leaf].type : .short
  }

  /// Whether a flat column holds INT96 times.
  func isInt96(_ column: String) -> Bool {
    leaf(column).map { reader.leaves[$0].physicalType == .int96 } ?? false
  }

  /// The leaf of a flat column.
  func leaf(_ column: String) -> Int? {
    let name = Int96Remainder.time(of: column) ?? column
    if let leavesByID { return leavesByID[name] }
    guard let index = reader.leafIndex(named: name) else { return nil }
    let leaf = reader.leaves[index]
    return leaf.path.count == 1 && leaf.maxRepetitionLevel == 0 ? index : nil
  }

  func isSorted(by columns: [String]) -> Bool {
    // `sorting_columns` applies to each row group by itself; that row groups follow one another is known only
    // for files of our own writer.
    guard reader.metadata.createdBy?.hasPrefix("lake ") ?? false else { return false }
    let groups = reader.metadata.rowGroups
    return groups.allSatisfy { group in
      let names = (group.sortingColumns ?? []).prefix { !$0.isDescending }.compactMap { column in
        reader.leaves.indices.contains(Int(column.columnIndex))
          ? reader.leaves[Int(column.columnIndex)].name : nil
      }
      return names.starts(with: columns)
    }
  }

  func bounds(rowGroup: Int, column: QueryColumn) -> FilterBounds? {
    guard case .file(let name) = column.origin, let index = leaf(name),
      // Without bounds the rows are read, and damage is reported.
      let known = reader.trustedStatistics(rowGroup: rowGroup, leaf: index)
    else { return nil }
    return bounds(
      known.minValue, known.maxValue, nullCount: known.nullCount.flatMap { Int(exactly: $0) },
      rowCount: reader.rowCount(rowGroup: rowGroup), index, column)
  }

  func pages(rowGroup: Int, column: QueryColumn) -> PageTable? {
    guard case .file(let name) = column.origin, let leaf = leaf(name),
      let index = reader.soundPageIndex(rowGroup: rowGroup, leaf: leaf)
    else { return nil }
    let locations = index.locations
    var table = PageTable(
      firstRows: locations.map { Int($0.firstRowIndex) }, bounds: [],
      byteCounts: locations.map { Int($0.compressedByteCount) })
    guard let known = index.bounds else { return table }
    let trust = index.trust
    let rowCount = reader.rowCount(rowGroup: rowGroup)
    table.bounds = locations.indices.map { page in
      let pageRowCount = table.rows(page, rowCount: rowCount).count
      if known.nullPages[page] { return .constant(nil, rowCount: pageRowCount) }
      // Some writers store an empty greatest text for none (ClickHouse issue 103039).
      let hasMaximum = trust.bounds && trust.pageMaxima && !known.maxValues[page].isEmpty
      return bounds(
        trust.bounds ? known.minValues[page] : nil, hasMaximum ? known.maxValues[page] : nil,
        nullCount: trust.nullCounts ? known.nullCounts.flatMap { Self.count($0[page]) } : nil,
        rowCount: pageRowCount, leaf, column)
    }
    return table
  }

  /// A valid count of nulls; else nil.
  private static func count(_ stored: Int64) -> Int? { stored < 0 ? nil : Int(exactly: stored) }

  private func bounds(
    _ low: [UInt8]?, _ high: [UInt8]?, nullCount: Int?, rowCount: Int, _ index: Int,
    _ column: QueryColumn
  ) -> FilterBounds {
    let leaf = reader.leaves[index]
    var result = FilterBounds(
      low: nil, high: nil, nullCount: nullCount, rowCount: rowCount,
      mayHoldNaN: leaf.type.storage == .doubles && !reader.isOwn)
    // Bounds are meaningless if the file does not say in which order they were computed.
    guard let orders = reader.metadata.columnOrders, orders.indices.contains(index),
      orders[index] != .unknown
    else { return result }
    result.low = low.flatMap { RawBounds.value($0, leaf) }
      .flatMap { BoundValue($0, leaf.type, column, isHigh: false) }
    result.high = high.flatMap { RawBounds.value($0, leaf) }
      .flatMap { BoundValue($0, leaf.type, column, isHigh: true) }
    if let low = result.low, let high = result.high, high < low {
      result.low = nil
      result.high = nil
    }
    return result
  }

  func makeDecoder() throws -> any SegmentDecoder { ParquetDecoder(segment: self) }
}

extension BoundValue {
  /// A bound of a column chunk or page in the column's domain; nil if it proves nothing.
  init?(_ value: StatisticsValue, _ stored: ColumnType, _ column: QueryColumn, isHigh: Bool) {
    switch value {
    case .integer(let integer):
      var number =
        stored == .integer(bitWidth: 64, isSigned: false)
        ? Int128(UInt64(bitPattern: integer)) : Int128(integer)
      // Bounds of a long with unsigned bits were computed in signed order.
      if column.isUnsigned, stored == .long { return nil }
      if column.type == .double {
        self = .number(ValueDomain.key(Double(integer)))
        return
      }
      guard let widened = Self.widened(number, stored, column.type) else { return nil }
      number = widened
      if case .timestamp(let from, _) = stored, case .timestamp(let to, _) = column.type {
        number = TimeUnitChange.floor(number, from: from, to: to)
      }
      if column.isPair { number = number * 1_000 + (isHigh ? 999 : 0) }
      self = .number(number)
    case .wide(let wide):
      guard let number = Self.widened(wide, stored, column.type) else { return nil }
      self = .number(number)
    case .double(let double):
      if double.isNaN { return nil }
      // Some writers store −0 as the least value, or 0 as the greatest, where the other zero occurs.
      let value = double == 0 ? (isHigh ? 0.0 : -0.0) : double
      self = .number(ValueDomain.key(value))
    case .bytes(let bytes): self = .bytes(bytes)
    }
  }

  /// A bound of a narrower type as one of the column's; nil if it does not fit.
  private static func widened(
    _ number: Int128, _ stored: ColumnType, _ type: ColumnType
  ) -> Int128? {
    guard stored != type, let factor = stored.wideningFactor(to: type) else { return number }
    let (product, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : product
  }
}

/// Conversions between units of time.
enum TimeUnitChange {
  static func floor(_ value: Int128, from: TimeUnit, to: TimeUnit) -> Int128 {
    if to.perSecond >= from.perSecond { return value * Int128(to.perSecond / from.perSecond) }
    let divisor = Int128(from.perSecond / to.perSecond)
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? quotient - 1 : quotient
  }
}
