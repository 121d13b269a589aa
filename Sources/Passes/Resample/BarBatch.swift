import Columnar

/// Bars in memory: plain columns of equal length, in one order.
///
/// Times are microseconds since 1970 UTC, prices unscaled at 10^-9. Symbols are indices into
/// `symbols`. Where a value is missing, its byte in the validity is 0; nil means that none is.
struct BarBatch {
  var symbols = ByteColumn()
  var symbol: [Int32] = []
  var time: [Int64] = []
  var publisher: [Int64] = []
  var instrument: [Int64] = []
  var open: [Int64] = []
  var high: [Int64] = []
  var low: [Int64] = []
  var close: [Int64] = []
  var volume: [Int64] = []
  /// By column, in the order of `valueColumns`.
  var validity: [[UInt8]?] = Array(repeating: nil, count: BarBatch.valueColumns.count)

  static let valueColumns = [
    "publisher_id", "instrument_id", "open", "high", "low", "close", "volume",
  ]

  var count: Int { time.count }
  var hasNulls: Bool { validity.contains { $0 != nil } }
  /// No nulls, times in order within each symbol, and volumes so small that no sum of theirs can
  /// outgrow 64 bits: what most data are, and what the quick ways rely on. `inspect` finds out.
  private(set) var isPlain = false

  /// Volumes below this can be added up for as many rows as a bar may have.
  private static let plainVolumeMax: Int64 = 1 << 32

  mutating func inspect() {
    isPlain = false
    if hasNulls { return }
    var isBad = false
    symbol.withUnsafeBufferPointer { symbols in
      time.withUnsafeBufferPointer { times in
        volume.withUnsafeBufferPointer { volumes in
          for row in volumes.indices {
            isBad = isBad || UInt64(bitPattern: volumes[row]) > UInt64(Self.plainVolumeMax)
          }
          var row = 1
          while row < times.count {
            isBad = isBad || (times[row] < times[row &- 1] && symbols[row] == symbols[row &- 1])
            row = row &+ 1
          }
        }
      }
    }
    isPlain = !isBad
  }
}

/// Reads the bars of one partition date in the order (symbol, time, publisher), part by part.
///
/// One file that is in order is read row group by row group; several files, or one in another order,
/// are read whole and sorted.
struct BarReader {
  private let files: [BarFile]
  private var rowGroup = 0
  private var isDone = false
  private let isSorted: Bool

  /// - Parameter paths: The data files of the date.
  init(paths: [String]) throws {
    files = try paths.map { try BarFile(path: $0) }
    isSorted = files.count == 1 && files[0].isDeclaredSorted
  }

  /// The next part; nil at the end. Parts of a sorted file end at its row groups.
  mutating func next(into batch: inout BarBatch) throws -> Bool {
    if isDone { return false }
    if isSorted {
      guard rowGroup < files[0].rowGroupCount else { return false }
      try files[0].read(rowGroup: rowGroup, into: &batch)
      batch.inspect()
      rowGroup += 1
      return true
    }
    isDone = true
    try readAll(into: &batch)
    return batch.count > 0
  }

  private func readAll(into batch: inout BarBatch) throws {
    var all = BarBatch()
    var part = BarBatch()
    for file in files {
      for rowGroup in 0..<file.rowGroupCount {
        try file.read(rowGroup: rowGroup, into: &part)
        all.append(part)
      }
    }
    batch = all.sorted()
    batch.inspect()
  }
}

extension BarBatch {
  mutating func append(_ other: BarBatch) {
    let base = Int32(symbols.count)
    let known = count
    for index in 0..<other.symbols.count { symbols.append(other.symbols[index]) }
    symbol.append(contentsOf: other.symbol.map { $0 + base })
    time.append(contentsOf: other.time)
    publisher.append(contentsOf: other.publisher)
    instrument.append(contentsOf: other.instrument)
    open.append(contentsOf: other.open)
    high.append(contentsOf: other.high)
    low.append(contentsOf: other.low)
    close.append(contentsOf: other.close)
    volume.append(contentsOf: other.volume)
    for column in validity.indices where validity[column] != nil || other.validity[column] != nil {
      var bytes = validity[column] ?? [UInt8](repeating: 1, count: known)
      bytes.append(contentsOf: other.validity[column] ?? [UInt8](repeating: 1, count: other.count))
      validity[column] = bytes
    }
  }

  /// The same bars by (symbol, time, publisher), equal ones in the order in which they stand.
  func sorted() -> BarBatch {
    let names = (0..<symbols.count).map { Array(symbols.bytes[symbols.byteRange($0)]) }
    let ranked = names.indices.sorted { names[$0].lexicographicallyPrecedes(names[$1]) }
    var rank = [Int](repeating: 0, count: names.count)
    var unique: [Int] = []
    for index in ranked {
      if let last = unique.last, names[last] == names[index] {
        rank[index] = unique.count - 1
      } else {
        rank[index] = unique.count
        unique.append(index)
      }
    }
    let order = (0..<count).sorted { left, right in
      let (a, b) = (rank[Int(symbol[left])], rank[Int(symbol[right])])
      return (a, time[left], publisher[left], left) < (b, time[right], publisher[right], right)
    }
    var result = BarBatch()
    for index in unique { result.symbols.append(symbols[index]) }
    result.symbol = order.map { Int32(rank[Int(symbol[$0])]) }
    func taken(_ values: [Int64]) -> [Int64] { order.map { values[$0] } }
    result.time = taken(time)
    result.publisher = taken(publisher)
    result.instrument = taken(instrument)
    result.open = taken(open)
    result.high = taken(high)
    result.low = taken(low)
    result.close = taken(close)
    result.volume = taken(volume)
    result.validity = validity.map { bytes in bytes.map { bytes in order.map { bytes[$0] } } }
    return result
  }
}
