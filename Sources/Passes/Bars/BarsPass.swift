import Catalog
import Columnar
import DeltaLog
import Market
import Platform
import Tables

/// Makes bars of tables of ticks: trades, or quotes and books with the trades among them.
///
/// Only trades count (action T). The first and last trade of a bar are those by (ts_event, sequence).
public final class BarsPass {
  static let name = "bars"
  /// Raise it when equal inputs give other results.
  static let version = 1
  /// What is made where no interval is asked for.
  public static let defaultIntervals = ["1m"]

  /// Properties of a table of bars that say what it is made from.
  enum Property {
    static let interval = "lake.pass.interval"
    static let others = "lake.pass.with"
    static let session = "lake.pass.session"
    static let calendar = "lake.pass.calendar"
    static let clock = "lake.pass.clock"
    static let consolidate = "lake.pass.consolidate"
    static let plain = "lake.pass.plain"
  }

  /// Which of a trade's times decides to which bar it belongs.
  public enum Clock: String, Sendable, CaseIterable {
    /// The exchange's, which the sessions are by.
    case event = "ts_event"
    /// When the vendor received it, by which Databento's own bars are made.
    case received = "ts_recv"
  }

  /// What is made, and with how many threads.
  public struct Options: Sendable {
    /// Like `1m`; each divides a day.
    public var intervals: [String] = BarsPass.defaultIntervals
    /// Further tables whose trades are in the same bars.
    public var others: [String] = []
    /// The hours in which trades count.
    public var session = TradeSession.all
    /// Whose sessions; nil for those of the dataset.
    public var calendar: String?
    /// Which time counts.
    public var clock = Clock.event
    /// Whether all publishers of a symbol are one.
    public var isConsolidated = false
    /// Whether bars have the vendor's columns alone, without count, average price and session date.
    public var isPlain = false
    /// Name of the one output, instead of the default.
    public var output: TableName?
    /// Dates that are made at once.
    public var jobs = Parallel.width

    /// Bars of a minute of all trades, under the default name.
    public init() {}
  }

  /// What came of a run.
  public struct Report: Sendable {
    /// What was made; one output an interval of the plan.
    public var work: DeriveReport
    /// What became of the records that were read.
    package var tally: TradeTally
    /// Dates that were read and gave no bar.
    public var datesWithoutTrades: [String]
    /// Records that were read.
    public var recordCount: Int { tally.recordCount }
  }

  /// What will be made.
  public struct Plan: Sendable {
    /// The tables that are read.
    public var sources: [TableName]
    /// What is made, one output an interval.
    public var work: DerivePlan
    /// By output.
    public var intervals: [String]
    let job: BarsJob
  }

  private let lake: Lake
  private let options: Options
  private let observer: any PassObserver
  private let snapshots: SnapshotCache
  private let names: [TableName]

  /// - Parameters:
  ///   - table: Name of the table of ticks.
  ///   - snapshots: Shared with other passes of a run, so that each log is read once.
  /// - Throws: `PassError.usage` where `options.output` names one table for several intervals; `CatalogError`
  ///   where there is no such table.
  public init(
    lake: Lake, table: String, options: Options, observer: any PassObserver = NoObserver(),
    snapshots: SnapshotCache = SnapshotCache()
  ) throws {
    self.lake = lake
    self.options = options
    self.observer = observer
    self.snapshots = snapshots
    var names: [TableName] = []
    for text in [table] + options.others {
      let name = try lake.requireTable(named: text)
      if !names.contains(name) { names.append(name) }
    }
    self.names = names
    if options.output != nil, options.intervals.count != 1 {
      throw PassError(
        .usage, "--as names one table, and \(options.intervals.count) intervals are asked for",
        remedy: "--to with one interval")
    }
  }

  /// Whether bars can be made of a table.
  public static func holdsTrades(_ table: LakeTable, in lake: Lake) throws -> Bool {
    guard let schema = try table.schema(of: try table.snapshot(), in: lake) else { return false }
    return TradeColumns(schema, usesIndex: false) != nil
  }

  // MARK: - Plan

  /// One of the tables that are read.
  private struct Source {
    let name: TableName
    let snapshot: Snapshot
    let schema: TableSchema
    let input: TradeInput
    let zone: String
    var dataset: String? { snapshot.configuration[TableProperty.dataset] }
  }

  /// Compares every date of every output with the sources.
  ///
  /// - Parameter due: Dates of input tables that will be made before the plan runs.
  /// - Throws: Where a table holds no trades, or an interval or session cannot be made of it.
  public func plan(
    _ choice: UnitChoice = UnitChoice(), due: [TableName: Set<String>] = [:]
  ) throws -> Plan {
    let sources = try names.map { try source($0) }
    try requireSame(sources)
    let zone = sources[0].zone
    let staging = StagingSession(root: lake.root)
    let calendar = try options.calendar.map { try ExchangeCalendar.named($0, in: lake) }
    let hours = try BarHours.hours(
      options.session, calendar: calendar, dataset: sources[0].dataset,
      zone: try TimeZoneRules.named(zone), lake: lake, place: sources[0].name.description)
    var targets: [(table: StagedTarget, cut: TradeBars.Cut, text: String)] = []
    var intervals: [String] = []
    for text in options.intervals {
      let interval = try BarHours.interval(text)
      let definition = try definition(interval, sources)
      targets.append(
        (
          try StagedTarget(definition, lake: lake, staging: staging, snapshots: snapshots),
          interval >= .day ? .day : .interval(interval.nanoseconds),
          Self.text(definition, hours)
        ))
      intervals.append(interval.name)
    }
    let job = BarsJob(
      sources.map(\.input), targets: targets,
      rules: BarRules(hours: hours, isConsolidated: options.isConsolidated),
      zone: try TimeZoneRules.named(zone), staging: staging, observer: observer)
    return Plan(
      sources: names, work: try DerivePlan(job, choice: choice, due: due), intervals: intervals,
      job: job)
  }

  private func source(_ name: TableName) throws -> Source {
    let table = lake.table(name)
    let snapshot = try snapshots.snapshot(table)
    guard let schema = try table.schema(of: snapshot, in: lake),
      let columns = TradeColumns(schema, usesIndex: options.clock == .received)
    else {
      let kind = snapshot.configuration[TableProperty.schema] ?? "rows of another writer"
      throw PassError(
        .input, "'\(name)' holds \(kind), and bars are made of trades", place: table.path,
        remedy:
          "lake tables shows which tables hold trades, tbbo, mbp-1 or mbo; lake resample takes bars"
      )
    }
    for field in [columns.price, columns.size] where field.type.storage != .integers {
      throw PassError(
        .input, "column '\(field.name)' is \(field.type.name), which bars do not hold",
        place: table.path, remedy: "a table of prices with at most nine decimals")
    }
    let input = try StoredInput(name, snapshot: snapshot, root: table.path, schema: schema)
    return Source(
      name: name, snapshot: snapshot, schema: schema,
      input: TradeInput(stored: input, columns: columns),
      zone: snapshot.configuration[TableProperty.partitionTimezone] ?? "UTC")
  }

  /// Refuses tables whose trades mean different things.
  private func requireSame(_ sources: [Source]) throws {
    for source in sources.dropFirst() {
      let first = sources[0]
      let (what, one, other): (String, String, String)
      if source.zone != first.zone {
        (what, one, other) = ("dates", source.zone, first.zone)
      } else if source.input.columns.size.type != first.input.columns.size.type {
        (what, one, other) = (
          "sizes", source.input.columns.size.type.name, first.input.columns.size.type.name
        )
      } else if source.input.columns.price.type != first.input.columns.price.type {
        (what, one, other) = (
          "prices", source.input.columns.price.type.name, first.input.columns.price.type.name
        )
      } else {
        continue
      }
      throw PassError(
        .usage, "the \(what) of '\(source.name)' are \(one), those of '\(first.name)' \(other)",
        remedy: "make a table of bars of each")
    }
  }

  private func definition(_ interval: Interval, _ sources: [Source]) throws -> TableDefinition {
    let first = sources[0]
    let name =
      options.output
      ?? Self.tableName(first.name, interval: interval.name, session: options.session)
    var properties = [
      TableProperty.pass: Self.name, TableProperty.source: first.name.description,
      Property.interval: interval.name,
    ]
    if sources.count > 1 {
      properties[Property.others] = names.dropFirst().map(\.description).joined(separator: ",")
    }
    if options.session != .all { properties[Property.session] = options.session.rawValue }
    properties[Property.calendar] = options.calendar
    if options.clock != .event { properties[Property.clock] = options.clock.rawValue }
    if options.isConsolidated { properties[Property.consolidate] = "true" }
    if options.isPlain { properties[Property.plain] = "true" }
    return TableDefinition(
      name, schema: try schema(interval, of: first.schema), timezone: first.zone,
      dataset: first.dataset, properties: properties)
  }

  /// The kind of the vendor's own bars where its trades have one of their own, else bars with count and average price.
  private func schema(_ interval: Interval, of source: TableSchema) throws -> TableSchema {
    if source.kind.hasSuffix("-trades") {
      let kind = source.kind.dropLast("trades".count) + "bars-" + interval.name
      return try TableSchema.named(String(kind), in: lake)
    }
    return try TableSchema.named((options.isPlain ? "ohlcv-" : "bars-") + interval.name, in: lake)
  }

  /// Everything but the inputs that determines the result.
  private static func text(_ definition: TableDefinition, _ hours: TradeSessions.Hours) -> String {
    let own = [
      Property.session, Property.calendar, Property.clock, Property.consolidate,
    ].compactMap { name in definition.configuration[name].map { "\(name)=\($0)" } }
    return ([definition.schema.kind] + own + [hours.source]).joined(separator: " ")
  }

  /// The default name of a table of bars.
  static func tableName(
    _ source: TableName, interval: String, session: TradeSession
  ) -> TableName {
    TableName.bars(
      from: source, interval: session == .all ? interval : "\(interval)_\(session.rawValue)")
  }

  // MARK: - Compute and commit

  /// Carries out a plan of this pass. A date that fails does not affect the others.
  public func run(_ plan: Plan) throws -> Report {
    try LakeCleaning.removeDeadRuns(lake, observer: observer)
    defer { plan.job.finish() }
    let work = try DeriveEngine(plan.job, plan: plan.work, observer: observer)
      .run(jobs: options.jobs)
    return Report(
      work: work, tally: plan.job.tally, datesWithoutTrades: plan.job.datesWithoutTrades)
  }
}
