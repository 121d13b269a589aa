import Columnar
import Platform

/// Why rows are missing.
public enum GapState: String, Hashable, Sendable, CaseIterable {
  /// A weekday on which the exchange is closed.
  case marketClosed = "market_closed"
  /// Everything was fetched, and nothing was traded.
  case noTrade = "no_trade"
  /// The vendor flags its own data.
  case degraded
  /// The subscription does not include it.
  case notEntitled = "not_entitled"
  /// It was never fetched, or was fetched before it was over.
  case notDownloaded = "not_downloaded"
  /// It was requested, and the request failed.
  case failed
  /// It was stored, and was removed on purpose.
  case purged
  /// Everything was fetched, and rows are missing that should exist.
  case suspicious

  /// Whether it calls for action.
  public var needsAction: Bool {
    self == .notDownloaded || self == .failed || self == .suspicious
  }
}

/// A stretch of one symbol's time without rows, and why.
public struct Gap: Hashable, Sendable {
  /// nil if it concerns the market or many symbols.
  public var symbol: String?
  /// Symbols that it concerns.
  public var symbolCount = 1
  /// Why there are no rows.
  public var state: GapState
  /// From its first instant to its last, half-open, in ns since 1970 UTC. Only a `noTrade` may have sessions
  /// with rows between its parts.
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
    /// Sessions, counted once per symbol.
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
  /// Calendars whose sessions are expected.
  public internal(set) var calendars: [String] = []
  /// The range that was checked, in ns since 1970 UTC; nil if the table is empty and no range was asked for.
  public internal(set) var range: Range<Int64>?
  /// Sessions that the calendars expect in the range.
  public internal(set) var sessionCount = 0
  /// Those of them that end early.
  public internal(set) var halfDayCount = 0
  /// Symbols that were checked.
  public internal(set) var symbolCount = 0
  /// Rows that were read.
  public internal(set) var rowCount = 0
  /// What was found, by state; a state without gaps has no entry.
  public internal(set) var tallies: [GapState: Tally] = [:]
  /// Symbols that were asked for, but have neither rows nor requests.
  public internal(set) var unknownSymbols: Set<String> = []
  /// Whether it was stopped: then the figures are of a part.
  public internal(set) var isInterrupted = false

  /// Whether some gap calls for action: exit status 1.
  public var needsAction: Bool { tallies.keys.contains(where: \.needsAction) }
}

/// What to check.
public struct GapOptions: Sendable {
  /// Empty for all; names in the table, or names by which the vendor was asked (`ES.c.0`).
  public var symbols: Set<String> = []
  /// In ns since 1970 UTC; nil for as far as the table and the ledger reach.
  public var start: Int64?
  /// Exclusive, in ns since 1970 UTC; nil as for `start`.
  public var end: Int64?
  /// Name of a calendar, instead of the dataset's.
  public var calendar: String?
  /// Sessions after it are not expected yet.
  public var now = Clock.nanoseconds()

  /// All symbols, as far as the table and the ledger reach, by the dataset's calendar.
  public init() {}
}
