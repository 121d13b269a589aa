import Catalog
import Columnar
import DeltaLog
import Market
import Parquet

/// The names of a table's symbols as small numbers, and which of them are wanted.
final class SeriesNames {
  /// Symbols of which minutes are kept at most: some hundred bytes each.
  static let countMax = 200_000

  private(set) var names: [String] = []
  private var numbers: [String: Int32] = [:]
  private let isWanted: (String) throws -> Bool

  init(isWanted: @escaping (String) throws -> Bool) { self.isWanted = isWanted }

  /// The number of a name; -1 for one that is not wanted.
  func number(_ name: String) throws -> Int32 {
    if let known = numbers[name] { return known }
    guard try isWanted(name) else {
      numbers[name] = -1
      return -1
    }
    guard names.count < Self.countMax else {
      throw PassError(
        .input, "more than \(Self.countMax) symbols, their minutes do not fit the memory",
        remedy: "name some with --symbol, or a shorter time with --start and --end")
    }
    let number = Int32(names.count)
    names.append(name)
    numbers[name] = number
    return number
  }
}

/// Reads which slots of time a table's rows are in, a partition at a time.
struct PresenceReader {
  let root: String
  let indexColumn: String
  let depth: GapDepth
  let names: SeriesNames
  /// Names by which the vendor was asked, where rows belong to them rather than to their own symbol.
  let requestedNames: Set<String>
  /// Of all rows, where they are looked at as one.
  let everything: Int32?

  /// Adds a partition's rows; returns how many were read.
  func add(_ files: [AddFile], date: CivilDate, to map: inout PresenceMap) throws -> Int {
    var rowCount = 0
    for file in files {
      let reader = try ParquetReader(path: root + "/" + file.filePath)
      for rowGroup in 0..<reader.rowGroupCount {
        let series = try self.series(reader, rowGroup)
        let times = try self.times(reader, rowGroup, date, count: series.count)
        map.add(series: series, times: times)
        if let everything {
          map.add(series: series.map { _ in everything }, times: times)
        }
        rowCount += series.count
      }
    }
    return rowCount
  }

  /// The number of each row's series.
  private func series(_ reader: ParquetReader, _ rowGroup: Int) throws -> [Int32] {
    let count = reader.rowCount(rowGroup: rowGroup)
    guard let symbol = reader.leafIndex(named: "symbol") else {
      return [Int32](repeating: try names.number(Self.noSymbol), count: count)
    }
    var numbers = try self.numbers(reader, rowGroup, symbol) { try names.number($0) }
    if !requestedNames.isEmpty, let leaf = reader.leafIndex(named: "requested_symbol") {
      let requested = try self.numbers(reader, rowGroup, leaf) {
        requestedNames.contains($0) ? try names.number($0) : -1
      }
      for row in 0..<min(numbers.count, requested.count) where requested[row] >= 0 {
        numbers[row] = requested[row]
      }
    }
    return numbers
  }

  /// What rows of tables without symbols are called.
  static let noSymbol = "-"

  private func numbers(
    _ reader: ParquetReader, _ rowGroup: Int, _ leaf: Int, _ number: (String) throws -> Int32
  ) throws -> [Int32] {
    var column = Column(type: .string, storage: .integers([]))
    try reader.readColumn(rowGroup: rowGroup, leaf: leaf, into: &column)
    var result = [Int32](repeating: -1, count: column.count)
    switch column.storage {
    case .codes(let codes, let dictionary):
      let known = try (0..<dictionary.count).map { try number(dictionary[$0]) }
      for row in 0..<codes.count where !column.isNull(row) { result[row] = known[Int(codes[row])] }
    case .bytes(let values):
      var last = 0..<0
      for row in 0..<values.count where !column.isNull(row) {
        let range = values.byteRange(row)
        if row > 0, !column.isNull(row - 1),
          values.bytes[range].elementsEqual(values.bytes[last])
        {
          result[row] = result[row - 1]
        } else {
          result[row] = try number(values[row])
        }
        last = range
      }
    default: break
    }
    return result
  }

  /// The time of each row in microseconds; the partition's day where only days matter.
  private func times(_ reader: ParquetReader, _ rowGroup: Int, _ date: CivilDate, count: Int)
    throws -> [Int64]
  {
    guard case .slots = depth, let leaf = reader.leafIndex(named: indexColumn) else {
      return [Int64](repeating: Int64(date.daysSinceEpoch) * 86_400_000_000, count: count)
    }
    var column = Column(type: reader.leaves[leaf].type, storage: .integers([]))
    try reader.readColumn(rowGroup: rowGroup, leaf: leaf, into: &column)
    guard case .integers(let values) = column.storage else {
      throw PassError(
        .input, "column '\(indexColumn)' is no time", place: reader.name,
        remedy: "lake describe shows the table's columns")
    }
    return values
  }
}
