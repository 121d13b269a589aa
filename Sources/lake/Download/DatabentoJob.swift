import Bytes
import Catalog
import Columnar
import CommandLineKit
import Databento
import Downloads
import HTTP
import Ledger
import Market
import Platform
import Query

/// `lake download databento`: validate, plan, quote, and only then buy.
struct DatabentoJob {
  private let order: DownloadOrder
  private let lake: Lake
  private let context: Context
  private let config: VendorConfig
  private let job: DownloadRun

  init(
    _ order: DownloadOrder, lake: Lake, context: Context, _ recorder: JobRecorder
  ) throws {
    self.order = order
    self.lake = lake
    self.context = context
    config = lake.config.vendor(.databento)
    job = DownloadRun(order, lake: lake, context: context, recorder)
  }

  /// The part of the download for one schema.
  private struct Part {
    var kind: RecordKind
    var plan: DownloadPlan
    var quote: DownloadQuote
    var interval: Range<Int64>
    var usesBatch = false
    /// Symbols that the vendor cannot resolve in the range, with its message.
    var unresolved: [String: any Error] = [:]
    var client: DatabentoClient
    var request: DownloadRequest
  }

  func run() throws -> ExitStatus {
    let dataset = try order.required(order.dataset, "dataset DATASET")
    let kinds = try kinds()
    let symbols = try order.requiredSymbols()
    let start = try order.required(order.start, "start TIME")
    let type = try symbolType()
    // Mistakes in the range are found without the vendor.
    _ = try job.interval(start: start, end: order.end, zone: .utc)
    let access = try job.access(.databento)
    let client = DatabentoClient(http: access.http, baseURL: access.baseURL, key: access.key)
    let (ledger, recovered) = try job.ledger(needsAll: config.monthCostMax != nil)
    var parts: [Part] = []
    var uncovered: [UsageError] = []
    for kind in kinds {
      try client.require(dataset: dataset, schema: kind)
      let range = try client.datasetRange(dataset: dataset).range(of: kind)
      let interval: Range<Int64>
      do {
        interval = try covered(start, range, dataset)
      } catch let error as UsageError where kinds.count > 1 {
        // Other schemas may cover more of the range.
        uncovered.append(error)
        continue
      }
      let found = try resolved(symbols, type, dataset, kind, interval, range, client)
      var part = try part(
        kind, dataset, found.symbols, type, interval, range.upperBound, ledger, client, length: nil)
      if usesBatch(part.quote) {
        // Batch files have one day each.
        part = try self.part(
          kind, dataset, found.symbols, type, interval, range.upperBound, ledger, client,
          length: .day)
        part.usesBatch = true
      }
      part.unresolved = found.unresolved
      parts.append(part)
    }
    if parts.isEmpty, let error = uncovered.first { throw error }
    for error in uncovered { context.report(error) }
    show(parts)
    if order.flags.isDryRun {
      job.printEstimate(
        requests: parts.flatMap(\.plan.units).count { $0.agreedCount == nil },
        costNanoUSD: parts.reduce(Int64(0)) { $0.adding(clamped: $1.quote.costNanoUSD) })
      let isRefused = parts.flatMap(\.plan.units).contains { $0.refusal?.kind == .rejected }
      let isWhole = parts.allSatisfy(\.unresolved.isEmpty) && uncovered.isEmpty
      return isWhole && !isRefused ? .done : .findings
    }
    try checkBudget(parts, ledger)
    var status = uncovered.isEmpty ? ExitStatus.done : .findings
    for part in parts {
      status = status.worse(try fetch(part, ledger, recovered))
      // An interruption or a failure (of the key, or of this machine) affects the remaining parts too.
      if status == .interrupted || status == .failed { break }
    }
    return status
  }

  // MARK: - The request

  private func kinds() throws -> [RecordKind] {
    let names =
      order.schemas.isEmpty ? [config.schema ?? VendorConfig.schemaDefault] : order.schemas
    return try names.map { name in
      guard let kind = RecordKind(rawValue: name), kind.isSchema else {
        let known = RecordKind.allCases.filter(\.isSchema).map(\.rawValue)
        throw UsageError(
          .badValue, "unknown schema '\(name)'",
          remedy: NearestNames.question(name, among: known)
            ?? "one of " + known.joined(separator: ", "), command: DownloadCommand.spec.name)
      }
      return kind
    }
  }

  private func symbolType() throws -> SType {
    let name = order.symbolType ?? "raw_symbol"
    guard let type = SType(name: name) else {
      throw UsageError(
        .badValue, "unknown symbol type '\(name)'", remedy: "--stype-in raw_symbol",
        command: DownloadCommand.spec.name)
    }
    return type
  }

  /// The part of the range that is covered by the dataset.
  private func covered(_ start: String, _ range: Range<Int64>, _ dataset: String) throws
    -> Range<Int64>
  {
    let asked = try job.interval(
      start: start, end: order.end, zone: .utc, now: max(range.upperBound, 1))
    let interval = asked.clamped(to: range)
    if interval.isEmpty {
      let side = asked.upperBound <= range.lowerBound ? "begins" : "ends"
      let edge = side == "begins" ? range.lowerBound : range.upperBound
      throw UsageError(
        .badValue,
        "nothing of \(job.text(asked)) is in '\(dataset)', which \(side) at \(job.text(edge))",
        remedy: "choose a range in \(job.text(range))", command: DownloadCommand.spec.name)
    }
    if asked.lowerBound < range.lowerBound {
      context.warn(
        "'\(dataset)' begins at \(job.text(range.lowerBound)): what is before it is left out")
    }
    return interval
  }

  /// The symbols that the vendor resolves; the others are reported with suggestions.
  ///
  /// A symbol listed only at another time is valid: it just has no data in the range.
  ///
  /// - Parameter range: The range of the vendor's data.
  private func resolved(
    _ symbols: [String], _ type: SType, _ dataset: String, _ kind: RecordKind,
    _ interval: Range<Int64>, _ range: Range<Int64>, _ client: DatabentoClient
  ) throws -> (symbols: [String], unresolved: [String: any Error]) {
    if symbols.contains(CoverageLedger.allSymbols) { return ([CoverageLedger.allSymbols], [:]) }
    func query(_ symbols: [String], _ interval: Range<Int64>) -> DatabentoQuery {
      DatabentoQuery(
        dataset: dataset, schema: kind, symbols: symbols, stypeIn: type,
        start: interval.lowerBound, end: interval.upperBound)
    }
    let unlisted = try notFound(query(symbols, interval), client)
    if unlisted.isEmpty { return (symbols, [:]) }
    let unknown = Set(try notFound(query(unlisted, range), client))
    if unknown.isEmpty { return (symbols, [:]) }
    let error = client.unresolved(
      symbols.filter(unknown.contains), of: query(Array(unknown), interval))
    if unknown.count == symbols.count { throw error }
    context.report(error)
    return (
      symbols.filter { !unknown.contains($0) },
      Dictionary(uniqueKeysWithValues: unknown.map { ($0, error) })
    )
  }

  /// The symbols of a query that the vendor cannot resolve in the query's range.
  private func notFound(_ query: DatabentoQuery, _ client: DatabentoClient) throws -> [String] {
    var unknown: Set<String> = []
    let (symbols, countMax) = (query.symbols, DatabentoQuery.symbolCountMax)
    for start in stride(from: 0, to: symbols.count, by: countMax) {
      let resolution = try client.resolve(
        dataset: query.dataset,
        symbols: Array(symbols[start..<min(start + countMax, symbols.count)]),
        stypeIn: query.stypeIn,
        stypeOut: query.stypeIn == .instrumentID ? .rawSymbol : .instrumentID, dates: query.dates)
      unknown.formUnion(resolution.notFound)
    }
    return symbols.filter(unknown.contains)
  }

  // MARK: - The plan

  private func part(
    _ kind: RecordKind, _ dataset: String, _ symbols: [String], _ type: SType,
    _ interval: Range<Int64>, _ availableEnd: Int64, _ ledger: CoverageLedger,
    _ client: DatabentoClient, length: DownloadCut.Length?
  ) throws -> Part {
    let bar = Interval.parse(kind.rawValue.split(separator: "-").last.map(String.init) ?? "")
    let isBars = kind.rawValue.hasPrefix("ohlcv")
    var end = availableEnd
    if isBars, let nanoseconds = bar?.nanoseconds {
      // Incomplete bars are not bought.
      end -= end % nanoseconds
    }
    let request = DownloadRequest(
      dataset: dataset, schema: kind.rawValue, symbols: symbols, symbolType: type.name,
      interval: interval,
      table: try job.table(or: TableName.raw(dataset: dataset, kind: kind.rawValue)),
      cut: DownloadCut(length ?? (isBars ? .month : .day), zone: .utc),
      groupMax: DatabentoDownload.groupMax, availableEnd: end)
    try lake.requireUsable(request.table)
    var selection = order.flags.selection
    let conditions = try conditions(dataset, interval, client)
    if order.flags.isRefreshing {
      selection.changed = changed(conditions, request, ledger)
    }
    var plan = DownloadPlan(request, ledger: ledger, selection: selection)
    plan.units = try ClaimCheck(lake: lake, client: client).settle(
      plan.units, width: order.flags.jobs)
    plan.mark(degraded: conditions.filter(\.isDegraded).map { Self.day($0.date) })
    let quote = try DownloadQuote.make(&plan.units, client: client, width: order.flags.jobs)
    return Part(
      kind: kind, plan: plan, quote: quote, interval: interval, client: client, request: request)
  }

  private static func day(_ date: CivilDate) -> Range<Int64> {
    let start = Int64(date.daysSinceEpoch) * CivilDate.nanosecondsPerDay
    return start..<start + CivilDate.nanosecondsPerDay
  }

  private func conditions(
    _ dataset: String, _ interval: Range<Int64>, _ client: DatabentoClient
  ) throws -> [DatasetCondition] {
    let day = CivilDate.nanosecondsPerDay
    let first = CivilDate(daysSinceEpoch: Int(interval.lowerBound / day))
    let last = CivilDate(daysSinceEpoch: Int((interval.upperBound - 1) / day))
    do {
      return try client.datasetCondition(dataset: dataset, dates: first...last)
    } catch let error as HTTPError where error.code == .rejected {
      // Some datasets have no condition record; their data is assumed to be complete.
      context.warn("no conditions of '\(dataset)' are to be had: " + error.message)
      return []
    }
  }

  /// Days that the vendor modified after they were downloaded.
  private func changed(
    _ conditions: [DatasetCondition], _ request: DownloadRequest, _ ledger: CoverageLedger
  ) -> [Range<Int64>] {
    conditions.compactMap { condition in
      guard let modified = condition.lastModified else { return nil }
      let day = Self.day(condition.date)
      let isOlder = request.symbols.contains { symbol in
        ledger.stretches(
          dataset: request.dataset, schema: request.schema, symbolType: request.symbolType,
          symbol: symbol, table: request.table.description
        ).contains {
          $0.interval.overlaps(day) && $0.state.isStored
            && $0.event.recordedAt < Self.day(modified).upperBound
        }
      }
      return isOlder ? day : nil
    }
  }

  private func usesBatch(_ quote: DownloadQuote) -> Bool {
    switch order.flags.batch {
    case "always": true
    case "never": false
    default: quote.billableByteCount >= config.batchByteCountMin
    }
  }

  // MARK: - The price

  private func show(_ parts: [Part]) {
    var table = TextTable([
      ("SCHEMA", .left), ("RANGE (UTC)", .left), ("REQUESTS", .right), ("RECORDS", .right),
      ("BYTES", .right), ("TIME", .right), ("USD", .right), ("HOW", .left),
    ])
    for part in parts {
      let units = part.plan.units.filter { $0.agreedCount == nil }
      let how =
        units.isEmpty ? "nothing is missing" : part.usesBatch ? "batch of files" : "streamed"
      table.add([
        part.kind.rawValue, job.text(part.interval), Quantity.count(units.count),
        Quantity.count(part.quote.recordCount), Quantity.bytes(part.quote.billableByteCount),
        Quantity.duration(part.quote.seconds), job.usd(part.quote.costNanoUSD), how,
      ])
      if context.isJSON {
        context.print(
          job.json([
            ("type", .string("estimate")), ("schema", .string(part.kind.rawValue)),
            ("start", .string(job.text(part.interval.lowerBound))),
            ("end", .string(job.text(part.interval.upperBound))),
            ("requests", .integer(units.count)), ("records", .integer(part.quote.recordCount)),
            ("bytes", .integer(part.quote.billableByteCount)),
            ("usd", .string(job.usd(part.quote.costNanoUSD))), ("batch", .boolean(part.usesBatch)),
          ]))
      }
      if context.isJSON { job.list(units) }
    }
    if context.isJSON { return }
    if order.flags.isDryRun { context.print(table) } else { context.say(table) }
    for unit in parts.flatMap(\.plan.units) where unit.agreedCount == nil {
      context.detail("\(unit.name)  USD \(job.usd(unit.costNanoUSD ?? 0))")
    }
    tellClaims(parts)
    tellRefusals(parts)
    if parts.contains(where: \.usesBatch) {
      context.say(
        "batch: the vendor prepares files, which can be fetched again for free for 30 days")
    }
  }

  /// Compares the counts that files claim with those of the vendor, and reports the result.
  private func tellClaims(_ parts: [Part]) {
    let units = parts.flatMap(\.plan.units)
    let agreed = units.compactMap(\.agreedCount)
    if !agreed.isEmpty {
      context.say(
        job.count(agreed.count, "interval") + " of files with as many rows as the vendor has ("
          + Quantity.count(agreed.reduce(0, +)) + "): nothing is bought")
    }
    let others = units.count { $0.isClaimed && $0.agreedCount == nil }
    if others > 0 {
      context.say(
        job.count(others, "interval")
          + " of files with another number of rows than the vendor has: "
          + "bought, and in the place of the files' rows")
    }
  }

  /// Reports the units that the vendor does not provide, and why.
  private func tellRefusals(_ parts: [Part]) {
    let refusals = parts.flatMap(\.plan.units).compactMap(\.refusal)
    func tell(_ kind: DownloadRefusal.Kind, _ words: String) {
      let own = refusals.filter { $0.kind == kind }
      guard let first = own.first else { return }
      context.say(job.count(own.count, "request") + " of these \(words): " + first.message)
    }
    tell(.notEntitled, "your plan does not include")
    tell(.empty, "the vendor has nothing for")
    tell(.rejected, "the vendor refuses")
  }

  private func checkBudget(_ parts: [Part], _ ledger: CoverageLedger) throws {
    let total = parts.reduce(Int64(0)) { $0.adding(clamped: $1.quote.costNanoUSD) }
    if let limit = order.costMax ?? config.costMax, total > limit {
      throw UsageError(
        .badValue, "this costs USD \(job.usd(total)), and USD \(job.usd(limit)) is the most",
        remedy: "a shorter range, fewer symbols, or --max-usd \(job.usd(total))",
        command: DownloadCommand.spec.name)
    }
    if let limit = config.monthCostMax {
      let spent = try ledger.withRequestsUnderWay(lake).spent()
      if spent + total > limit {
        throw UsageError(
          .badValue,
          "this costs USD \(job.usd(total)); with USD \(job.usd(spent)) spent this month that is "
            + "more than the monthly USD \(job.usd(limit))",
          remedy: "wait for the next month, or raise vendors.databento.usd_month_max",
          command: DownloadCommand.spec.name)
      }
    }
  }

  private func fetch(
    _ part: Part, _ ledger: CoverageLedger, _ recovered: [CoverageEvent]
  ) throws -> ExitStatus {
    var batch: DatabentoBatch?
    let wanted = part.plan.units.filter { $0.refusal == nil && $0.agreedCount == nil }
    if part.usesBatch, !wanted.isEmpty {
      let context = self.context
      let prepared = DatabentoBatch(
        part.client, lake: lake, isInterrupted: { context.isInterrupted },
        didWait: { context.detail($0) })
      for job in try prepared.submit(wanted) { context.say("batch job \(job)") }
      batch = prepared
    }
    return try job.fetch(
      part.plan, source: DatabentoDownload(part.client, batch: batch), ledger: ledger,
      recovered: recovered,
      symbols: part.request.symbols, unresolved: part.unresolved,
      announced: part.quote.recordCount)
  }
}
