import Catalog
import Databento
import Glibc
import HTTP
import Ingest
import Ledger
import Market
import Tables

/// Databento's historical data as a source of the download pass: streamed, unit by unit.
public struct DatabentoDownload: DownloadSource {
  /// Symbols per request at most.
  public static let groupMax = 500

  private let client: DatabentoClient
  /// The batch jobs with the files; nil to stream.
  private let batch: DatabentoBatch?

  /// Streams each unit, or takes its files from a batch job.
  public init(_ client: DatabentoClient, batch: DatabentoBatch? = nil) {
    self.client = client
    self.batch = batch
  }

  /// Downloads the data of a unit.
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
      // The estimate was for several symbols.
      fetched.costNanoUSD = try unit.costNanoUSD ?? client.cost(query)
      // Requested first, so that a failing request loses nothing that was paid for.
      fetched.announced = try client.announcedCount(query)
      try spool.willBuy(costNanoUSD: fetched.costNanoUSD)
      let response = try client.getRange(
        query, begin: { try spool.restart() }, body: { try spool.append($0) })
      fetched.byteCount = spool.byteCount
      fetched.requestID = response.headers["request-id"] ?? response.headers["x-request-id"]
      return fetched
    }
  }

  /// The raw symbols for a query's answer, if its header will not have them: it maps requested symbols to
  /// instrument ids, which names no contract for a continuous symbol or an id.
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

  /// nil: ingest reads DBN itself.
  public func rows(of unit: DownloadUnit) -> BodyReader? { nil }

  /// The default settings: ingest knows DBN files.
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

  /// Converts the vendor's refusals to `DownloadRefusal`, from which the pass can go on.
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
