import Catalog
import Tables

extension CompactPass {
  /// Rewrites the table that it is asked for: it has no parameters and no outputs of its own, and cannot be
  /// configured wrongly.
  public static let kind = PassKind(
    name: name, effect: .rewrite,
    parameters: [
      PassParameter(
        "dedup", "true", .switch,
        help:
          "Of rows with one key keep the oldest: equal ones are removed, others are quarantined.")
    ],
    outputs: { _, _ in [] },
    problems: { request, rowKind in
      request.values["dedup"] == ["true"]
        ? keyProblems(rowKind, remedy: "leave 'dedup' out") : []
    },
    request: { _, _ in nil },
    job: { request, means in
      var options = Options(means)
      options.removesDuplicates = request.values["dedup"] == ["true"]
      return try Job(request, means, options)
    },
    changesInput: { $0.values["dedup"] == ["true"] })

  /// What is wrong with asking which rows of a kind are there twice.
  static func keyProblems(_ rowKind: String?, remedy: String) -> [PassProblem] {
    // A kind that no schema describes is told of elsewhere.
    guard let rowKind, let schema = try? TableSchema.named(rowKind, in: nil),
      schema.keyColumns.isEmpty
    else { return [] }
    return [
      PassProblem(
        "rows of '\(rowKind)' have no key: equal ones are events of their own", remedy: remedy)
    ]
  }

  /// A compaction that was asked for by name.
  final class Job: PassJob {
    private let pass: CompactPass
    private var plan: RewritePlan?

    init(_ request: PassRequest, _ means: PassMeans, _ options: Options) throws {
      pass = try CompactPass(
        lake: means.lake, table: try means.lake.requireTable(named: request.table.description),
        options: options, observer: means.observer)
    }

    func plan(_ choice: UnitChoice, due: [TableName: Set<String>]) throws -> PassPlan {
      let plan = try pass.plan(choice)
      self.plan = plan
      return .rewrite(plan)
    }

    func run() throws -> PassReport {
      let plan = try self.plan ?? pass.plan()
      return .rewrite(try pass.run(plan))
    }
  }
}

extension CompactPass.Options {
  /// What a run gives its passes.
  init(_ means: PassMeans) {
    self.init()
    jobs = means.jobs
    memoryByteCount = means.memoryByteCount
  }
}
