import Catalog
import Tables

extension ValidatePass {
  /// As `lake.yaml` names it.
  public static let kind = PassKind(
    name: name, effect: .report,
    parameters: [
      PassParameter(
        "calendar", "NAME", .calendar,
        help: "Expect sessions of this calendar (default: that of the table's dataset)."),
      PassParameter(
        "action", "flag|fail", .choice(["flag", "fail"]),
        help: "Whether findings are only told of (the default), or make the run fail."),
    ],
    outputs: { _, _ in [] },
    problems: { request, rowKind in
      // A kind that no schema describes is told of elsewhere.
      guard let rowKind, let schema = try? TableSchema.named(rowKind),
        !columns.allSatisfy({ schema.column(named: $0) != nil })
      else { return [] }
      return [
        PassProblem(
          "'\(request.table)' holds \(rowKind), and bars are checked",
          remedy: "name a table of bars")
      ]
    },
    request: { _, _ in nil },
    job: { request, means in Job(request, means) })

  private final class Job: PassJob {
    private let request: PassRequest
    private let means: PassMeans

    init(_ request: PassRequest, _ means: PassMeans) {
      self.request = request
      self.means = means
    }

    func plan(_ choice: UnitChoice, due: [TableName: Set<String>]) throws -> PassPlan {
      // What another pass makes may not be there yet.
      .report(ReportPlan(table: request.table))
    }

    func run() throws -> PassReport {
      var options = Options()
      options.jobs = means.jobs
      options.calendar = request.values["calendar"]?.first
      let pass = try ValidatePass(
        lake: means.lake, table: try means.lake.table(named: request.table.description),
        options: options, observer: means.observer)
      let part = try pass.run()
      if let error = part.errors.first?.error { throw error }
      let count = part.findings.counts.values.reduce(0, +)
      if count > 0, request.values["action"]?.first == "fail" {
        throw PassError(
          .input,
          "the bars break rules: "
            + [true, false].flatMap { part.findings.lines(isError: $0, interval: part.interval) }
            .joined(separator: "; "),
          place: request.table.description, remedy: "lake validate \(request.table) shows examples")
      }
      return .report(
        FindingsReport(
          counts: BarRule.allCases.compactMap { rule in
            part.findings.counts[rule].map { (rule.rawValue, $0) }
          },
          findingCount: count, rowsRead: part.rowCount, isInterrupted: means.observer.isInterrupted)
      )
    }
  }
}
