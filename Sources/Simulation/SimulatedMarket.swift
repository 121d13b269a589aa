// A simulated market: the plan of a simulation and its files.

import Columnar
import Databento
import Market

/// The parameters of a simulation.
public struct SimulationOptions: Sendable {
  /// The first day, UTC.
  public var start: CivilDate
  /// Number of trading days; weekends are skipped and do not count.
  public var dayCount: Int
  /// The schemas to write for each day.
  public var schemas: [RecordKind]
  /// Symbols of stocks, or of futures; empty for a default list.
  public var symbols: [String]
  /// The dataset; nil to derive it from the symbols: `GLBX.MDP3` for futures, else `EQUS.MINI`.
  public var dataset: String?
  /// Random seed: the same seed gives the same bytes.
  public var seed: UInt64
  /// Approximate number of mbp-1 records of a full day; nil for the default activity.
  public var rowsPerDay: Int?
  /// Activity relative to the default one, in units of 1/1024.
  public var intensity: Int
  /// Output folder; empty for the working directory.
  public var directory: String
  /// Whether existing files are replaced.
  public var overwrites: Bool

  /// Definitions and one-second bars, with the default symbols and activity.
  public init(start: CivilDate, dayCount: Int, directory: String) {
    self.start = start
    self.dayCount = dayCount
    self.directory = directory
    schemas = [.definition, .ohlcv1s]
    symbols = []
    seed = 1
    intensity = 1024
    overwrites = false
  }
}

/// One output file of a simulation.
public struct SimulatedFile: Hashable, Sendable {
  /// Path of the file.
  public let path: String
  /// The day, UTC.
  public let date: CivilDate
  /// Schema of its records.
  public let schema: RecordKind
  /// Number of records; 0 until it is written.
  public internal(set) var recordCount = 0
}

/// A deterministic market simulator: the same seed gives the same bytes.
///
/// Each day is generated from the seed, the symbol and the date only: its files do not depend on other days,
/// other schemas or the number of threads. Quotes move on the tick grid; trades happen at the quotes; bars are
/// aggregated from those trades.
public struct SimulatedMarket: Sendable {
  /// Most days of a simulation.
  public static let dayCountMax = 3660
  /// Most symbols of a simulation.
  public static let symbolCountMax = 4096
  /// The supported schemas.
  public static let schemas: [RecordKind] = [
    .definition, .status, .mbp1, .tbbo, .trades, .ohlcv1s, .ohlcv1m, .ohlcv1h, .ohlcv1d,
  ]

  /// The parameters as given.
  public let options: SimulationOptions
  /// The dataset, such as `EQUS.MINI`.
  public let dataset: String
  /// The output files, by date, then in the order of the schemas.
  public let files: [SimulatedFile]
  let instruments: [SimulatedInstrument]
  let hours: TradingHours
  let publisherID: UInt16

  /// - Throws: `DBNError` for invalid parameters.
  public init(_ options: SimulationOptions) throws(DBNError) {
    try Self.check(options)
    let symbols = try Self.symbols(options)
    dataset = try Self.dataset(options, symbols)
    let isFutures = dataset == "GLBX.MDP3"
    hours = isFutures ? .futures : .equities
    publisherID = Publisher.first(ofDataset: dataset) ?? 0
    instruments = Self.instruments(symbols, isFutures: isFutures)
    var files: [SimulatedFile] = []
    var date = options.start
    var dayCount = 0
    let prefix = dataset.lowercased().split(separator: ".").joined(separator: "-")
    while dayCount < options.dayCount {
      defer { date = CivilDate(daysSinceEpoch: date.daysSinceEpoch + 1) }
      if hours.phases(on: date).isEmpty { continue }
      dayCount += 1
      let day = date.iso.split(separator: "-").joined()
      for schema in options.schemas {
        let name = "\(prefix)-\(day).\(schema.rawValue).dbn.zst"
        let path = options.directory.isEmpty ? name : options.directory + "/" + name
        files.append(SimulatedFile(path: path, date: date, schema: schema))
      }
    }
    self.files = files
    self.options = options
  }

  private static func check(_ options: SimulationOptions) throws(DBNError) {
    func refuse(_ message: String, _ remedy: String? = nil) -> DBNError {
      DBNError(.unsupported, message, remedy: remedy)
    }
    guard (1...dayCountMax).contains(options.dayCount) else {
      throw refuse("\(options.dayCount) days; 1 to \(dayCountMax) can be simulated")
    }
    guard (1970...2200).contains(options.start.year) else {
      throw refuse("simulations start between 1970 and 2200, not on \(options.start.iso)")
    }
    for schema in options.schemas where !schemas.contains(schema) {
      throw refuse(
        "'\(schema.rawValue)' can't be simulated",
        "one of " + schemas.map(\.rawValue).joined(separator: ", "))
    }
    guard !options.schemas.isEmpty, Set(options.schemas).count == options.schemas.count else {
      throw refuse("each schema is named once", "--schema ohlcv-1s,trades")
    }
    guard options.symbols.count <= symbolCountMax else {
      throw refuse("\(options.symbols.count) symbols; at most \(symbolCountMax) are simulated")
    }
  }

  private static func symbols(_ options: SimulationOptions) throws(DBNError) -> [String] {
    let standard =
      options.dataset == "GLBX.MDP3"
      ? ["ESH4", "NQH4", "CLH4", "GCJ4"]
      : ["SPY", "QQQ", "AAPL", "MSFT", "NVDA", "AMZN", "META", "TSLA"]
    let symbols = options.symbols.isEmpty ? standard : options.symbols
    guard Set(symbols).count == symbols.count else {
      throw DBNError(.unsupported, "a symbol is named twice")
    }
    for symbol in symbols {
      let isPlain = symbol.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2C }
      guard isPlain, (1...20).contains(symbol.utf8.count) else {
        throw DBNError(
          .unsupported, "symbol '\(symbol)': 1 to 20 ASCII characters without spaces are needed")
      }
    }
    return symbols
  }

  private static func dataset(
    _ options: SimulationOptions, _ symbols: [String]
  ) throws(DBNError) -> String {
    if let dataset = options.dataset {
      guard Publisher.first(ofDataset: dataset) != nil else {
        throw DBNError(
          .unsupported, "dataset '\(dataset)' is unknown", remedy: "EQUS.MINI or GLBX.MDP3")
      }
      return dataset
    }
    let futures = symbols.filter(SimulatedInstrument.isFutureSymbol)
    if futures.isEmpty { return "EQUS.MINI" }
    if futures.count == symbols.count { return "GLBX.MDP3" }
    throw DBNError(
      .unsupported, "'\(futures[0])' looks like a future, other symbols don't",
      remedy: "--dataset GLBX.MDP3 or --dataset EQUS.MINI")
  }

  /// Ids are hashes of the symbols, so that adding symbols does not change them; collisions take the next free
  /// id.
  private static func instruments(
    _ symbols: [String], isFutures: Bool
  ) -> [SimulatedInstrument] {
    var taken: Set<UInt32> = []
    var ids: [String: UInt32] = [:]
    for symbol in symbols.sorted() {
      var id = UInt32(1 + SimulatorRandom.mix(SimulatorRandom.hash(symbol)) % 999_983)
      while !taken.insert(id).inserted { id += 1 }
      ids[symbol] = id
    }
    return symbols.enumerated().map { rank, symbol in
      SimulatedInstrument(
        symbol: symbol, isFuture: isFutures, id: ids[symbol] ?? 0, rank: rank)
    }
  }
}
