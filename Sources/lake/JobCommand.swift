import Catalog
import CommandLineKit
import Ledger
import Passes
import Platform
import Tables

/// A command that modifies a lake: every run adds a row to `ledger.runs`.
protocol JobCommand: Command {
  /// The value of `--label`.
  var label: String? { get }
  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus
}

extension FlagSpec {
  /// `--label`, common to all jobs.
  static let label = FlagSpec.option(
    "label", "TEXT", help: "What this run is for: it stands in ledger.runs.")
}

extension JobCommand {
  func run(in context: Context) throws -> ExitStatus {
    let recorder = JobRecorder(Self.spec.name, label: label, context: context)
    do {
      let status = try run(in: context, recording: recorder)
      recorder.finish(status)
      return status
    } catch let error as UsageError {
      // The job did not start.
      throw error
    } catch {
      recorder.finish(error)
      throw error
    }
  }
}

/// Collects the results of a command's jobs, and writes them into the ledger at the end.
final class JobRecorder {
  private let job: String
  private let label: String?
  private let context: Context
  /// Start of the current job, by the wall clock and by the monotonic clock.
  private var startedAt = Clock.nanoseconds()
  private var began = Clock.monotonicNanoseconds()
  private var lake: Lake?
  private var records: [RunRecord] = []

  init(_ job: String, label: String?, context: Context) {
    self.job = job
    self.label = label
    self.context = context
  }

  /// Marks the start of the job: from here on it is recorded, however it ends. A dry run never calls it.
  func begin(in lake: Lake) { self.lake = lake }

  /// Adds the result of a job; called for each one if a command has several.
  ///
  /// - Parameters:
  ///   - name: nil for the command's name.
  ///   - error: A partial failure.
  func add(_ name: String? = nil, error: (any Error)? = nil, _ fill: (inout RunRecord) -> Void) {
    var record = RunRecord(job: name ?? job, startedAt: startedAt)
    fill(&record)
    if let error { record.error = text(error) }
    let now = Clock.monotonicNanoseconds()
    record.nanoseconds = now - began
    record.peakByteCount = ProcessMemory.peakByteCount
    records.append(record)
    // The command's next job starts where this one ends.
    (began, startedAt) = (now, Clock.nanoseconds())
  }

  func finish(_ status: ExitStatus) {
    let outcome: RunRecord.Outcome =
      switch status {
      case .done: .done
      case .findings: .findings
      case .interrupted: .interrupted
      case .failed, .usage: .failed
      }
    write(outcome, error: nil)
  }

  func finish(_ error: any Error) {
    write(error is Interrupted || context.isInterrupted ? .interrupted : .failed, error: error)
  }

  private func write(_ outcome: RunRecord.Outcome, error: (any Error)?) {
    guard let lake else { return }
    if records.isEmpty { add(error: error) { _ in } }
    for index in records.indices {
      // With several jobs, each has its own outcome.
      if records.count == 1 { records[index].outcome = outcome }
      records[index].error = records[index].error ?? error.map(text)
      records[index].label = label
      records[index].program = lakeVersion
    }
    do {
      try RunLedger.append(records, to: lake)
    } catch {
      context.warn(
        "this run was not recorded in \(RunLedger.table): "
          + ((error as? any LakeError)?.message ?? "\(error)"),
        place: (error as? any LakeError)?.placeText, remedy: (error as? any LakeError)?.remedy)
    }
  }

  /// An error's message without secrets.
  private func text(_ error: any Error) -> String {
    context.stderr.redacted((error as? any LakeError)?.message ?? "\(error)")
  }
}

extension JobRecorder {
  /// Adds what the rewriting of a table's files came to.
  func add(_ report: RewriteReport, of table: TableName) {
    add(error: report.failures.first?.error) { record in
      record.tablesIn = [table]
      record.tablesOut = [table]
      record.rowsIn = report.rowCount + report.duplicateCount + report.conflictCount
      record.rowsOut = report.rowCount
      record.bytesIn = Int(clamping: report.bytesBefore)
      record.bytesOut = Int(clamping: report.bytesAfter)
    }
  }
}
