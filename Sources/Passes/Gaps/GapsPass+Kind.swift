import Catalog
import Ledger
import Market
import Tables

extension GapsPass {
  /// As `lake.yaml` names it: all of a table, by the calendar of its dataset or the one that is named.
  public static let kind = PassKind(
    name: "gaps", effect: .report,
    parameters: [
      PassParameter(
        "calendar", "NAME", .calendar,
        help: "Expect sessions of this calendar: lake calendar lists them.")
    ],
    outputs: { _, _ in [] }, problems: { _, _ in [] }, request: { _, _ in nil },
    job: { request, means in Job(request, means) })

  private final class Job: PassJob {
    private let request: PassRequest
    private let means: PassMeans

    init(_ request: PassRequest, _ means: PassMeans) {
      self.request = request
      self.means = means
    }

    func plan(_ choice: UnitChoice, due: [TableName: Set<String>]) throws -> PassPlan {
      _ = try means.lake.requireTable(named: request.table.description)
      return .report(ReportPlan(table: request.table))
    }

    func run() throws -> PassReport {
      var options = GapOptions()
      options.calendar = request.values["calendar"]?.first
      let (ledger, _) = try CoverageLedger.recovered(means.lake) { _, _ in }
      let pass = try GapsPass(
        lake: means.lake, table: try means.lake.table(named: request.table.description),
        ledger: ledger, options: options, observer: means.observer)
      let report = try pass.run { _ in }
      return .report(report.findings)
    }
  }
}

extension GapReport {
  /// The figures of the report, as those of any pass that reports.
  public var findings: FindingsReport {
    let counts = GapState.allCases.compactMap { state in
      tallies[state].map { (state: state, count: $0.gapCount) }
    }
    return FindingsReport(
      counts: counts.map { ($0.state.rawValue, $0.count) },
      findingCount: counts.reduce(0) { $0 + ($1.state.needsAction ? $1.count : 0) },
      rowsRead: rowCount, isInterrupted: isInterrupted)
  }
}
