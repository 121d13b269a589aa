import Catalog
import Market
import Tables

extension BarsPass {
  /// Names of its parameters.
  public enum Parameter {
    /// `to`: intervals of the bars, each a table.
    public static let intervals = "to"
    /// `session`: the hours in which trades count.
    public static let session = "session"
    /// `calendar`: whose sessions.
    public static let calendar = "calendar"
    /// `with`: further tables whose trades are in the same bars.
    public static let others = "with"
    /// `consolidate`: all publishers of a symbol are one.
    public static let consolidate = "consolidate"
    /// `clock`: which of a trade's times counts.
    public static let clock = "clock"
    /// `plain`: the vendor's columns alone.
    public static let plain = "plain"
    /// `as`: name of the one table that is filled.
    public static let output = "as"
  }

  /// Fills one table an interval; its input must hold trades.
  public static let kind = PassKind(
    name: name, effect: .derive,
    parameters: [
      PassParameter(
        Parameter.intervals, "INTERVALS", .intervals,
        help: "Intervals, like 1m (the default), 15s, 5m, 1h or 1d; any that divides a day."),
      PassParameter(
        Parameter.session, "all|rth|eth", .choice(TradeSession.allCases.map(\.rawValue)),
        help:
          "Trades of all hours (the default), of regular hours, or of a calendar's trading dates."),
      PassParameter(
        Parameter.calendar, "NAME", .calendar,
        help:
          "Whose sessions; without it rth is 9:30 to 16:00 New York, eth the dataset's calendar."),
      PassParameter(
        Parameter.others, "TABLES", .tables,
        help: "Further tables whose trades are in the same bars."),
      PassParameter(
        Parameter.consolidate, "", .switch,
        help: "One bar of all publishers of a symbol; without it each publisher has its own."),
      PassParameter(
        Parameter.clock, "ts_event|ts_recv", .choice(Clock.allCases.map(\.rawValue)),
        help: "A trade's time: the exchange's (the default), or when it was received."),
      PassParameter(
        Parameter.plain, "", .switch,
        help: "The columns of the vendor's ohlcv alone, without count, vwap and session_date."),
      PassParameter(
        Parameter.output, "TABLE", .table,
        help: "Name of the one output (default bars.<dataset>_<schema>_<interval>[_rth|_eth])."),
    ],
    outputs: { request, _ in
      let options = options(request)
      // An invalid name is reported when the parameter's value is checked.
      if let output = options.output, options.intervals.count == 1 { return [output] }
      return options.intervals.map {
        tableName(
          request.table, interval: Interval.parse($0)?.name ?? $0, session: options.session)
      }
    },
    problems: { request, rowKind in problems(request, rowKind) },
    request: { properties, name in request(properties, name) },
    job: { request, means in try Job(request, means) })

  /// The options of a request; values that are invalid were reported when they were checked.
  public static func options(_ request: PassRequest) -> Options {
    var options = Options()
    func value(_ name: String) -> String? { request.values[name]?.first }
    let intervals = request.values[Parameter.intervals] ?? []
    if !intervals.isEmpty { options.intervals = intervals }
    options.session = value(Parameter.session).flatMap { TradeSession(rawValue: $0) } ?? .all
    options.calendar = value(Parameter.calendar)
    options.others = request.values[Parameter.others] ?? []
    options.isConsolidated = value(Parameter.consolidate) == "true"
    options.clock = value(Parameter.clock).flatMap { Clock(rawValue: $0) } ?? .event
    options.isPlain = value(Parameter.plain) == "true"
    options.output = value(Parameter.output).flatMap { text in
      // As above.
      try? TableName(parsing: text)
    }
    return options
  }

  /// The request that made a table.
  private static func request(_ properties: [String: String], _ name: TableName) -> PassRequest? {
    guard let source = properties[TableProperty.source],
      let interval = properties[Property.interval],
      // A property that names no table is ignored.
      let table = try? TableName(parsing: source)
    else { return nil }
    var values = [Parameter.intervals: [interval], Parameter.output: [name.description]]
    for (parameter, property) in [
      (Parameter.session, Property.session), (Parameter.calendar, Property.calendar),
      (Parameter.clock, Property.clock), (Parameter.consolidate, Property.consolidate),
      (Parameter.plain, Property.plain),
    ] {
      if let value = properties[property] { values[parameter] = [value] }
    }
    if let others = properties[Property.others] {
      values[Parameter.others] = others.split(separator: ",").map(String.init)
    }
    return PassRequest(table: table, values: values)
  }

  private static func problems(_ request: PassRequest, _ rowKind: String?) -> [PassProblem] {
    // The built-in kinds are known without a lake; a lake's own kind is looked at when the pass runs.
    if let rowKind, let schema = try? TableSchema.named(rowKind),
      TradeColumns(schema, usesIndex: false) == nil
    {
      return [
        PassProblem(
          "'\(request.table)' holds \(rowKind), and bars are made of trades",
          remedy: schema.interval == nil
            ? "name a table of trades, tbbo, mbp-1 or mbo, like raw.glbx_mdp3_mbp_1"
            : "pass: resample makes longer bars of bars")
      ]
    }
    let options = options(request)
    var problems = options.intervals.compactMap { text -> PassProblem? in
      guard let interval = Interval.parse(text), !interval.dividesDay else { return nil }
      return PassProblem(
        "bars of \(text) do not divide a day",
        remedy: "an interval that a day holds a whole number of, like 15s, 30m, 6h")
    }
    if request.values[Parameter.output] != nil, options.intervals.count != 1 {
      problems.append(
        PassProblem("'as' names one table, and 'to' must then name one interval"))
    }
    if options.calendar != nil, options.session == .all {
      problems.append(
        PassProblem(
          "'calendar' tells sessions, and 'session: all' has none",
          remedy: "session: rth, or session: eth"))
    }
    return problems
  }

  /// Bars as requested, by name and parameters.
  private final class Job: PassJob {
    private let pass: BarsPass
    private var plan: Plan?

    init(_ request: PassRequest, _ means: PassMeans) throws {
      var options = options(request)
      options.jobs = means.jobs
      pass = try BarsPass(
        lake: means.lake, table: request.table.description, options: options,
        observer: means.observer, snapshots: means.snapshots)
    }

    func plan(_ choice: UnitChoice, due: [TableName: Set<String>]) throws -> PassPlan {
      let plan = try pass.plan(choice, due: due)
      self.plan = plan
      return .derive(plan.work)
    }

    func run() throws -> PassReport {
      let plan = try self.plan ?? pass.plan()
      return .derive(try pass.run(plan).work)
    }
  }
}
