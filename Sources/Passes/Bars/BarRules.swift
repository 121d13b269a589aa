import Market

/// Which trades count for bars, and for whose.
struct BarRules: Sendable {
  /// The hours in which trades count.
  var hours: TradeSessions.Hours
  /// Whether all publishers of a symbol are one.
  var isConsolidated: Bool

  /// Whether bars tell the date of their session.
  var hasSessions: Bool {
    if case .all = hours { return false }
    return true
  }
}
