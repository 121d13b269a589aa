import Columnar
import Market

/// One symbol on its way through the sessions: what is known of it, and the gap that may go on.
struct GapSeries {
  let name: String
  let coverage: SeriesCoverage
  /// Whether it stops trading one day: a future, an option.
  let expires: Bool
  /// The last date of an option.
  let expiration: CivilDate?
  /// Whether it is what the vendor was asked for, rather than a symbol of the table.
  let isRequestedName: Bool
  /// Whether only its slots are looked at: all symbols were asked for at once.
  let isPartOfAll: Bool
  /// First instant at which it is expected, and the first at which it is no more; nil for as far as is known.
  let start: Int64?
  let end: Int64?

  /// Whether it has had rows.
  var isSeen = false
  /// Share of slots with rows in the last session that had some.
  var share: Double?
  /// Gaps that may go on, or turn out to be none: those of a symbol that `endsWithItsRows` wait for its next
  /// rows, all others are one at most.
  var pending: [Pending] = []

  /// Whole sessions without rows, one after the other.
  struct Pending {
    var hole: SessionCheck.Hole
    var date: CivilDate
    /// Running number of its last session.
    var lastIndex: Int
    var sessionCount = 1
    /// Share of slots with rows in the session before it.
    var shareBefore: Double?
  }

  /// Whether rows are expected in a session.
  func isExpected(_ session: Range<Int64>, date: CivilDate, hasRows: Bool) -> Bool {
    if hasRows { return true }
    if let expiration, expiration < date { return false }
    let known = coverage.extent
    if let first = start ?? known?.lowerBound {
      if session.upperBound <= first { return false }
    } else if !isSeen {
      return false
    }
    if let last = end ?? known?.upperBound { return session.lowerBound < last }
    return true
  }

  /// The part of a session's time in which it is expected: none of it is, before its first request.
  func wanted(_ session: Range<Int64>) -> Range<Int64> {
    guard let known = coverage.extent else { return session }
    let first = start == nil ? max(session.lowerBound, known.lowerBound) : session.lowerBound
    // A day that was fetched before it was over belongs to what was asked for.
    let isCut = end == nil && !coverage.endsOpen
    let last = isCut ? min(session.upperBound, known.upperBound) : session.upperBound
    return first < last ? first..<last : session
  }

  /// Whether nothing says that it goes on after its last row.
  var endsWithItsRows: Bool { end == nil && !coverage.isKnown }

  /// Symbols of stocks have no digits; those of futures and options end with their month.
  static func expires(_ name: String, symbolTypes: Set<String>) -> Bool {
    if !symbolTypes.isEmpty, !symbolTypes.contains("raw_symbol") { return false }
    return name.utf8.contains { (0x30...0x39).contains($0) }
  }

  static func expiration(_ name: String) -> CivilDate? {
    // Names of other kinds have no expiration.
    (try? OptionSymbol(parsing: name))?.expiration
  }
}
