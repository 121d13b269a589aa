import Catalog
import Market
import Tables

extension ResamplePass {
  /// Names of its parameters.
  public enum Parameter {
    /// `to`: intervals of the bars, each a table.
    public static let intervals = "to"
    /// `as`: name of the one table that is filled.
    public static let output = "as"
  }

  /// Fills one table an interval; its input must hold bars (`ohlcv`).
  public static let kind = PassKind(
    name: name, effect: .derive,
    parameters: [
      PassParameter(
        Parameter.intervals, "INTERVALS", .intervals,
        help: "Intervals, like 15s,30s,1m (the default), 5m, 1h or 1d; any that divides a day."),
      PassParameter(
        Parameter.output, "TABLE", .table,
        help: "Name of the one output (default bars.<dataset>_ohlcv_<interval>)."),
    ],
    outputs: { request, config in
      let intervals = intervals(request, config)
      // An invalid name is reported when the parameter's value is checked.
      if let output = output(request), intervals.count == 1 { return [output] }
      return intervals.map { TableName.bars(from: request.table, interval: name(of: $0)) }
    },
    problems: { request, rowKind in problems(request, rowKind) },
    request: { properties, name in
      guard let source = properties[TableProperty.source],
        let interval = properties[Property.interval],
        // A property that names no table is ignored.
        let table = try? TableName(parsing: source)
      else { return nil }
      return PassRequest(
        table: table,
        values: [Parameter.intervals: [interval], Parameter.output: [name.description]])
    },
    job: { request, means in try Job(request, means) })

  private static func intervals(_ request: PassRequest, _ config: LakeConfig) -> [String] {
    let given = request.values[Parameter.intervals] ?? []
    return given.isEmpty ? config.resampleIntervals.map(\.name) : given
  }

  /// The interval as in a table's name: 60s is 1m.
  private static func name(of interval: String) -> String {
    Interval.parse(interval)?.name ?? interval
  }

  private static func output(_ request: PassRequest) -> TableName? {
    request.values[Parameter.output]?.first.flatMap { text in
      // An invalid name is reported when the value is checked.
      try? TableName(parsing: text)
    }
  }

  /// Bars are made from bars: longer ones from shorter ones.
  private static func problems(_ request: PassRequest, _ rowKind: String?) -> [PassProblem] {
    // Only kinds of bars have an interval, and the built-in kinds are known without a lake.
    let base = rowKind.flatMap { try? TableSchema.named($0) }?.interval
    if let rowKind, base == nil {
      return [
        PassProblem(
          "'\(request.table)' holds \(rowKind), and bars are made of bars",
          remedy: "name a table of bars, like raw.equs_mini_ohlcv_1s")
      ]
    }
    let texts = request.values[Parameter.intervals] ?? []
    var problems = texts.compactMap { text -> PassProblem? in
      guard let interval = Interval.parse(text) else { return nil }
      if !interval.dividesDay {
        return PassProblem(
          "bars of \(text) do not divide a day",
          remedy: "an interval that a day holds a whole number of, like 15s, 30m, 6h")
      }
      guard let base, !interval.isMultiple(of: base) || interval <= base else { return nil }
      return PassProblem(
        "bars of \(text) can't be made of bars of \(base.name)",
        remedy: "an interval that is a multiple of \(base.name)")
    }
    if request.values[Parameter.output] != nil, texts.count != 1 {
      problems.append(
        PassProblem("'as' names one table, and 'to' must then name one interval"))
    }
    return problems
  }

  /// A resample as requested, by name and parameters.
  private final class Job: PassJob {
    private let pass: ResamplePass
    private var plan: ResamplePlan?

    init(_ request: PassRequest, _ means: PassMeans) throws {
      var options = Options()
      options.intervals = intervals(request, means.lake.config)
      options.output = output(request)
      options.jobs = means.jobs
      pass = try ResamplePass(
        lake: means.lake, table: request.table.description, options: options,
        observer: means.observer, snapshots: means.snapshots)
    }

    func plan(_ choice: UnitChoice, due: [TableName: Set<String>]) throws -> PassPlan {
      let plan = try pass.plan(choice, due: due)
      if let failure = plan.failures.first { throw failure.error }
      self.plan = plan
      return .derive(plan.work)
    }

    func run() throws -> PassReport {
      let plan = try self.plan ?? pass.plan()
      return .derive(try pass.run(plan).work)
    }
  }
}
