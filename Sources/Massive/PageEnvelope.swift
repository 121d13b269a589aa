/// The members of a page beside its results.
public struct PageEnvelope: Sendable, Equatable {
  /// The ticker of the page.
  public var ticker: String?
  /// Whether prices are adjusted for splits.
  public var isAdjusted: Bool?
  /// Bars that the vendor aggregated.
  public var queryCount: Int64?
  /// The stated number of results.
  public var resultsCount: Int64?
  /// Differs from the number of results in some answers: never used.
  public var count: Int64?
  /// `OK`, `DELAYED` or another word.
  public var status: String?
  /// The vendor's id of the request.
  public var requestID: String?
  /// URL of the next page; nil on the last.
  public var nextURL: String?
  /// The vendor's `error` or `message`.
  public var message: String?
  /// Number of records in the page.
  public var recordCount = 0
  /// Records that made no row because they lie before the requested range.
  public var leftOutCount = 0
  /// Index times of the first and the last row read, in ns.
  public var firstTime: Int64?
  /// The last row's time in ns since 1970 UTC.
  public var lastTime: Int64?

  /// An empty envelope.
  public init() {}

  /// Whether the data are delayed, as the subscription has them: complete except for today's last minutes.
  public var isDelayed: Bool { status == "DELAYED" }

  /// Whether the vendor reports an error.
  public var isRefused: Bool {
    switch status {
    case nil, "OK", "DELAYED", "ok": false
    default: true
    }
  }

  /// Whether a page without results means that there are none: the vendor then leaves them out.
  var saysNone: Bool {
    let counts = [resultsCount, queryCount, count].compactMap { $0 }
    return !counts.isEmpty && counts.allSatisfy { $0 == 0 }
  }

  /// The error for a refusal.
  ///
  /// - Parameter what: What was requested, for the message.
  public func refusal(of what: String) -> MassiveError {
    let words = message ?? "status \(status ?? "?")"
    switch status {
    case "NOT_AUTHORIZED", "NOT_ENTITLED":
      return MassiveError(
        .notEntitled, "the plan of this key does not cover \(what): \(words)",
        remedy: "ask for less, or see the plan at the vendor's site")
    default: return MassiveError(.vendor, "the vendor refuses \(what): \(words)")
    }
  }
}

/// A record that is not stored, and why.
public struct RejectedRecord: Sendable, Equatable {
  /// Name of the rule in quarantine tables: `does_not_fit`, `null_required`, …
  public var rule: String
  /// What is wrong with it, in words.
  public var reason: String
  /// Index in its page.
  public var position: Int
  /// Offset of the record in its page.
  public var byteOffset: Int
  /// The record's symbol, if known.
  public var symbol: String?
  /// The record's time in ns since 1970 UTC, if known.
  public var timestamp: Int64?
  /// The record as JSON, as received.
  public var original: String
  /// A rejected record.
  public init(
    rule: String, reason: String, position: Int, byteOffset: Int, symbol: String? = nil,
    timestamp: Int64? = nil, original: String
  ) {
    self.rule = rule
    self.reason = reason
    self.position = position
    self.byteOffset = byteOffset
    self.symbol = symbol
    self.timestamp = timestamp
    self.original = original
  }
}
