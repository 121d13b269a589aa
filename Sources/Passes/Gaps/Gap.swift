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
  /// Why there are no rows.
  public var state: GapState
  /// From its first instant to its last, half-open, in ns since 1970 UTC; sessions with rows may lie between
  /// the parts of a `noTrade`, never of another.
  public var interval: Range<Int64>
  /// The session in which it begins.
  public var date: CivilDate
  /// Sessions that it spans, from its first to its last.
  public var sessionCount = 1
  /// Length of the bars that are missing, in seconds.
  public var missingSeconds: Int64
  /// Further detail in words; nil where `state` says it all.
  public var reason: String?
}

/// What a table lacks.
public struct GapReport: Sendable {
  /// The gaps of one state.
  public struct Tally: Sendable {
    /// Symbols that have such a gap, each once.
    public internal(set) var symbolCount = 0
    /// Sessions, counted once a symbol.
    public internal(set) var sessionCount = 0
    /// Stretches, as many as are listed.
    public internal(set) var gapCount = 0
    /// Length of the missing bars, summed over symbols.
    public internal(set) var missingSeconds: Int64 = 0
    /// From the first gap to the last.
    public internal(set) var interval: Range<Int64>
  }

  /// Name of the table that was looked at.
  public let table: String
  /// By which sessions are expected.
  public internal(set) var calendars: [String] = []
  /// Looked at, in ns since 1970 UTC; nil where the table is empty and nothing was asked.
  public internal(set) var range: Range<Int64>?
  /// Sessions that the calendars expect in the range.
  public internal(set) var sessionCount = 0
  /// Those of them that end early.
  public internal(set) var halfDayCount = 0
  /// Symbols that were looked at.
  public internal(set) var symbolCount = 0
  /// Rows that were read.
  public internal(set) var rowCount = 0
  /// What was found, by state; a state without gaps has no entry.
  public internal(set) var tallies: [GapState: Tally] = [:]
  /// Symbols that were asked for, and of which neither rows nor requests are known.
  public internal(set) var unknownSymbols: Set<String> = []
  /// Whether it was stopped: then the figures are of a part.
  public internal(set) var isInterrupted = false

  /// Whether somebody should do something about any gap: exit status 1.
  public var needsAction: Bool { tallies.keys.contains(where: \.needsAction) }
}

/// What to look at.
public struct GapOptions: Sendable {
  /// Empty for all; names in the table, or names by which the vendor was asked (`ES.c.0`).
  public var symbols: Set<String> = []
  /// In ns since 1970 UTC; nil for as far as the table and the ledger reach.
  public var start: Int64?
  /// Exclusive, in ns since 1970 UTC; nil as for `start`.
  public var end: Int64?
  /// Name of a calendar, in place of the dataset's.
  public var calendar: String?
  /// Sessions that lie after it are not expected yet.
  public var now = Clock.nanoseconds()

  /// All symbols, as far as the table and the ledger reach, by the dataset's calendar.
  public init() {}
}
