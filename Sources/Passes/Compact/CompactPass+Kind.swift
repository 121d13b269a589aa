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
      guard request.values["dedup"] == ["true"], let rowKind,
        // A kind that no schema describes is told of elsewhere.
        let schema = try? TableSchema.named(rowKind, in: nil), schema.keyColumns.isEmpty
      else { return [] }
      return [
        PassProblem(
          "rows of '\(rowKind)' have no key: equal ones are events of their own",
          remedy: "leave 'dedup' out")
      ]
    }, request: { _, _ in nil },
    job: { request, means in try Job(request, means) },
    changesInput: { $0.values["dedup"] == ["true"] })

  /// A compaction that was asked for by name.
  private final class Job: PassJob {
    private let pass: CompactPass
    private var plan: RewritePlan?

    init(_ request: PassRequest, _ means: PassMeans) throws {
      var options = Options()
      options.jobs = means.jobs
      options.memoryByteCount = means.memoryByteCount
      options.removesDuplicates = request.values["dedup"] == ["true"]
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
