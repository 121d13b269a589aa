import Catalog
import Columnar
import HTTP
import Ingest
import Ledger
import Market
import Massive
import RowSources
import Tables

/// Massive's data as a source of the download pass: a unit's `schema` is the record kind of its table
/// (`MassiveKind.schemaKind`), its symbols are tickers, or underlyings of contracts.
public struct MassiveDownload: DownloadSource {
  private let client: MassiveClient
  private let isAdjusted: Bool
  private let contractFilter: ContractQuery?
  /// Zone of the partition dates and of the days of requests.
  private let zone: TimeZoneRules

  /// - Parameters:
  ///   - isAdjusted: Whether bars are adjusted for splits; these have tables of their own.
  ///   - contractFilter: Limits lists of contracts; its underlying and date are the unit's.
  public init(
    _ client: MassiveClient, isAdjusted: Bool = false, contractFilter: ContractQuery? = nil
  ) throws {
    self.client = client
    self.isAdjusted = isAdjusted
    self.contractFilter = contractFilter
    zone = try TimeZoneRules.named(MassiveKind.timeZone)
  }

  /// Downloads the pages of a unit.
  public func fetch(_ unit: DownloadUnit, into spool: BodySpool) throws -> FetchedUnit {
    let kind = try kind(of: unit)
    return try Self.refusing {
      try spool.restart()
      var fetched = FetchedUnit()
      var recordCount = 0
      for symbol in unit.symbols {
        let summary = try fetch(kind, symbol, unit.interval) { try spool.append($0) }
        recordCount += summary.recordCount
        fetched.requestID = fetched.requestID ?? summary.requestIDs.first
        if summary.isDelayed { fetched.reason = "delayed, as the plan has it" }
      }
      fetched.byteCount = spool.byteCount
      // An article has one row per ticker, so the counts differ.
      if kind != .news { fetched.announced = recordCount...recordCount }
      if recordCount == 0 && !unit.isOpen {
        fetched.state = .empty
        fetched.reason = "the vendor has nothing there"
      }
      return fetched
    }
  }

  private func fetch(
    _ kind: MassiveKind, _ symbol: String, _ interval: Range<Int64>,
    _ spool: MassiveClient.Spool
  ) throws -> FetchSummary {
    switch kind {
    case .bars(_, let span):
      return try client.fetchBars(barQuery(symbol, span, interval), into: spool)
    case .optionContracts:
      var query = contractFilter ?? ContractQuery(underlying: symbol, asOf: date(interval))
      query.underlying = symbol
      query.asOf = date(interval)
      return try client.fetchContracts(query, into: spool)
    case .openClose:
      return try client.fetchOpenClose(
        symbol, on: date(interval), isAdjusted: isAdjusted, into: spool)
    case .news:
      let ticker = symbol == CoverageLedger.allSymbols ? nil : symbol
      return try client.fetchNews(NewsQuery(ticker: ticker, interval: interval), into: spool)
    }
  }

  /// Reads the pages' rows.
  public func rows(of unit: DownloadUnit) -> BodyReader? {
    // A unit of an unknown kind is refused when it is fetched, before anything is read.
    guard let kind = try? kind(of: unit) else { return nil }
    let isBars = if case .bars(let market, _) = kind { market != .indices } else { false }
    let symbol =
      unit.symbols.count == 1 && unit.symbols != [CoverageLedger.allSymbols]
      ? unit.symbols[0] : nil
    let context = PageContext(
      symbol: symbol,
      asOf: zone.startOfDay(zone.localDay(nanoseconds: unit.interval.lowerBound)) * 1_000_000_000,
      scope: scope(kind, symbol, unit.interval))
    return BodyReader { supply, schema in
      try MassiveSource(
        supply: supply, path: unit.name, kind: kind.pageKind, schema: schema, context: context,
        isAdjusted: isBars ? isAdjusted : nil)
    }
  }

  private func barQuery(
    _ symbol: String, _ span: BarSpan, _ interval: Range<Int64>
  ) -> BarQuery {
    BarQuery(ticker: symbol, span: span, interval: interval, isAdjusted: isAdjusted)
  }

  /// What the rows of a body may be; the client checked it already, and skips the same rows.
  private func scope(
    _ kind: MassiveKind, _ symbol: String?, _ interval: Range<Int64>
  ) -> PageScope? {
    switch kind {
    case .bars(_, let span): symbol.map { PageScope(barQuery($0, span, interval)) }
    case .news: PageScope(symbol: symbol, interval: interval)
    case .optionContracts, .openClose: nil
    }
  }

  /// The settings of the unit's table.
  public func table(of unit: DownloadUnit) -> TableSetting {
    // As above.
    let kind = try? kind(of: unit)
    return TableSetting(
      timeZone: MassiveKind.timeZone,
      properties: kind.map { MassiveTable.properties($0, isAdjusted: isAdjusted) } ?? [:])
  }

  private func kind(of unit: DownloadUnit) throws -> MassiveKind {
    if let kind = MassiveKind(schemaKind: unit.schema) { return kind }
    throw PassError(.usage, "'\(unit.schema)' is no record kind of Massive's")
  }

  private func date(_ interval: Range<Int64>) -> CivilDate {
    CivilDate(daysSinceEpoch: zone.localDay(nanoseconds: interval.lowerBound))
  }

  /// Converts the vendor's refusals to `DownloadRefusal`, from which the pass can go on.
  public static func refusing<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as HTTPError where error.code == .unauthorized || error.code == .rejected {
      throw DownloadRefusal(
        error.code == .unauthorized ? .unauthorized : .rejected, error.message,
        place: error.placeText, remedy: error.remedy)
    } catch let error as MassiveError {
      let kind: DownloadRefusal.Kind
      switch error.code {
      case .notEntitled: kind = .notEntitled
      case .vendor, .usage: kind = .rejected
      case .foreignHost, .tooLarge: throw error
      default: kind = .badData
      }
      throw DownloadRefusal(
        kind, error.message, place: error.placeText, remedy: error.remedy)
    }
  }
}
