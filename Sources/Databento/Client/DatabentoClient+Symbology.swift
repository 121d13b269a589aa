import Columnar
import HTTP
import JSON
import Market

/// The resolution of symbols, by date.
public struct SymbolResolution: Hashable, Sendable {
  /// The meaning of a symbol in a half-open range of dates.
  public struct Mapping: Hashable, Sendable {
    /// The first day.
    public var start: CivilDate
    /// The day after the last.
    public var end: CivilDate
    /// The symbol in the requested type.
    public var symbol: String

    /// A symbol's meaning for some days.
    public init(start: CivilDate, end: CivilDate, symbol: String) {
      self.start = start
      self.end = end
      self.symbol = symbol
    }
  }

  /// In the order of the answer.
  public var mappings: [(symbol: String, intervals: [Mapping])]
  /// Symbols that resolve on some of the dates.
  public var partial: [String]
  /// Symbols that resolve on none.
  public var notFound: [String]

  /// Whether both resolve the same symbols to the same.
  public static func == (left: SymbolResolution, right: SymbolResolution) -> Bool {
    left.mappings.elementsEqual(right.mappings, by: ==) && left.partial == right.partial
      && left.notFound == right.notFound
  }

  /// Hashes what `==` compares.
  public func hash(into hasher: inout Hasher) {
    for mapping in mappings {
      hasher.combine(mapping.symbol)
      hasher.combine(mapping.intervals)
    }
    hasher.combine(partial)
    hasher.combine(notFound)
  }
}

extension DatabentoClient {
  /// The types that users ask by.
  static let usualTypes: [SType] = [.rawSymbol, .parent, .continuous, .instrumentID]

  /// Resolves symbols for some dates. Free.
  ///
  /// - Parameter dates: UTC, half-open.
  public func resolve(
    dataset: String, symbols: [String], stypeIn: SType, stypeOut: SType = .instrumentID,
    dates: Range<CivilDate>
  ) throws -> SymbolResolution {
    let method = "symbology.resolve"
    let answer = try post(
      method,
      [
        ("dataset", dataset), ("symbols", symbols.joined(separator: ",")),
        ("stype_in", stypeIn.name), ("stype_out", stypeOut.name),
        ("start_date", dates.lowerBound.iso), ("end_date", dates.upperBound.iso),
      ])
    guard let result = answer["result"]?.object else {
      throw badAnswer(method, "'result' should be an object")
    }
    let mappings = try result.members.map { member in
      (symbol: member.key, intervals: try (member.value.array ?? []).map { try mapping($0) })
    }
    return SymbolResolution(
      mappings: mappings, partial: (answer["partial"]?.array ?? []).compactMap(\.string),
      notFound: (answer["not_found"]?.array ?? []).compactMap(\.string))
  }

  private func mapping(_ value: JSONValue) throws(DatabentoError) -> SymbolResolution.Mapping {
    // 'd0', 'd1' and 's' are the current names in the answer; the longer ones are older.
    guard let start = (value["d0"] ?? value["start_date"])?.string.flatMap({ CivilDate(iso: $0) }),
      let end = (value["d1"] ?? value["end_date"])?.string.flatMap({ CivilDate(iso: $0) }),
      let symbol = (value["s"] ?? value["symbol"])?.string
    else { throw badAnswer("symbology.resolve", "an interval should have 'd0', 'd1' and 's'") }
    return .init(start: start, end: end, symbol: symbol)
  }

  /// The error for symbols that do not resolve, suggesting a type with which they would.
  ///
  /// It tries the other types, which is free; if that fails, the form of the symbols decides.
  public func unresolved(_ symbols: [String], of query: DatabentoQuery) -> DatabentoError {
    let message = Self.noInstrument(symbols, query)
    let guess = Self.usualTypes.first { type in
      type != query.stypeIn && symbols.allSatisfy { Self.looks($0, like: type) }
    }
    let others = Self.usualTypes.filter { $0 != query.stypeIn }
    let ordered = others.filter { $0 == guess } + others.filter { $0 != guess }
    var hasAnswer = false
    for type in ordered where symbols.allSatisfy({ type != .instrumentID || UInt32($0) != nil }) {
      guard
        // Only a suggestion: if it fails, there is none.
        let found = try? resolve(
          dataset: query.dataset, symbols: symbols, stypeIn: type,
          stypeOut: type == .instrumentID ? .rawSymbol : .instrumentID, dates: query.dates)
      else { continue }
      hasAnswer = true
      if found.mappings.contains(where: { !$0.intervals.isEmpty }) {
        return DatabentoError(.unresolved, message, remedy: "--stype-in \(type.name) resolves it")
      }
    }
    if let families = families(of: symbols, query) {
      return DatabentoError(.unresolved, message, remedy: families)
    }
    let remedy =
      !hasAnswer && guess != nil
      ? "--stype-in \(guess?.name ?? "") has symbols of this form"
      : "check the spelling, and whether it was listed then"
    return DatabentoError(.unresolved, message, remedy: remedy)
  }

  /// If the names are roots of futures: the names that would fetch their contracts, all or the front one.
  ///
  /// `ES` is no instrument, but it is what most people try first.
  private func families(of symbols: [String], _ query: DatabentoQuery) -> String? {
    let areRoots = symbols.allSatisfy { symbol in
      (1...6).contains(symbol.utf8.count)
        && symbol.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
        && UInt32(symbol) == nil
    }
    guard areRoots else { return nil }
    func exist(_ names: [String], _ type: SType) -> Bool {
      // Only a suggestion, as above.
      let found = try? resolve(
        dataset: query.dataset, symbols: names, stypeIn: type, dates: query.dates)
      return found?.mappings.contains { !$0.intervals.isEmpty } ?? false
    }
    let (all, front) = (symbols.map { $0 + ".FUT" }, symbols.map { $0 + ".c.0" })
    // For the most common futures exchange they are suggested even if the vendor does not confirm them.
    let isKnown = query.dataset == "GLBX.MDP3"
    let hasAll = isKnown || exist(all, .parent)
    let hasFront = isKnown || exist(front, .continuous)
    var ways: [String] = []
    if hasAll {
      ways.append("--symbols \(all.joined(separator: ",")) --stype-in parent for all contracts")
    }
    if hasFront {
      ways.append(
        "--symbols \(front.joined(separator: ",")) --stype-in continuous for the front month")
    }
    return ways.isEmpty ? nil : ways.joined(separator: ", or ")
  }

  /// Whether a symbol looks like a type: `ES.FUT`, `ES.c.0`, `1234`, else a raw symbol.
  static func looks(_ symbol: String, like type: SType) -> Bool {
    let parts = symbol.split(separator: ".", omittingEmptySubsequences: false)
    let isParent = parts.count == 2 && ["FUT", "OPT", "SPOT"].contains(String(parts[1]))
    let isContinuous =
      parts.count == 3 && ["c", "n", "v"].contains(String(parts[1])) && UInt16(parts[2]) != nil
    let isNumber = UInt32(symbol) != nil
    switch type {
    case .parent: return isParent
    case .continuous: return isContinuous
    case .instrumentID: return isNumber
    default: return !isParent && !isContinuous && !isNumber
    }
  }

  /// Runs a request, replacing the vendor's "cannot be resolved" by a more helpful error.
  func explaining<Result>(_ query: DatabentoQuery, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as HTTPError where error.code == .rejected && Self.isUnresolved(error) {
      if isUnlisted(query) {
        throw DatabentoError(
          .unlisted, Self.noInstrument(query.symbols, query),
          remedy: families(of: query.symbols, query)
            ?? "check the spelling, and whether it was listed then")
      }
      throw unresolved(query.symbols, of: query)
    }
  }

  /// Whether the names have a valid form, but no instrument has any of them in the range. Free.
  private func isUnlisted(_ query: DatabentoQuery) -> Bool {
    // A name of another form suggests a wrong type.
    guard !query.symbols.isEmpty,
      query.symbols.allSatisfy({ Self.looks($0, like: query.stypeIn) }),
      // If this fails, the original refusal is reported.
      let found = try? resolve(
        dataset: query.dataset, symbols: query.symbols, stypeIn: query.stypeIn,
        stypeOut: query.stypeIn == .instrumentID ? .rawSymbol : .instrumentID, dates: query.dates)
    else { return false }
    return found.mappings.allSatisfy(\.intervals.isEmpty)
      && Set(found.notFound).isSuperset(of: query.symbols)
  }

  private static func noInstrument(_ symbols: [String], _ query: DatabentoQuery) -> String {
    let named = symbols.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
    let more = symbols.count > 5 ? " and \(symbols.count - 5) more" : ""
    return "no instrument of '\(query.dataset)' has the \(query.stypeIn.name) \(named)\(more)"
      + " in this range"
  }

  private static func isUnresolved(_ error: HTTPError) -> Bool {
    if let name = error.vendorCase { return name.hasPrefix("symbology_") }
    let words = error.vendorMessage?.lowercased() ?? ""
    return words.contains("could not be resolved") || words.contains("could be resolved")
      || words.contains("not resolve")
  }
}
