import Bytes
import Columnar
import Databento
import Platform
import Tables

/// Which raw symbol stood for which instrument on which dates, from a table's rows.
struct InstrumentMap {
  private(set) var symbols: [String] = []
  private(set) var mappings: [SymbolMapping] = []
  /// Range of whole days of the rows, in ns, half-open.
  private(set) var range: Range<Int64> = 0..<0
  /// All symbols of the table, requested or not.
  private(set) var known: Set<String> = []

  /// - Parameters:
  ///   - partitions: In order; days since 1970.
  ///   - indexColumn: The times of the rows, for partitions with several days.
  ///   - symbols: The requested symbols; empty means all.
  init(
    partitions: [(days: Range<Int>, paths: [String])], indexColumn: String,
    symbols wanted: Set<String>
  ) throws {
    var intervals: [String: [MappingInterval]] = [:]
    var byDay: [(day: Int, pairs: Set<Pair>)] = []
    for (days, paths) in partitions {
      var found: [Int: Set<Pair>] = [:]
      for path in paths { try Self.read(path, days, indexColumn, into: &found) }
      byDay += found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
    for (number, pairs) in byDay {
      let day = CivilDate(daysSinceEpoch: number)
      let next = CivilDate(daysSinceEpoch: number + 1)
      known.formUnion(pairs.map(\.symbol))
      try Self.checkNames(
        pairs, wanted, day.iso, in: partitions.lazy.compactMap(\.paths.first).first)
      for pair in pairs where wanted.isEmpty || wanted.contains(pair.symbol) {
        let id = String(pair.instrument)
        if let last = intervals[pair.symbol]?.lastIndex(where: { $0.symbol == id }),
          intervals[pair.symbol]?[last].endDate == day
        {
          intervals[pair.symbol]?[last].endDate = next
        } else {
          intervals[pair.symbol, default: []].append(
            MappingInterval(startDate: day, endDate: next, symbol: id))
        }
        let start = Int64(day.daysSinceEpoch) * CivilDate.nanosecondsPerDay
        let end = start + CivilDate.nanosecondsPerDay
        range =
          range.isEmpty ? start..<end : min(range.lowerBound, start)..<max(range.upperBound, end)
      }
    }
    symbols = intervals.keys.sorted()
    mappings = symbols.map { symbol in
      SymbolMapping(
        rawSymbol: symbol,
        intervals: (intervals[symbol] ?? []).sorted { $0.startDate < $1.startDate })
    }
  }

  /// A record identifies its instrument only by number: rows without one can be of one symbol only.
  private static func checkNames(
    _ pairs: Set<Pair>, _ wanted: Set<String>, _ date: String, in path: String?
  ) throws {
    let nameless = pairs.filter { $0.instrument == 0 }.map(\.symbol)
      .filter { wanted.isEmpty || wanted.contains($0) }.sorted()
    guard nameless.count > 1 else { return }
    let shown = nameless.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
    throw PassError(
      .input,
      "rows of \(nameless.count) symbols have no 'instrument_id', and a DBN record tells them apart by that alone: \(shown)"
        + (nameless.count > 3 ? ", …" : ""),
      place: date,
      remedy:
        "--symbol \(nameless[0]) exports one of them; lake query \(path.map(LoggedFile.table(of:)) ?? "TABLE") -o rows.parquet writes all"
    )
  }

  private struct Pair: Hashable {
    var symbol: String
    var instrument: Int64
  }

  private static func read(
    _ path: String, _ days: Range<Int>, _ indexColumn: String, into pairs: inout [Int: Set<Pair>]
  ) throws {
    let reader = try SegmentReader(path: path)
    var symbol = Column(type: .string, storage: .integers([]))
    var instrument = Column(type: .long, storage: .integers([]))
    for group in reader.rowGroups {
      guard try reader.read(Field("symbol", .string), group, into: &symbol),
        try reader.read(Field("instrument_id", .long), group, into: &instrument)
      else { return }
      guard case .integers(let ids) = instrument.storage else { continue }
      let dates = try Self.days(reader, group, days, indexColumn)
      func day(_ row: Int) -> Int { dates?[row] ?? days.lowerBound }
      switch symbol.storage {
      case .codes(let codes, let dictionary):
        for row in codes.indices
        where row == 0 || codes[row] != codes[row - 1] || ids[row] != ids[row - 1]
          || day(row) != day(row - 1)
        {
          pairs[day(row), default: []].insert(
            Pair(symbol: dictionary[Int(codes[row])], instrument: ids[row]))
        }
      case .bytes(let values):
        for row in ids.indices {
          pairs[day(row), default: []].insert(Pair(symbol: values[row], instrument: ids[row]))
        }
      default: continue
      }
    }
  }

  /// The day of each row; nil if the partition tells it. DBN's dates are in UTC.
  private static func days(
    _ reader: SegmentReader, _ group: StoredSpan, _ days: Range<Int>, _ indexColumn: String
  ) throws -> [Int]? {
    guard days.count > 1 else { return nil }
    let field = Field(indexColumn, .timestamp(.microseconds, isUTC: true))
    var times = Column(type: field.type, storage: .integers([]))
    guard try reader.read(field, group, into: &times), case .integers(let values) = times.storage
    else { return nil }
    return values.map { Int(floorDivide($0, CivilDate.nanosecondsPerDay / 1000)) }
  }
}
