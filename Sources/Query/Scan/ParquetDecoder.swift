import Columnar
import Parquet
import Synchronization

/// Decodes columns of one Parquet file on one thread. Rows of a row group must be read in ascending order, so
/// that no page is decoded twice.
final class ParquetDecoder: SegmentDecoder {
  private let segment: ParquetSegment
  private var slots: [String: Slot] = [:]
  private var nested: [String: NestedDecoder] = [:]

  /// The scanner of a column and the memory that its vectors point at.
  private final class Slot {
    let leaf: Int
    /// Whether it yields the nanoseconds beyond the leaf's microseconds.
    let isRemainder: Bool
    var rowGroup = -1
    var scanner: ColumnPageScanner?
    var column = Column(type: .null, storage: .integers([]))
    var stamp = 0
    var dictionaryCount = -1

    init(leaf: Int, isRemainder: Bool) {
      self.leaf = leaf
      self.isRemainder = isRemainder
    }
  }

  init(segment: ParquetSegment) { self.segment = segment }

  func read(
    rowGroup: Int, column name: String, as type: ColumnType, rows: Range<Int>
  ) throws -> ColumnVector {
    guard let slot = try slot(name) else { return ColumnVector(rowCount: rows.count) }
    if slot.rowGroup != rowGroup || slot.scanner.map({ $0.rowIndex > rows.lowerBound }) ?? true {
      slot.scanner = try segment.reader.makeColumnScanner(
        rowGroup: rowGroup, leaf: slot.leaf, takesInt96Remainder: slot.isRemainder)
      slot.rowGroup = rowGroup
      slot.stamp = DictionaryStamp.next()
    }
    guard let scanner = slot.scanner else { return ColumnVector(rowCount: rows.count) }
    try scanner.skip(rows: rows.lowerBound - scanner.rowIndex)
    try scanner.read(rows: rows.count, into: &slot.column)
    if slot.isRemainder { slot.column.keepRemainders() }
    if case .timestamp(let from, _) = slot.column.type, case .timestamp(let to, _) = type,
      from != to
    {
      slot.column.changeUnit(from: from, to: to)
    }
    let stored = slot.column.type
    if stored != type, !slot.column.widen(to: type) {
      throw QueryError(
        .badData, "a value of type \(stored.name) is none of \(type.name)",
        at: "\(segment.name), row group \(rowGroup), column '\(name)'",
        remedy: "have the table's engine write the file anew")
    }
    return vector(slot)
  }

  func readNested(
    rowGroup: Int, column name: String, as reading: NestedReading, rows: Range<Int>
  ) throws -> ColumnVector {
    let slot = slots[name] ?? Slot(leaf: -1, isRemainder: false)
    slots[name] = slot
    guard let node = segment.nested[name]?.node else { return ColumnVector(rowCount: rows.count) }
    let decoder = nested[name] ?? NestedDecoder(segment: segment, name: name, node: node)
    nested[name] = decoder
    slot.column = try decoder.read(rowGroup: rowGroup, as: reading, rows: rows)
    return vector(slot)
  }

  private func slot(_ name: String) throws -> Slot? {
    if let known = slots[name] { return known }
    guard let leaf = segment.leaf(name) else { return nil }
    let slot = Slot(leaf: leaf, isRemainder: Int96Remainder.time(of: name) != nil)
    slots[name] = slot
    return slot
  }

  /// Points to the slot's arrays. They stay valid: the slot holds them unchanged until the next read, which
  /// ends the vector's life.
  private func vector(_ slot: Slot) -> ColumnVector {
    var vector = ColumnVector(rowCount: slot.column.count)
    switch slot.column.storage {
    case .integers(let values):
      vector.form = .integers
      vector.values = values.withUnsafeBytes { $0.baseAddress }
    case .wide(let values):
      vector.form = .wide
      vector.values = values.withUnsafeBytes { $0.baseAddress }
    case .doubles(let values):
      vector.form = .doubles
      vector.values = values.withUnsafeBytes { $0.baseAddress }
    case .bytes(let text):
      vector.form = .bytes
      vector.point(at: text)
      vector.values = text.offsets.withUnsafeBytes { $0.baseAddress }
    case .codes(let codes, let dictionary):
      vector.form = .codes
      vector.point(at: dictionary)
      vector.values = codes.withUnsafeBytes { $0.baseAddress }
      vector.entryCount = dictionary.count
      vector.dictionaryStamp = slot.stamp
    }
    vector.validity = slot.column.validity?.withUnsafeBufferPointer { $0.baseAddress }
    return vector
  }
}

extension ColumnVector {
  fileprivate mutating func point(at text: ByteColumn) {
    offsets = text.offsets.withUnsafeBufferPointer { $0.baseAddress }
    // An empty array may have no address; nothing is read through it.
    bytes = text.bytes.withUnsafeBytes { $0.baseAddress } ?? offsets.map { UnsafeRawPointer($0) }
  }
}

extension Column {
  /// Converts times to another unit, rounding down. Times outside its range saturate.
  fileprivate mutating func changeUnit(from: TimeUnit, to: TimeUnit) {
    guard case .integers(var values) = storage else { return }
    storage = .integers([])
    for index in values.indices {
      let value = TimeUnitChange.floor(Int128(values[index]), from: from, to: to)
      values[index] = Int64(clamping: value)
    }
    storage = .integers(values)
  }
}

/// Unique numbers for dictionaries, in the whole process.
enum DictionaryStamp {
  private static let last = Atomic<Int>(0)

  static func next() -> Int { last.add(1, ordering: .relaxed).newValue }
}
