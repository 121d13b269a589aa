import Bytes
import Columnar

/// The levels and values of one leaf column, until its row group is written.
final class LeafBuffer {
  let leaf: NestedLayout.Leaf
  private(set) var definitionLevels: [UInt32] = []
  private(set) var repetitionLevels: [UInt32] = []
  /// The values, in the array for the leaf's type. Separate properties: as payloads of an enumeration they
  /// would be copied at every append.
  private var integers: [Int64] = []
  private var wide: [Int128] = []
  private var doubles: [Double] = []
  private var text = ByteColumn()
  private let type: ColumnType
  private let kind: StorageKind
  /// Size of all leaves of the row group together.
  private let size: BufferedSize
  private(set) var byteCount = 0 {
    didSet { size.byteCount += byteCount - oldValue }
  }
  /// For each row: index of its first level, and of its first value.
  private var rowStarts: [(level: Int, value: Int)] = []
  private var valueCount = 0

  init(_ leaf: NestedLayout.Leaf, size: BufferedSize = BufferedSize()) {
    self.leaf = leaf
    self.size = size
    type = leaf.column.field.type
    kind = type.storage
  }

  func beginRow() { rowStarts.append((definitionLevels.count, valueCount)) }

  func appendNull(definition: Int, repetition: Int) {
    definitionLevels.append(UInt32(definition))
    if leaf.repetitionLevelMax > 0 { repetitionLevels.append(UInt32(repetition)) }
    byteCount += 8
  }

  /// Rows in which the whole field is null.
  func appendNullRows(_ count: Int) {
    let first = definitionLevels.count
    for row in 0..<count { rowStarts.append((first + row, valueCount)) }
    definitionLevels.append(contentsOf: repeatElement(0, count: count))
    if leaf.repetitionLevelMax > 0 {
      repetitionLevels.append(contentsOf: repeatElement(0, count: count))
    }
    byteCount += 8 * count
  }

  func append(_ value: Value, repetition: Int) throws(ParquetError) {
    try append(value)
    definitionLevels.append(UInt32(leaf.definitionLevelMax))
    if leaf.repetitionLevelMax > 0 { repetitionLevels.append(UInt32(repetition)) }
    valueCount += 1
    byteCount += 16
  }

  func removeAll() {
    definitionLevels.removeAll(keepingCapacity: true)
    repetitionLevels.removeAll(keepingCapacity: true)
    rowStarts.removeAll(keepingCapacity: true)
    integers.removeAll(keepingCapacity: true)
    wide.removeAll(keepingCapacity: true)
    doubles.removeAll(keepingCapacity: true)
    text = ByteColumn()
    valueCount = 0
    byteCount = 0
  }

  private func append(_ value: Value) throws(ParquetError) {
    switch kind {
    case .integers:
      guard let number = value.integerForm(of: type) else { throw mismatch(value) }
      integers.append(number)
    case .wide:
      guard let number = value.decimalForm(of: type) else { throw mismatch(value) }
      wide.append(number)
    case .doubles:
      switch value {
      case .double(let number): doubles.append(number)
      case .float(let number): doubles.append(Double(number))
      default: throw mismatch(value)
      }
    case .bytes:
      switch value {
      case .string(let string):
        try checkRoom(string.utf8.count)
        text.append(string)
      case .binary(let bytes), .uuid(let bytes):
        try checkRoom(bytes.count)
        bytes.withUnsafeBytes { text.append($0) }
      case .interval(let months, let days, let milliseconds):
        try checkRoom(12)
        let words = [months.littleEndian, days.littleEndian, milliseconds.littleEndian]
        words.withUnsafeBytes { text.append($0) }
      default: throw mismatch(value)
      }
      byteCount += text.byteRange(text.count - 1).count
    }
  }

  /// The ends of texts are 32-bit numbers.
  private func checkRoom(_ byteCount: Int) throws(ParquetError) {
    if byteCount > Int(Int32.max) - text.bytes.count {
      throw ParquetError(
        .value, "more than \(Int32.max) bytes of text in one row group",
        place: ParquetError.Place(column: leaf.column.field.name))
    }
  }

  /// The buffered values, in the form that encoders take.
  private var storage: Column.Storage {
    switch kind {
    case .integers: .integers(integers)
    case .wide: .wide(wide)
    case .doubles: .doubles(doubles)
    case .bytes: .bytes(text)
    }
  }

  private func mismatch(_ value: Value) -> ParquetError {
    ParquetError(
      .value, "the value '\(value.excerpt)' does not fit in a column of type \(type.name)",
      place: ParquetError.Place(column: leaf.column.field.name))
  }

  /// Encodes the buffered rows, cut into pages at the rows `cuts`.
  func encode(
    with encoder: ColumnChunkEncoder, cuts: [Int]
  ) throws(ParquetError) -> EncodedColumnChunk {
    func start(_ row: Int) -> (level: Int, value: Int) {
      row < rowStarts.count ? rowStarts[row] : (definitionLevels.count, valueCount)
    }
    let spans = zip(cuts, cuts.dropFirst()).map { first, end in
      PageSpan(
        firstRow: first, levels: start(first).level..<start(end).level,
        values: start(first).value..<start(end).value)
    }
    let levels = NestedLevels(
      definition: definitionLevels, definitionMax: leaf.definitionLevelMax,
      repetition: repetitionLevels, repetitionMax: leaf.repetitionLevelMax)
    let column = Column(type: type, storage: storage)
    return try column.withSource(rows: 0..<valueCount) { (source) throws(ParquetError) in
      try encoder.encode(
        valueCount == 0 ? .none : PackedValues(source.values, count: valueCount), spans: spans,
        rowCount: rowStarts.count, levels: levels)
    }
  }
}

/// Total size of the buffered leaves of a row group.
final class BufferedSize {
  var byteCount = 0
}

/// Levels of a nested column.
struct NestedLevels: PageLevels {
  let definition: [UInt32]
  let definitionMax: Int
  let repetition: [UInt32]
  let repetitionMax: Int

  func append(_ span: PageSpan, into out: ByteBuffer) {
    if repetitionMax > 0 { append(repetition, repetitionMax, span.levels, out) }
    if definitionMax > 0 { append(definition, definitionMax, span.levels, out) }
  }

  private func append(_ levels: [UInt32], _ max: Int, _ range: Range<Int>, _ out: ByteBuffer) {
    levels.withUnsafeBufferPointer { levels in
      guard let base = levels.baseAddress else { return }
      appendLevels(
        base + range.lowerBound, range.count, bitWidth: Int.bitWidth - max.leadingZeroBitCount,
        into: out)
    }
  }
}

extension PackedValues {
  /// All values of a source without nulls.
  init(_ values: ColumnSource.Values, count: Int) {
    self =
      switch values {
      case .integers(let values): .integers(values, count)
      case .wide(let values): .wide(values, count)
      case .doubles(let values): .doubles(values, count)
      case .bytes(let offsets, let bytes): .bytes(offsets: offsets, bytes: bytes, count)
      case .codes(let codes, let dictionary): .codes(codes, count, dictionary: dictionary)
      case .allNull: .none
      }
  }
}

extension Value {
  /// The integer that represents the value in a column of `type`; nil if they do not match.
  fileprivate func integerForm(of type: ColumnType) -> Int64? {
    switch (self, type) {
    case (.boolean(let value), .boolean): value ? 1 : 0
    case (.integer(let number), .integer(_, isSigned: true)): number
    case (.integer(let number), .integer(_, isSigned: false)): number >= 0 ? number : nil
    case (.unsigned(let number), .integer(64, isSigned: false)): Int64(bitPattern: number)
    case (.unsigned(let number), .integer): Int64(exactly: number)
    case (.date(let days), .date): Int64(days)
    case (.time(let count, let unit, _), .time(let wanted, _)): unit == wanted ? count : nil
    case (.timestamp(let count, let unit, _), .timestamp(let wanted, _)):
      unit == wanted ? count : nil
    case (.decimal, .decimal): decimalForm(of: type).flatMap { Int64(exactly: $0) }
    default: nil
    }
  }

  /// The unscaled decimal at the scale of `type`; nil if the scales differ.
  fileprivate func decimalForm(of type: ColumnType) -> Int128? {
    guard case .decimal(let unscaled, let scale) = self, case .decimal(_, let wanted) = type else {
      return nil
    }
    return scale == wanted ? unscaled : nil
  }
}
