import Bytes
import Catalog
import Ingest

/// The outcome of one unit.
public struct DownloadOutcome: Sendable {
  /// The kinds of outcome.
  public enum Result: Sendable {
    case stored
    /// Its rows were stored already.
    case alreadyDone
    /// Files had as many rows as the vendor.
    case agreed
    case empty
    case notEntitled(any Error)
    case failed(any Error)
    /// It was not started, or not finished, when the job was stopped.
    case interrupted
  }

  /// The unit.
  public var unit: DownloadUnit
  /// The kind of outcome.
  public var result: Result
  /// Rows received.
  public var rowsProcessed = 0
  /// Rows that are new in the table.
  public var rowsStored = 0
  /// Duplicates of other rows of the body.
  public var duplicateCount = 0
  /// Rows that the table has already.
  public var alreadyStoredCount = 0
  /// Rows that were quarantined.
  public var quarantineCount = 0
  /// Bad rows that were quarantined when the same content came before.
  public var quarantinedBeforeCount = 0
  /// Stored rows that were quarantined because the vendor lacks them.
  public var removedCount = 0
  /// Bytes received.
  public var byteCount = 0
  /// Bytes of the files that were written.
  public var bytesOut = 0
  /// Price in 10⁻⁹ USD; nil if unknown.
  public var costNanoUSD: Int64?
  /// What replacing stored rows changed.
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
    duplicateCount = file.duplicateCount
    alreadyStoredCount = file.alreadyStoredCount
    quarantineCount = file.quarantineCount
    quarantinedBeforeCount = file.quarantinedBeforeCount
    removedCount = file.removedCount
    bytesOut = file.bytesOut
    change = file.change
  }
}

/// The result of a download.
public struct DownloadReport: Sendable {
  /// One for each unit that was started.
  public var outcomes: [DownloadOutcome] = []
  /// Versions that were committed, by table.
  public var commits: [(table: TableName, version: Int)] = []
  /// Whether the user stopped it.
  public var isInterrupted = false
  /// What stopped the whole job, such as an invalid key.
  public var stop: (any Error)?

  /// No outcomes yet.
  public init() {}

  /// The sum of a figure over all units.
  public func total(_ count: KeyPath<DownloadOutcome, Int>) -> Int {
    outcomes.reduce(0) { $0 + $1[keyPath: count] }
  }

  /// Total price in 10⁻⁹ USD.
  public var costNanoUSD: Int64 {
    outcomes.reduce(0) { $0.adding(clamped: $1.costNanoUSD ?? 0) }
  }

  /// Units that failed.
  public var failureCount: Int {
    outcomes.count { if case .failed = $0.result { true } else { false } }
  }

  /// What replacing stored rows changed, over all units; nil if none were replaced.
  public var change: RowChange? {
    let changes = outcomes.compactMap(\.change)
    return changes.isEmpty ? nil : changes.reduce(RowChange(), +)
  }

  /// Outcomes of one symbol.
  public struct SymbolLine: Sendable {
    /// The symbol.
    public var symbol: String
    /// Units that were downloaded.
    public var downloaded = 0
    /// Units whose stored rows are as many as the vendor has.
    public var agreed = 0
    /// Units without data.
    public var empty = 0
    /// Units that the subscription does not include.
    public var notEntitled = 0
    /// Units that failed.
    public var failed = 0
    /// Units that were not requested any more.
    public var interrupted = 0
    /// The first error, if there was one.
    public var error: (any Error)?

    /// A symbol without units.
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
