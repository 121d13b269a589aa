import Catalog
import Databento
import Market

/// What became of one input.
public struct IngestFileReport: Sendable {
  public enum State: Sendable {
    case stored
    /// The same content was there already; nothing was done.
    case alreadyDone
    case failed(any Error)
    /// It holds no rows, and lies beside files that do: what it is, in words.
    case skipped(String)
    /// The job was stopped while it was read; nothing of it was stored.
    case interrupted
  }

  public var path: String
  public var state: State = .stored
  public var tables: [TableName] = []
  public var rowsProcessed = 0
  public var rowsStored = 0
  /// Rows whose key and content an earlier row of the input had.
  public var repeatCount = 0
  /// Rows that the table held already: left out.
  public var alreadyStoredCount = 0
  /// Stored rows that take the place of equal ones which said less.
  public var replacementCount = 0
  /// Why it is doubtful which rows the table has already.
  public var overlap: OverlapFinding?
  public var sentinelCount = 0
  /// Local times that the clocks showed twice.
  public var ambiguousTimeCount = 0
  public var quarantineCount = 0
  /// Bad rows of an input that was in already: they were set aside when it came first.
  public var setAsideBeforeCount = 0
  /// Stored rows, none of the input's, that went because the vendor lacks them: in quarantine now.
  public var goneCount = 0
  /// Stored rows that break a rule which only counts them, each once.
  public var flagCount = 0
  /// The same by rule, where the source tells.
  public var flagCounts: [String: Int] = [:]
  public var bytesIn = 0
  public var bytesOut = 0
  /// Symbols (by date) by the step that resolved them.
  public var symbolCounts: [ResolutionStep: Int] = [:]
  public var sha256 = ""
  /// What names that were asked for stood for.
  public var requestedNames: [RequestedName] = []
  /// Symbols that the vendor did not find in the interval.
  public var notFound: [String] = []
  /// What became of the stored rows that the input's rows replace; nil where it replaces none.
  public var change: RowChange?

  public init(path: String) { self.path = path }

  /// Its rows, each once, however they ended: as many as were processed, of what did not fail.
  public var accountedRowCount: Int {
    rowsStored + alreadyStoredCount + repeatCount + quarantineCount + setAsideBeforeCount
  }

  /// What of a failed input is told: none of its rows came to anything.
  mutating func didFail(_ state: State) {
    var rest = IngestFileReport(path: path)
    rest.state = state
    rest.tables = tables
    rest.sha256 = sha256
    rest.bytesIn = bytesIn
    self = rest
  }

  /// Another run stored its rows meanwhile.
  mutating func wasStoredByAnother() {
    state = .alreadyDone
    alreadyStoredCount += rowsStored
    (rowsStored, replacementCount, bytesOut) = (0, 0, 0)
  }
}

/// What became of an ingest.
public struct IngestReport: Sendable {
  public var files: [IngestFileReport] = []
  /// Versions that were committed, by table.
  public var commits: [(table: TableName, version: Int)] = []
  public var isInterrupted = false
  /// Why the ledger could not be told of all of it. The rows are stored.
  public var ledgerFailure: (any Error)?
  /// Whether what the ledger lacks lies in its journal for the next command that writes. Else the tables'
  /// commits alone have it.
  public var isJournalWhole = true

  public var failureCount: Int {
    files.count { if case .failed = $0.state { true } else { false } }
  }

  public func total(_ count: KeyPath<IngestFileReport, Int>) -> Int {
    files.reduce(0) { $0 + $1[keyPath: count] }
  }

  public var symbolCounts: [ResolutionStep: Int] {
    files.reduce(into: [:]) { $0.merge($1.symbolCounts, uniquingKeysWith: +) }
  }
}
