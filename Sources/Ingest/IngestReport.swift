import Catalog
import Databento
import Market

/// The result of one input.
public struct IngestFileReport: Sendable {
  /// How an input ended.
  public enum State: Sendable {
    case stored
    /// The same content was there already; nothing was done.
    case alreadyDone
    case failed(any Error)
    /// It has no rows, and lies beside files that do: what it is, in words.
    case skipped(String)
    /// The job was stopped while it was read; none of it is stored.
    case interrupted
  }

  /// As the user named it, or a request in words.
  public var path: String
  /// How it ended.
  public var state: State = .stored
  /// Tables that its rows went into.
  public var tables: [TableName] = []
  /// Rows that were read.
  public var rowsProcessed = 0
  /// Rows that are new in their tables.
  public var rowsStored = 0
  /// Duplicates: rows whose key and content an earlier row of the input had.
  public var duplicateCount = 0
  /// Rows that the table had already: left out.
  public var alreadyStoredCount = 0
  /// Stored rows that are replaced by equal ones with more information.
  public var replacementCount = 0
  /// Why it is uncertain which rows the table has already.
  public var overlap: OverlapFinding?
  /// Vendor's sentinels that became null.
  public var sentinelCount = 0
  /// Local times that occur twice.
  public var ambiguousTimeCount = 0
  /// Rows that were quarantined.
  public var quarantineCount = 0
  /// Bad rows of an input that was stored before: they were quarantined then.
  public var quarantinedBeforeCount = 0
  /// Stored rows, none of the input's, that were removed since the vendor lacks them: quarantined.
  public var removedCount = 0
  /// Stored rows that break a rule which only flags them, each once.
  public var flagCount = 0
  /// The same by rule, if the source reports it.
  public var flagCounts: [String: Int] = [:]
  /// Bytes that were read, as they are stored.
  public var bytesIn = 0
  /// Bytes of the segments that were written.
  public var bytesOut = 0
  /// Symbols (by date) by the step that resolved them.
  public var symbolCounts: [ResolutionStep: Int] = [:]
  /// Hash of the decompressed content, in hexadecimal; empty where it was not read to its end.
  public var sha256 = ""
  /// First and last date of its rows that were stored, by the table's partition zone.
  public var dates: ClosedRange<Int>?
  /// What requested names stood for.
  public var requestedNames: [RequestedName] = []
  /// Symbols that the vendor did not find in the interval.
  public var notFound: [String] = []
  /// What replacing stored rows changed; nil if none are replaced.
  public var change: RowChange?

  /// An input that was not read yet.
  public init(path: String) { self.path = path }

  /// Its rows, each once, by result: as many as were processed, unless the input failed.
  public var accountedRowCount: Int {
    rowsStored + alreadyStoredCount + duplicateCount + quarantineCount + quarantinedBeforeCount
  }

  /// The report of a failed input: none of its rows had a result.
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

/// The result of an ingest.
public struct IngestReport: Sendable {
  /// One an input, in the order given.
  public var files: [IngestFileReport] = []
  /// Versions that were committed, by table.
  public var commits: [(table: TableName, version: Int)] = []
  /// Columns of new tables that are wider than their kind says, since the rows need that, by table.
  public var wideColumns: [TableName: Set<String>] = [:]
  /// Whether it was stopped; inputs that were stored by then stay.
  public var isInterrupted = false
  /// Why the ledger could not be updated completely. The rows are stored.
  public var ledgerFailure: (any Error)?
  /// Whether what the ledger lacks is in its journal, for the next writing command. Else only the tables'
  /// commits have it.
  public var isJournalWhole = true

  /// Inputs that failed.
  public var failureCount: Int {
    files.count { if case .failed = $0.state { true } else { false } }
  }

  /// Sum of one count over all inputs, as in `report.total(\.rowsStored)`.
  public func total(_ count: KeyPath<IngestFileReport, Int>) -> Int {
    files.reduce(0) { $0 + $1[keyPath: count] }
  }

  /// Symbols (by date) by the step that resolved them, of all inputs.
  public var symbolCounts: [ResolutionStep: Int] {
    files.reduce(into: [:]) { $0.merge($1.symbolCounts, uniquingKeysWith: +) }
  }
}
