import Columnar
import Market

/// The state of one symbol during a scan, with its pending gap.
struct GapSeries {
  let name: String
  let coverage: SeriesCoverage
  /// Whether it stops trading one day, as futures and options do.
  let expires: Bool
  /// The last date of an option.
  let expiration: CivilDate?
  /// Whether it is a name that the vendor was asked for, rather than a symbol of the table.
  let isRequestedName: Bool
  /// Whether only its slots are checked, since all symbols were asked for at once.
  let isPartOfAll: Bool
  /// Start of the time in which it is expected, and end of it; nil if unlimited.
  let start: Int64?
  let end: Int64?

  /// Whether it had rows so far.
  var isSeen = false
  /// Share of slots with rows in the last session that had some.
  var share: Double?
  /// Gaps that may continue, or turn out to be none. A symbol that `endsWithItsRows` may have several, until
  /// its next rows; others have at most one.
  var pending: [Pending] = []

  /// Consecutive whole sessions without rows.
  struct Pending {
    var hole: SessionCheck.Hole
    var date: CivilDate
    /// Index of its last session.
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

  /// The part of a session in which it is expected: nothing before its first request.
  func wanted(_ session: Range<Int64>) -> Range<Int64> {
    guard let known = coverage.extent else { return session }
    let first = start == nil ? max(session.lowerBound, known.lowerBound) : session.lowerBound
    // A day that was fetched before it was over counts as requested.
    let isCut = end == nil && !coverage.endsOpen
    let last = isCut ? min(session.upperBound, known.upperBound) : session.upperBound
    return first < last ? first..<last : session
  }

  /// Whether nothing says that it trades after its last row.
  var endsWithItsRows: Bool { end == nil && !coverage.isKnown }

  /// Stock symbols have no digits; those of futures and options end with their month.
  static func expires(_ name: String, symbolTypes: Set<String>) -> Bool {
    if !symbolTypes.isEmpty, !symbolTypes.contains("raw_symbol") { return false }
    return name.utf8.contains { (0x30...0x39).contains($0) }
  }

  static func expiration(_ name: String) -> CivilDate? {
    // Names of other kinds have no expiration.
    (try? OptionSymbol(parsing: name))?.expiration
  }
}
