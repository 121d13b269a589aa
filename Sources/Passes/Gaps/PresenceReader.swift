import Columnar
import DeltaLog
import Market
import Tables

/// Numbers the wanted symbols of a table.
final class SeriesNames {
  /// Most symbols whose slots are kept: some hundred bytes each.
  static let countMax = 200_000

  private(set) var names: [String] = []
  private var numbers: [String: Int32] = [:]
  private let isWanted: (String) throws -> Bool

  init(isWanted: @escaping (String) throws -> Bool) { self.isWanted = isWanted }

  /// The number of a name; -1 if it is not wanted.
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

/// Finds the slots of time that have rows, one partition at a time.
struct PresenceReader {
  let plain: PlainFiles
  let indexColumn: String
  /// Zone of the table's dates.
  let zone: TimeZoneRules
  let depth: GapDepth
  let names: SeriesNames
  /// Names that the vendor was asked for, if rows count for them rather than for their own symbol.
  let requestedNames: Set<String>
  /// By symbol: names that stood for it, and when. Its rows count for those names, whatever name was asked for.
  let namesOfSymbols: [String: [(name: String, interval: Range<Int64>)]]
  /// Symbols that the ledger knows.
  let knownSymbols: Set<String>
  /// The number of all rows, if they are checked as one series.
  let everything: Int32?

  /// Adds a partition's rows. Returns how many were read.
  ///
  /// - Parameter days: The partition's days since 1970.
  func add(_ files: [AddFile], days: Range<Int>, to map: inout PresenceMap) throws -> Int {
    var rowCount = 0
    for file in files {
      let reader = try SegmentReader(path: plain.path(of: file))
      for group in reader.rowGroups {
        let requested = try self.requested(reader, group)
        let series = try self.series(reader, group, requested)
        let times = try self.times(reader, group, days)
        map.add(series: series, times: times)
        for series in requested { map.add(series: series, times: times) }
        for (series, times) in try aliases(reader, group, times) {
          map.add(series: series, times: times)
        }
        if let everything {
          map.add(series: series.map { _ in everything }, times: times)
        }
        rowCount += series.count
      }
    }
    return rowCount
  }

  /// The number of each row's symbol.
  ///
  /// - Parameter requested: Rows that were requested by another name count for their symbol only if that was
  ///   asked for too.
  private func series(
    _ reader: SegmentReader, _ group: StoredSpan, _ requested: [[Int32]]
  ) throws -> [Int32] {
    guard reader.has("symbol") else {
      return [Int32](repeating: try names.number(Self.noSymbol), count: group.count)
    }
    return try numbers(reader, group, "symbol") { name, row in
      if let first = requested.first, first[row] >= 0, !knownSymbols.contains(name) { return nil }
      return try names.number(name)
    }
  }

  /// The numbers of the names that each row was requested by: one list if rows have one name, several if a
  /// request had several names for them, none if there are no names.
  private func requested(_ reader: SegmentReader, _ group: StoredSpan) throws -> [[Int32]] {
    guard !requestedNames.isEmpty, reader.has("requested_symbol") else { return [] }
    var groups: [[Int32]] = []
    let groupIndexes = try numbers(reader, group, "requested_symbol") { text, _ in
      let own = try text.split(separator: ",").map(String.init).filter(requestedNames.contains)
        .map(names.number)
      groups.append(own)
      return Int32(groups.count - 1)
    }
    let width = max(1, groups.map(\.count).max() ?? 0)
    return (0..<width).map { at in
      groupIndexes.map { index in
        let own = index < 0 ? [] : groups[Int(index)]
        return at < own.count ? own[at] : -1
      }
    }
  }

  /// Rows of symbols that a name stood for, as rows of that name.
  private func aliases(
    _ reader: SegmentReader, _ group: StoredSpan, _ times: [Int64]
  ) throws -> [(series: [Int32], times: [Int64])] {
    guard !namesOfSymbols.isEmpty, reader.has("symbol") else { return [] }
    var groups: [[(number: Int32, interval: Range<Int64>)]] = []
    let groupIndexes = try numbers(reader, group, "symbol") { symbol, _ in
      guard let own = namesOfSymbols[symbol] else { return -1 }
      groups.append(try own.map { (try names.number($0.name), $0.interval) })
      return Int32(groups.count - 1)
    }
    let width = groups.map(\.count).max() ?? 0
    return (0..<width).map { at in
      var series = [Int32](repeating: -1, count: groupIndexes.count)
      for (row, index) in groupIndexes.enumerated() where index >= 0 {
        let own = groups[Int(index)]
        guard at < own.count, row < times.count else { continue }
        let (time, overflow) = times[row].multipliedReportingOverflow(by: 1000)
        if !overflow, own[at].interval.contains(time) { series[row] = own[at].number }
      }
      return (series, times)
    }
  }

  /// The series of rows in tables without symbols.
  static let noSymbol = "-"

  /// A number for each row.
  ///
  /// - Parameter number: Called once per text; if it returns nil, once per row.
  private func numbers(
    _ reader: SegmentReader, _ group: StoredSpan, _ name: String,
    _ number: (_ name: String, _ row: Int) throws -> Int32?
  ) throws -> [Int32] {
    let column = try reader.column(Field(name, .string), group)
    var result = [Int32](repeating: -1, count: column.count)
    switch column.storage {
    case .codes(let codes, let dictionary):
      var known = [Int32?](repeating: nil, count: dictionary.count)
      for row in 0..<codes.count where !column.isNull(row) {
        let code = Int(codes[row])
        if let own = known[code] {
          result[row] = own
        } else if let own = try number(dictionary[code], row) {
          known[code] = own
          result[row] = own
        }
      }
    case .bytes(let values):
      var last: (bytes: Range<Int>, number: Int32)?
      for row in 0..<values.count where !column.isNull(row) {
        let range = values.byteRange(row)
        if let last, values.bytes[range].elementsEqual(values.bytes[last.bytes]) {
          result[row] = last.number
        } else if let own = try number(values[row], row) {
          result[row] = own
          last = (range, own)
        }
      }
    default: break
    }
    return result
  }

  private static let microsecondsPerDay: Int64 = 86_400_000_000

  /// The time of each row in microseconds; if only days matter, the start of its date, as if in UTC.
  private func times(
    _ reader: SegmentReader, _ group: StoredSpan, _ days: Range<Int>
  ) throws -> [Int64] {
    let isSlotted = if case .slots = depth { true } else { false }
    let mayDiffer = isSlotted || days.count > 1
    guard mayDiffer, let type = reader.storedType(of: indexColumn) else {
      return [Int64](
        repeating: Int64(days.lowerBound) * Self.microsecondsPerDay, count: group.count)
    }
    var field = Field(indexColumn, type)
    if case .timestamp(_, let isUTC) = type {
      field.type = .timestamp(.microseconds, isUTC: isUTC)
    }
    guard case .integers(let values) = try reader.column(field, group).storage else {
      throw PassError(
        .input, "column '\(indexColumn)' is no time", place: reader.path,
        remedy: "lake describe shows the table's columns")
    }
    if isSlotted { return values }
    // Daily bars of a date all begin at one instant.
    var last: (time: Int64, day: Int64)?
    return values.map { time in
      if let last, last.time == time { return last.day }
      let nanoseconds = time.multipliedReportingOverflow(by: 1000).partialValue
      let day = Int64(zone.localDay(nanoseconds: nanoseconds)) * Self.microsecondsPerDay
      last = (time, day)
      return day
    }
  }
}
