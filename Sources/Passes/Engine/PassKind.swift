import Catalog
import Market
import Tables

/// What a pass does to tables.
public enum PassEffect: String, Sendable {
  /// Computes partitions of other tables.
  case derive
  /// Writes the same rows into other files.
  case rewrite
  /// Reads, and says what it found. It changes nothing, and so it is never up to date: every run looks again.
  case report
}

/// One parameter of a pass, declared once: it is a flag of the pass's command, a key in `lake.yaml`, and part
/// of their help and checks.
public struct PassParameter: Sendable {
  /// What a value must be.
  public enum Kind: Sendable {
    /// Intervals like `1m`, one or several.
    case intervals
    /// A table that the pass fills.
    case table
    /// Tables that the pass reads too, one or several.
    case tables
    /// One of some words.
    case choice([String])
    /// An exchange's calendar.
    case calendar
    /// `true` or `false`; as a flag it takes no value.
    case `switch`
  }

  /// Name of the flag and of the key.
  public let name: String
  /// What stands for its value in help.
  public let valueName: String
  /// One sentence, for `--help`.
  public let help: String
  /// What its values must be.
  public let kind: Kind

  /// A parameter named `name`; `valueName` is what help shows for its value.
  package init(_ name: String, _ valueName: String, _ kind: Kind, help: String) {
    self.name = name
    self.valueName = valueName
    self.kind = kind
    self.help = help
  }

  /// Whether it takes several values with commas between them.
  public var isList: Bool {
    switch kind {
    case .intervals, .tables: true
    case .table, .calendar, .switch, .choice: false
    }
  }

  /// What is wrong with a value; nil if it is valid.
  func problem(with text: String) -> String? {
    switch kind {
    case .intervals:
      return Interval.parse(text) == nil
        ? "'\(text)' is no interval: expected a count and a unit, like 15s, 1m, 1h or 1d" : nil
    // The lake has calendars of its own: which there are is known when it runs.
    case .calendar: return text.isEmpty ? "a calendar has a name, like XNYS" : nil
    case .switch: return ["true", "false"].contains(text) ? nil : "'\(text)' is not true or false"
    case .choice(let words):
      return words.contains(text)
        ? nil : "'\(text)' is none of " + words.map { "'\($0)'" }.joined(separator: ", ")
    case .tables:
      do throws(CatalogError) {
        _ = try TableName(parsing: text)
        return nil
      } catch {
        return error.message
      }
    case .table:
      do throws(CatalogError) {
        _ = try TableName(forRows: text)
        return nil
      } catch {
        return error.message
      }
    }
  }
}

/// A request to a pass: the table it reads, and its parameters.
public struct PassRequest: Sendable {
  /// The table that the pass reads; a rewriting pass writes it too.
  public let table: TableName
  /// By parameter name, if given.
  public let values: [String: [String]]

  /// - Parameter values: By parameter name; what is absent has its default.
  public init(table: TableName, values: [String: [String]] = [:]) {
    self.table = table
    self.values = values
  }
}

/// The resources that a pass works with.
public struct PassMeans: Sendable {
  /// The lake in which the pass runs.
  public let lake: Lake
  /// Units that are worked on at once.
  public var jobs: Int
  /// Bytes that the pass may use for rows and sort keys, all jobs together.
  public var memoryByteCount: Int
  /// Receives progress, and is asked whether to stop.
  public let observer: any PassObserver
  /// Shared by the passes of a run: what one fills is read by the next.
  public let snapshots = SnapshotCache()

  /// - Parameters:
  ///   - jobs: nil for the configuration's.
  ///   - memoryByteCount: nil for the configuration's.
  public init(
    lake: Lake, jobs: Int? = nil, memoryByteCount: Int? = nil,
    observer: any PassObserver = NoObserver()
  ) {
    self.lake = lake
    self.jobs = jobs ?? lake.config.jobCount
    self.memoryByteCount = memoryByteCount ?? lake.config.memoryByteCount
    self.observer = observer
  }
}

/// Something wrong with a pass as it is configured, and what to do.
public struct PassProblem: Sendable, Hashable {
  /// What is wrong, as one sentence without a period.
  public let message: String
  /// What to try; nil where nothing is known to help.
  public let remedy: String?

  /// A problem with a request.
  package init(_ message: String, remedy: String? = nil) {
    self.message = message
    self.remedy = remedy
  }
}

/// Everything needed to schedule, check and run a pass. One line in `PassRegistry`.
public struct PassKind: Sendable {
  /// As in `lake run` and `pass:` of `lake.yaml`.
  public let name: String
  /// What it does to tables.
  public let effect: PassEffect
  /// Its parameters, in the order of its help.
  public let parameters: [PassParameter]
  /// The tables that it fills, existing or not.
  let outputs: @Sendable (PassRequest, LakeConfig) -> [TableName]
  /// What is wrong with a request, given the record kind of its input; nil kind if unknown.
  let problems: @Sendable (PassRequest, _ rowKind: String?) -> [PassProblem]
  /// The request that made a table, read from its properties; nil if they don't say.
  let request: @Sendable (_ properties: [String: String], TableName) -> PassRequest?
  let job: @Sendable (PassRequest, PassMeans) throws -> any PassJob
  /// Whether it changes rows of the table that it reads: then it runs before whatever is made of them.
  var changesInput: @Sendable (PassRequest) -> Bool = { _ in false }

  /// What is wrong with a request, given the record kind of its table; nil if unknown.
  public func problems(with request: PassRequest, rowKind: String?) -> [PassProblem] {
    problems(request, rowKind)
  }
}

/// A pass that is about to run.
public protocol PassJob: AnyObject {
  /// Compares inputs and outputs. `run` carries out the last plan.
  ///
  /// - Parameter due: Dates of input tables that other passes will compute before this one runs.
  func plan(_ choice: UnitChoice, due: [TableName: Set<String>]) throws -> PassPlan
  func run() throws -> PassReport
}

/// What a pass will do.
public enum PassPlan: Sendable {
  case derive(DerivePlan)
  case rewrite(RewritePlan)
  case report(ReportPlan)

  /// Dates of each table that will be computed.
  public var due: [TableName: Set<String>] {
    guard case .derive(let plan) = self else { return [:] }
    return plan.outputs.reduce(into: [:]) { due, output in
      due[output.table, default: []]
        .formUnion(output.units.filter(\.state.isDue).map(\.date))
    }
  }

  /// Whether there is something to be run.
  public var isDue: Bool {
    switch self {
    case .derive(let plan): plan.outputs.contains { $0.dueCount > 0 }
    case .rewrite(let plan): !plan.units.isEmpty
    case .report: true
    }
  }
}

/// The result of a pass.
public enum PassReport: Sendable {
  case derive(DeriveReport)
  case rewrite(RewriteReport)
  case report(FindingsReport)

  /// Whether it was stopped before it was done.
  public var isInterrupted: Bool {
    switch self {
    case .derive(let report): report.isInterrupted
    case .rewrite(let report): report.isInterrupted
    case .report(let report): report.isInterrupted
    }
  }

  /// Units that failed, in all tables together.
  public var failureCount: Int {
    switch self {
    case .derive(let report): report.outputs.reduce(0) { $0 + $1.failures.count }
    case .rewrite(let report): report.failures.count
    case .report: 0
    }
  }

  /// The first error, to show where there is room for one.
  public var firstFailure: (any Error)? {
    switch self {
    case .derive(let report): report.outputs.lazy.flatMap(\.failures).first?.error
    case .rewrite(let report): report.failures.first?.error
    case .report: nil
    }
  }

  /// What somebody should look at: gaps to be filled, rows that conflict.
  public var findingCount: Int {
    switch self {
    case .derive: 0
    case .rewrite(let report): report.conflictCount
    case .report(let report): report.findingCount
    }
  }

  /// Rows that were read; nil if the pass does not count them.
  public var rowsRead: Int? {
    switch self {
    case .derive(let report): report.rowsRead
    case .rewrite(let report): report.rowCount + report.duplicateCount + report.conflictCount
    case .report(let report): report.rowsRead
    }
  }

  /// Rows in the files that were committed.
  public var rowsWritten: Int {
    switch self {
    case .derive(let report): report.outputs.reduce(0) { $0 + $1.rowCount }
    case .rewrite(let report): report.rowCount
    case .report: 0
    }
  }

  /// Bytes of the files that were committed.
  public var bytesWritten: Int {
    switch self {
    case .derive(let report): report.outputs.reduce(0) { $0 + $1.byteCount }
    case .rewrite(let report): Int(clamping: report.bytesAfter)
    case .report: 0
    }
  }
}
