import Columnar
import Parquet

/// One data file of bars.
struct BarFile {
  private let reader: ParquetReader
  private let path: String
  private let symbolLeaf: Int
  private let timeLeaf: Int
  private let valueLeaves: [Int?]

  init(path: String) throws {
    self.path = path
    let reader = try ParquetReader(path: path)
    self.reader = reader
    func leaf(_ name: String) throws -> Int {
      guard let leaf = reader.leafIndex(named: name) else {
        throw PassError(.input, "the file has no column '\(name)'", place: path)
      }
      return leaf
    }
    symbolLeaf = try leaf("symbol")
    timeLeaf = try leaf("ts_event")
    for name in ["open", "high", "low", "close", "volume"] { _ = try leaf(name) }
    valueLeaves = BarBatch.valueColumns.map { reader.leafIndex(named: $0) }
    guard case .timestamp(.microseconds, _) = reader.leaves[timeLeaf].type else {
      throw PassError(
        .input, "'ts_event' is \(reader.leaves[timeLeaf].type.name), expected timestamp",
        place: path)
    }
  }

  var rowGroupCount: Int { reader.metadata.rowGroups.count }

  /// The footer says that rows are sorted by symbol, then time. `lake` alone writes that order, and it
  /// is checked again as the rows pass.
  var isDeclaredSorted: Bool {
    rowGroupCount > 0
      && reader.metadata.rowGroups.allSatisfy { group in
        let columns = (group.sortingColumns ?? []).prefix(2)
        return columns.map(\.columnIndex) == [Int32(symbolLeaf), Int32(timeLeaf)]
          && columns.allSatisfy { !$0.isDescending }
      }
  }

  func read(rowGroup: Int, into batch: inout BarBatch) throws {
    try readSymbols(rowGroup, &batch)
    var times = batch.time
    batch.time = []
    try readIntegers(rowGroup, timeLeaf, &times, validity: nil, &batch)
    batch.time = times
    let columns: [WritableKeyPath<BarBatch, [Int64]>] = [
      \.publisher, \.instrument, \.open, \.high, \.low, \.close, \.volume,
    ]
    for (index, column) in columns.enumerated() {
      var values = batch[keyPath: column]
      batch[keyPath: column] = []
      if let leaf = valueLeaves[index] {
        try readIntegers(rowGroup, leaf, &values, validity: index, &batch)
      } else {
        values = [Int64](repeating: 0, count: batch.count)
        batch.validity[index] = [UInt8](repeating: 0, count: batch.count)
      }
      batch[keyPath: column] = values
    }
  }

  private func readIntegers(
    _ rowGroup: Int, _ leaf: Int, _ values: inout [Int64], validity: Int?, _ batch: inout BarBatch
  ) throws {
    var column = Column(type: reader.leaves[leaf].type, storage: .integers(values))
    values = []
    try reader.readColumn(rowGroup: rowGroup, leaf: leaf, rows: nil, into: &column)
    guard case .integers(let read) = column.storage else {
      throw PassError(
        .input, "column '\(reader.leaves[leaf].name)' is \(column.type.name), expected integers",
        place: path)
    }
    values = read
    if let validity {
      batch.validity[validity] = column.nullCount == 0 ? nil : column.validity
    } else if column.nullCount > 0 {
      throw PassError(
        .input, "column '\(reader.leaves[leaf].name)' has nulls", place: path,
        remedy: "every row needs its index timestamp")
    }
  }

  private func readSymbols(_ rowGroup: Int, _ batch: inout BarBatch) throws {
    var column = Column(type: .string, storage: .codes(batch.symbol, dictionary: ByteColumn()))
    batch.symbol = []
    try reader.readColumn(rowGroup: rowGroup, leaf: symbolLeaf, rows: nil, into: &column)
    switch column.storage {
    case .codes(let codes, let dictionary):
      batch.symbol = codes
      batch.symbols = dictionary
    case .bytes(let values):
      let table = StringTable()
      batch.symbol = values.bytes.withUnsafeBytes { bytes in
        (0..<values.count).map { row in
          Int32(table.code(UnsafeRawBufferPointer(rebasing: bytes[values.byteRange(row)])))
        }
      }
      batch.symbols = table.values
    default:
      throw PassError(
        .input, "column 'symbol' is \(column.type.name), expected string", place: path)
    }
    if column.nullCount > 0 {
      throw PassError(.input, "column 'symbol' has nulls", place: path)
    }
  }
}
