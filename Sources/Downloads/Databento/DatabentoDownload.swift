import Catalog
import Databento
import Glibc
import HTTP
import Ingest
import Ledger
import Market
import Tables

/// Databento's historical data, as the download pass needs it: streamed, unit by unit.
public struct DatabentoDownload: DownloadSource {
  /// Symbols that are asked for in one request.
  public static let groupMax = 500

  private let client: DatabentoClient
  /// Where files were prepared instead; nil streams.
  private let batch: DatabentoBatch?

  /// Asks a stream for each unit, or takes its files from a batch job.
  public init(_ client: DatabentoClient, batch: DatabentoBatch? = nil) {
    self.client = client
    self.batch = batch
  }

  /// Downloads what a unit asks for.
  public func fetch(_ unit: DownloadUnit, into spool: BodySpool) throws -> FetchedUnit {
    if let refusal = unit.refusal { throw refusal }
    return try Self.refusing {
      let query = try Self.query(unit)
      spool.instruments = try instruments(query)
      if let batch {
        let announced = try client.announcedCount(query)
        var fetched = try batch.fetch(unit, into: spool)
        fetched.announced = announced
        return fetched
      }
      var fetched = FetchedUnit()
      // What was estimated for several symbols is not what one of them costs.
      fetched.costNanoUSD = try unit.costNanoUSD ?? client.cost(query)
      // Asked first: what is paid for is not lost to a question that fails.
      fetched.announced = try client.announcedCount(query)
      try spool.willBuy(costNanoUSD: fetched.costNanoUSD)
      let response = try client.getRange(
        query, begin: { try spool.restart() }, body: { try spool.append($0) })
      fetched.byteCount = spool.byteCount
      fetched.requestID = response.headers["request-id"] ?? response.headers["x-request-id"]
      return fetched
    }
  }

  /// The raw symbols of what a query asks for, where the answer's header will not say them: it maps what
  /// was asked for to instrument ids, which names no contract for a continuous symbol or an id.
  private func instruments(_ query: DatabentoQuery) throws -> [InstrumentName] {
    guard query.stypeIn == .continuous || query.stypeIn == .instrumentID else { return [] }
    var ids = query.symbols
    if query.stypeIn == .continuous {
      let found = try client.resolve(
        dataset: query.dataset, symbols: query.symbols, stypeIn: .continuous, dates: query.dates)
      ids = Set(found.mappings.flatMap { $0.intervals.map(\.symbol) }).sorted()
    }
    if ids.isEmpty { return [] }
    let names = try client.resolve(
      dataset: query.dataset, symbols: ids, stypeIn: .instrumentID, stypeOut: .rawSymbol,
      dates: query.dates)
    return names.mappings.flatMap { mapping in
      guard let id = UInt32(mapping.symbol) else { return [InstrumentName]() }
      return mapping.intervals.compactMap { interval in
        let days =
          interval.start
          .daysSinceEpoch..<max(
            interval.start.daysSinceEpoch, interval.end.daysSinceEpoch)
        return interval.symbol.isEmpty
          ? nil : InstrumentName(instrumentID: id, days: days, symbol: interval.symbol)
      }
    }
  }

  /// DBN files, which ingest reads itself.
  public func rows(of unit: DownloadUnit) -> BodyReader? { nil }

  /// What ingest knows of DBN files.
  public func table(of unit: DownloadUnit) -> TableSetting { TableSetting() }

  static func query(_ unit: DownloadUnit) throws -> DatabentoQuery {
    guard let kind = RecordKind(rawValue: unit.schema), let type = SType(name: unit.symbolType)
    else {
      throw PassError(.usage, "'\(unit.schema)' or '\(unit.symbolType)' is unknown to the vendor")
    }
    return DatabentoQuery(
      dataset: unit.dataset, schema: kind,
      symbols: unit.symbols == [CoverageLedger.allSymbols] ? [] : unit.symbols, stypeIn: type,
      start: unit.interval.lowerBound, end: unit.interval.upperBound)
  }

  /// Turns what the vendor refuses into what the pass knows how to go on from.
  public static func refusing<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as HTTPError {
      throw refusal(error) ?? error
    } catch let error as DatabentoError where error.code == .unresolved {
      throw DownloadRefusal(
        .rejected, error.message, place: error.placeText, remedy: error.remedy)
    } catch let error as DatabentoError where error.code == .unlisted {
      throw DownloadRefusal(.empty, error.message, place: error.placeText, remedy: error.remedy)
    }
  }

  private static func refusal(_ error: HTTPError) -> DownloadRefusal? {
    let kind: DownloadRefusal.Kind
    if error.code == .unauthorized {
      kind = .unauthorized
    } else if DatabentoClient.isNotEntitled(error) {
      kind = .notEntitled
    } else if error.code == .rejected {
      kind = .rejected
    } else {
      return nil
    }
    return DownloadRefusal(
      kind, error.message, place: error.placeText, remedy: error.remedy)
  }
}
