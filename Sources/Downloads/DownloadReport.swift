import Bytes
import Catalog
import Ingest

/// What became of one unit.
public struct DownloadOutcome: Sendable {
  /// What became of a unit.
  public enum Result: Sendable {
    case stored
    /// Its rows were in the lake already.
    case alreadyDone
    /// Files had brought as many rows as the vendor has.
    case agreed
    case empty
    case notEntitled(any Error)
    case failed(any Error)
    /// It was not begun, or not finished, when the job was stopped.
    case interrupted
  }

  /// What was asked for.
  public var unit: DownloadUnit
  /// What became of it.
  public var result: Result
  /// Rows that came.
  public var rowsProcessed = 0
  /// Rows that are new in the table.
  public var rowsStored = 0
  /// Repeats of other rows of the body.
  public var repeatCount = 0
  /// Rows that the table has already.
  public var alreadyStoredCount = 0
  /// Rows that went to quarantine.
  public var quarantineCount = 0
  /// Bad rows that were set aside when the same came before.
  public var setAsideBeforeCount = 0
  /// Stored rows that were set aside because the vendor lacks them.
  public var goneCount = 0
  /// Bytes that came.
  public var byteCount = 0
  /// Bytes of the files that were written.
  public var bytesOut = 0
  /// What it cost, in units of 1e-9 USD; nil where that is not known.
  public var costNanoUSD: Int64?
  /// What replacing stored rows came to.
  public var change: RowChange?

  init(_ unit: DownloadUnit, _ result: Result) {
    self.unit = unit
    self.result = result
  }

  init(_ unit: DownloadUnit, _ file: IngestFileReport) {
    self.init(unit, .stored)
    if case .alreadyDone = file.state { result = .alreadyDone }
    rowsProcessed = file.rowsProcessed
    rowsStored = file.rowsStored
    repeatCount = file.repeatCount
    alreadyStoredCount = file.alreadyStoredCount
    quarantineCount = file.quarantineCount
    setAsideBeforeCount = file.setAsideBeforeCount
    goneCount = file.goneCount
    bytesOut = file.bytesOut
    change = file.change
  }
}

/// What became of a download.
public struct DownloadReport: Sendable {
  /// One for each unit that was begun.
  public var outcomes: [DownloadOutcome] = []
  /// Versions that were committed, by table.
  public var commits: [(table: TableName, version: Int)] = []
  /// Whether the person wanted to stop.
  public var isInterrupted = false
  /// What stopped the whole job, such as a key that the vendor does not know.
  public var stop: (any Error)?

  /// Nothing was asked yet.
  public init() {}

  /// The sum of a figure over all units.
  public func total(_ count: KeyPath<DownloadOutcome, Int>) -> Int {
    outcomes.reduce(0) { $0 + $1[keyPath: count] }
  }

  /// What all of it cost, in units of 1e-9 USD.
  public var costNanoUSD: Int64 {
    outcomes.reduce(0) { $0.adding(clamped: $1.costNanoUSD ?? 0) }
  }

  /// Units that failed.
  public var failureCount: Int {
    outcomes.count { if case .failed = $0.result { true } else { false } }
  }

  /// What replacing stored rows came to, over all units; nil where none were replaced.
  public var change: RowChange? {
    let changes = outcomes.compactMap(\.change)
    return changes.isEmpty ? nil : changes.reduce(RowChange(), +)
  }

  /// One row of the table by symbol.
  public struct SymbolLine: Sendable {
    /// The symbol.
    public var symbol: String
    /// Units by what became of them.
    public var downloaded = 0
    /// Rows of files are as many as the vendor has.
    public var agreed = 0
    /// Units of which the vendor has nothing.
    public var empty = 0
    /// Units that the plan does not include.
    public var notEntitled = 0
    /// Units that failed.
    public var failed = 0
    /// Units that were not asked for any more.
    public var interrupted = 0
    /// The first error, if there was one.
    public var error: (any Error)?

    /// A line of no units.
    public init(symbol: String) { self.symbol = symbol }
  }

  /// Units by symbol; a unit of several symbols counts for each.
  public var symbolLines: [SymbolLine] {
    var lines: [String: SymbolLine] = [:]
    for outcome in outcomes {
      for symbol in outcome.unit.symbols {
        var line = lines[symbol] ?? SymbolLine(symbol: symbol)
        switch outcome.result {
        case .stored, .alreadyDone: line.downloaded += 1
        case .agreed: line.agreed += 1
        case .empty: line.empty += 1
        case .notEntitled(let error):
          line.notEntitled += 1
          line.error = line.error ?? error
        case .failed(let error):
          line.failed += 1
          line.error = error
        case .interrupted: line.interrupted += 1
        }
        lines[symbol] = line
      }
    }
    return lines.values.sorted { $0.symbol < $1.symbol }
  }
}
