import Columnar
import Platform

/// Why there are no rows.
public enum GapState: String, Hashable, Sendable, CaseIterable {
  /// A day of the week on which the exchange opens otherwise.
  case marketClosed = "market_closed"
  /// All was fetched, and nothing was traded.
  case noTrade = "no_trade"
  /// The vendor flags its own data.
  case degraded
  /// The plan does not include it.
  case notEntitled = "not_entitled"
  /// It was never fetched, or was not over when it was.
  case notDownloaded = "not_downloaded"
  /// It was asked for, and did not come.
  case failed
  /// It was here, and was removed on purpose.
  case purged
  /// All was fetched, and rows are missing where there should be some.
  case suspicious

  /// Whether somebody should do something about it.
  public var needsAction: Bool {
    self == .notDownloaded || self == .failed || self == .suspicious
  }
}

/// A stretch of one symbol's time without rows, and why.
public struct Gap: Hashable, Sendable {
  /// nil where it belongs to the market or to many symbols.
  public var symbol: String?
  /// How many symbols it concerns.
  public var symbolCount = 1
  public var state: GapState
  /// From its first instant to its last, half-open, in ns since 1970 UTC; sessions with rows may lie between
  /// the parts of a `noTrade`, never of another.
  public var interval: Range<Int64>
  /// The session in which it begins.
  public var date: CivilDate
  public var sessionCount = 1
  /// Length of the bars that are missing, in seconds.
  public var missingSeconds: Int64
  public var reason: String?
}

/// What a table lacks.
public struct GapReport: Sendable {
  /// The gaps of one state.
  public struct Tally: Sendable {
    public internal(set) var symbolCount = 0
    /// Sessions, counted once a symbol.
    public internal(set) var sessionCount = 0
    public internal(set) var gapCount = 0
    public internal(set) var missingSeconds: Int64 = 0
    /// From the first gap to the last.
    public internal(set) var interval: Range<Int64>
  }

  public let table: String
  /// By which sessions are expected.
  public internal(set) var calendars: [String] = []
  /// Looked at, in ns since 1970 UTC; nil where the table is empty and nothing was asked.
  public internal(set) var range: Range<Int64>?
  public internal(set) var sessionCount = 0
  public internal(set) var halfDayCount = 0
  /// Symbols that were looked at.
  public internal(set) var symbolCount = 0
  public internal(set) var rowCount = 0
  public internal(set) var tallies: [GapState: Tally] = [:]
  /// Symbols that were asked for, and of which neither rows nor requests are known.
  public internal(set) var unknownSymbols: Set<String> = []
  public internal(set) var isInterrupted = false

  public var needsAction: Bool { tallies.keys.contains(where: \.needsAction) }
}

/// What to look at.
public struct GapOptions: Sendable {
  /// Empty for all; names in the table, or names by which the vendor was asked (`ES.c.0`).
  public var symbols: Set<String> = []
  /// In ns since 1970 UTC; nil for as far as the table and the ledger reach.
  public var start: Int64?
  public var end: Int64?
  /// Name of a calendar, in place of the dataset's.
  public var calendar: String?
  /// Sessions that lie after it are not expected yet.
  public var now = Clock.nanoseconds()

  public init() {}
}
