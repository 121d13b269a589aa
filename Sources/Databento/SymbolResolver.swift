// Resolves an instrument id and a day to the raw symbol of that day.

import Bytes
import Columnar
import Market

/// The source of a symbol, best first.
public enum ResolutionStep: Int, CaseIterable, Hashable, Sendable {
  /// The metadata's mapping of that day.
  case metadata
  /// A symbol mapping record in the stream.
  case mappingRecord
  /// The raw symbol of an instrument definition.
  case definition
  /// The only requested symbol.
  case onlySymbol
  /// No name is known: `INSTRUMENT_<id>`.
  case instrumentID
  /// No instrument id either: `UNKNOWN_SYMBOL`.
  case unknown

  /// The name in reports.
  public var name: String {
    switch self {
    case .metadata: "metadata mapping"
    case .mappingRecord: "mapping record"
    case .definition: "definition"
    case .onlySymbol: "only symbol requested"
    case .instrumentID: "INSTRUMENT_<id>"
    case .unknown: "UNKNOWN_SYMBOL"
    }
  }
}

/// The raw symbol of an instrument on some days.
public struct InstrumentName: Hashable, Sendable {
  /// The instrument.
  public var instrumentID: UInt32
  /// UTC days since 1970-01-01, half-open.
  public var days: Range<Int>
  /// Its raw symbol.
  public var symbol: String

  /// The raw symbol of an instrument on some days.
  public init(instrumentID: UInt32, days: Range<Int>, symbol: String) {
    self.instrumentID = instrumentID
    self.days = days
    self.symbol = symbol
  }
}

/// Resolves instrument ids to symbols, and counts the sources used.
///
/// A symbol is never guessed: if a source has two symbols for one id and day, the next source is used. The
/// direction of the metadata's mappings follows from its symbol types: from raw symbols (or continuous, parent,
/// … ones, which are then only what was *requested*) to ids, or from ids to raw symbols.
public struct SymbolResolver: Sendable {
  /// The symbol of rows without any identification.
  public static let unknownSymbol = "UNKNOWN_SYMBOL"

  /// Incremented when a record may change what an id resolves to: callers must then drop cached resolutions.
  public private(set) var generation = 0
  /// Number of resolutions, by step.
  public private(set) var counts: [ResolutionStep: Int] = [:]

  private var symbols = SymbolTimeline()
  private var requests = SymbolTimeline()
  private var streamSymbols = SymbolTimeline()
  private var streamRequests = SymbolTimeline()
  private var definitions: [UInt32: [(day: Int, symbol: String)]] = [:]
  private var onlySymbol: String?
  private var onlyRequest: String?
  /// Ids that the only requested symbol stood for, with their days.
  private var onlySymbolDays: [(id: UInt32, days: Range<Int>)] = []
  private var cache: [UInt64: Resolution] = [:]
  /// Requested names, day by day, as they were resolved.
  private var named: Set<RequestedName> = []
  /// Names and days that are kept: a parent of all options on an index has more contracts than anybody needs.
  private static let namedCountMax = 50_000
  private var hasTooManyNames = false

  private struct Resolution {
    var symbol: String
    var requested: String?
    var step: ResolutionStep
  }

  /// - Parameters:
  ///   - metadata: The header; nil for a stream without one.
  ///   - instruments: Raw symbols that the header lacks, from the vendor's symbology.
  public init(metadata: DBNMetadata?, instruments: [InstrumentName] = []) {
    for name in instruments { symbols.add(name.instrumentID, name.days, name.symbol) }
    guard let metadata else { return }
    let names = metadata.symbols.filter { $0 != "ALL_SYMBOLS" && !$0.isEmpty }
    if names.count == 1 {
      switch metadata.stypeIn {
      case .rawSymbol: onlySymbol = names[0]
      case nil: break
      default: onlyRequest = names[0]
      }
    }
    if metadata.stypeOut == .instrumentID {
      addForward(metadata)
    } else if metadata.stypeIn == .instrumentID {
      addInverse(metadata)
    }
    symbols.sort()
    requests.sort()
  }

  /// Requested symbol → instrument id.
  private mutating func addForward(_ metadata: DBNMetadata) {
    let asked = Set(metadata.symbols)
    for mapping in metadata.mappings {
      // The children of a parent are listed under their raw symbols.
      let isRaw =
        metadata.stypeIn == .rawSymbol || metadata.stypeIn == nil
        || (metadata.stypeIn == .parent && !asked.contains(mapping.rawSymbol))
      for interval in mapping.intervals {
        guard let id = UInt32(interval.symbol) else { continue }
        let days = interval.days
        if isRaw {
          symbols.add(id, days, mapping.rawSymbol)
        } else {
          requests.add(id, days, mapping.rawSymbol)
        }
        if mapping.rawSymbol == onlySymbol { onlySymbolDays.append((id, days)) }
      }
    }
  }

  /// Instrument id → symbol.
  private mutating func addInverse(_ metadata: DBNMetadata) {
    for mapping in metadata.mappings {
      guard let id = UInt32(mapping.rawSymbol) else { continue }
      for interval in mapping.intervals where !interval.symbol.isEmpty {
        requests.add(id, interval.days, mapping.rawSymbol)
        if metadata.stypeOut == .rawSymbol { symbols.add(id, interval.days, interval.symbol) }
      }
    }
  }

  /// Resolves one record's instrument.
  ///
  /// - Parameter day: UTC day of the record's index time, since 1970-01-01.
  /// - Returns: The raw symbol (or a fallback), the requested name if that is not a raw symbol, and the step
  ///   that resolved it.
  public mutating func resolve(
    instrumentID: UInt32, day: Int
  ) -> (symbol: String, requested: String?, step: ResolutionStep) {
    let key = UInt64(instrumentID) << 32 | UInt64(UInt32(truncatingIfNeeded: day))
    let found: Resolution
    if let known = cache[key] {
      found = known
    } else {
      found = look(instrumentID, day)
      cache[key] = found
      note(found, day)
    }
    counts[found.step, default: 0] += 1
    return (found.symbol, found.requested, found.step)
  }

  /// What requested names stood for, as far as they were resolved; empty if there are too many.
  public var requestedNames: [RequestedName] { RequestedName.joined(named) }

  private mutating func note(_ found: Resolution, _ day: Int) {
    guard let requested = found.requested, !hasTooManyNames else { return }
    if named.count >= Self.namedCountMax {
      hasTooManyNames = true
      named = []
      return
    }
    for name in requested.split(separator: ",") {
      named.insert(
        RequestedName(name: String(name), symbol: found.symbol, days: day..<day + 1))
    }
  }

  /// Adds `count` to a step: for callers that reuse a cached resolution.
  public mutating func count(_ step: ResolutionStep, times count: Int) {
    counts[step, default: 0] += count
  }

  private func look(_ id: UInt32, _ day: Int) -> Resolution {
    let requested =
      streamRequests.latest(id, day) ?? requests.joined(id, day)
      ?? onlyRequest.flatMap { requests.isEmpty ? $0 : nil }
    func result(_ symbol: String, _ step: ResolutionStep) -> Resolution {
      Resolution(symbol: symbol, requested: requested, step: step)
    }
    if let symbol = symbols.only(id, day) { return result(symbol, .metadata) }
    if let symbol = streamSymbols.latest(id, day) { return result(symbol, .mappingRecord) }
    if let symbol = definedSymbol(id, day) { return result(symbol, .definition) }
    if let onlySymbol, !onlySymbolDays.contains(where: { $0.id != id && $0.days.contains(day) }) {
      return result(onlySymbol, .onlySymbol)
    }
    if id != 0 { return result("INSTRUMENT_\(id)", .instrumentID) }
    return result(Self.unknownSymbol, .unknown)
  }

  /// The raw symbol of the newest definition up to that day; of a later one only if all agree.
  private func definedSymbol(_ id: UInt32, _ day: Int) -> String? {
    guard let known = definitions[id] else { return nil }
    if let current = known.last(where: { $0.day <= day }) { return current.symbol }
    return known.allSatisfy({ $0.symbol == known[0].symbol }) ? known[0].symbol : nil
  }
}

// MARK: - Records with symbols

extension SymbolResolver {
  /// Processes a symbol mapping record; it applies from here on, within its own times.
  ///
  /// - Parameter record: The whole record, as `DBNScanner` found it.
  public mutating func observe(symbolMapping record: UnsafeRawBufferPointer, version: Int) {
    let layout = DBNFields.layout(.symbolMapping, version: version)
    guard record.count >= layout.byteCount, let base = record.baseAddress else { return }
    let id = base.loadLE(4, as: UInt32.self)
    let input = layout.text("stype_in_symbol", record)
    let output = layout.text("stype_out_symbol", record)
    let stypeIn = layout.byte("stype_in", record).flatMap { SType(rawValue: $0) }
    let stypeOut = layout.byte("stype_out", record).flatMap { SType(rawValue: $0) }
    let times = base.loadLE(layout.byteCount - 16, as: UInt64.self)
    let end = base.loadLE(layout.byteCount - 8, as: UInt64.self)
    let days = Self.days(from: times, until: end)
    let isOutputID = stypeOut == .instrumentID || output == String(id)
    let symbol = isOutputID ? (stypeIn == .rawSymbol || stypeIn == nil ? input : "") : output
    let isOutputRaw = isOutputID || stypeOut == .rawSymbol || stypeOut == nil
    guard isOutputRaw else { return }
    var isNew = false
    if !symbol.isEmpty { isNew = streamSymbols.addIfNew(id, days, symbol) }
    if !input.isEmpty, input != symbol, stypeIn != .rawSymbol {
      isNew = streamRequests.addIfNew(id, days, input) || isNew
    }
    if isNew { forget() }
  }

  /// Processes an instrument definition's raw symbol.
  ///
  /// - Parameter record: The whole record, as `DBNScanner` found it.
  public mutating func observe(definition record: UnsafeRawBufferPointer, version: Int) {
    let field = Self.rawSymbolFields[version - 1]
    guard record.count >= field.upperBound, let base = record.baseAddress else { return }
    let bytes = record[field].prefix { $0 != 0 }
    let symbol = String(validating: bytes, as: UTF8.self) ?? ""
    guard !symbol.isEmpty else { return }
    let id = base.loadLE(4, as: UInt32.self)
    let received = base.loadLE(16, as: UInt64.self)
    let time = received == .max ? base.loadLE(8, as: UInt64.self) : received
    let day = Int(time / UInt64(CivilDate.nanosecondsPerDay))
    var known = definitions[id] ?? []
    if let index = known.lastIndex(where: { $0.day <= day }), known[index].symbol == symbol {
      return
    }
    let position = known.firstIndex { $0.day > day } ?? known.count
    known.insert((day, symbol), at: position)
    definitions[id] = known
    forget()
  }

  /// Location of `raw_symbol` in a definition, by version.
  private static let rawSymbolFields: [Range<Int>] = (1...DBNFields.versionMax).map { version in
    let fields = DBNFields.layout(.definition, version: version).fields
    guard let field = fields.first(where: { $0.name == "raw_symbol" }) else { return 0..<0 }
    return field.offset..<field.offset + field.form.byteCount
  }

  private mutating func forget() {
    generation += 1
    cache.removeAll(keepingCapacity: true)
  }

  private static func days(from start: UInt64, until end: UInt64) -> Range<Int> {
    let nanosecondsPerDay = UInt64(CivilDate.nanosecondsPerDay)
    let first = start == .max ? 0 : Int(start / nanosecondsPerDay)
    let after = end == .max || end == 0 ? Int.max : Int((end - 1) / nanosecondsPerDay) + 1
    return first..<max(first, after)
  }
}

extension MappingInterval {
  /// UTC days since 1970-01-01; empty if the dates are reversed.
  fileprivate var days: Range<Int> {
    startDate.daysSinceEpoch..<max(startDate.daysSinceEpoch, endDate.daysSinceEpoch)
  }
}

/// Symbols of instruments, by day.
private struct SymbolTimeline: Sendable {
  private var intervals: [UInt32: [(days: Range<Int>, name: String)]] = [:]

  var isEmpty: Bool { intervals.isEmpty }

  mutating func add(_ id: UInt32, _ days: Range<Int>, _ name: String) {
    intervals[id, default: []].append((days, name))
  }

  /// Adds a symbol unless it was the last one added.
  mutating func addIfNew(_ id: UInt32, _ days: Range<Int>, _ name: String) -> Bool {
    if let last = intervals[id]?.last, last.days == days, last.name == name { return false }
    add(id, days, name)
    return true
  }

  /// Sorts the intervals, so that the result of joining does not depend on the order in the file.
  mutating func sort() {
    for id in intervals.keys {
      intervals[id]?.sort { ($0.days.lowerBound, $0.name) < ($1.days.lowerBound, $1.name) }
    }
  }

  private func names(_ id: UInt32, _ day: Int) -> [String] {
    var names: [String] = []
    for interval in intervals[id] ?? [] where interval.days.contains(day) {
      if !names.contains(interval.name) { names.append(interval.name) }
    }
    return names
  }

  /// The symbol of that day; nil if there is none or more than one.
  func only(_ id: UInt32, _ day: Int) -> String? {
    let names = names(id, day)
    return names.count == 1 ? names[0] : nil
  }

  /// All symbols of that day, joined with commas; nil if there are none.
  func joined(_ id: UInt32, _ day: Int) -> String? {
    let names = names(id, day)
    return names.isEmpty ? nil : names.joined(separator: ",")
  }

  /// The symbol added last that covers that day.
  func latest(_ id: UInt32, _ day: Int) -> String? {
    intervals[id]?.last { $0.days.contains(day) }?.name
  }
}

extension RecordLayout {
  fileprivate func text(_ name: String, _ record: UnsafeRawBufferPointer) -> String {
    guard let field = fields.first(where: { $0.name == name }) else { return "" }
    let bytes = record[field.offset..<field.offset + field.form.byteCount].prefix { $0 != 0 }
    return String(validating: bytes, as: UTF8.self) ?? ""
  }

  fileprivate func byte(_ name: String, _ record: UnsafeRawBufferPointer) -> UInt8? {
    fields.first { $0.name == name }.map { record[$0.offset] }
  }
}
