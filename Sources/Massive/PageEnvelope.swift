/// What a page says beside its results.
public struct PageEnvelope: Sendable, Equatable {
  /// The symbol that the page is about.
  public var ticker: String?
  /// Whether prices are adjusted for splits.
  public var isAdjusted: Bool?
  /// Bars that the vendor looked at.
  public var queryCount: Int64?
  /// Results that the page says it has.
  public var resultsCount: Int64?
  /// Differs from the number of results in some of the vendor's answers: never relied on.
  public var count: Int64?
  /// `OK`, `DELAYED` or another word.
  public var status: String?
  /// The vendor's name for the request.
  public var requestID: String?
  /// Where the next page is; nil on the last.
  public var nextURL: String?
  /// The vendor's `error` or `message`.
  public var message: String?
  /// Records that stand in the page.
  public var recordCount = 0
  /// Those of them that made no row because they belong to what lies before the range asked for.
  public var leftOutCount = 0
  /// Index times of the first and the last row read, in ns.
  public var firstTime: Int64?
  /// The last row's time in ns since 1970 UTC.
  public var lastTime: Int64?

  /// A page that says nothing.
  public init() {}

  /// The data are as old as the plan has them: complete, but for the last minutes of today.
  public var isDelayed: Bool { status == "DELAYED" }

  /// The vendor does not count this as an answer.
  public var isRefused: Bool {
    switch status {
    case nil, "OK", "DELAYED", "ok": false
    default: true
    }
  }

  /// Whether a page without results says that there are none: the vendor leaves them out then.
  var saysNone: Bool {
    let counts = [resultsCount, queryCount, count].compactMap { $0 }
    return !counts.isEmpty && counts.allSatisfy { $0 == 0 }
  }

  /// What a refusal means.
  ///
  /// - Parameter what: What was asked for, for the message.
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
  /// As in quarantine tables: `does_not_fit`, `null_required`, …
  public var rule: String
  /// What is wrong with it, in words.
  public var reason: String
  /// Position in its page, from 0.
  public var position: Int
  /// Byte of the record in its page.
  public var byteOffset: Int
  /// The record's symbol, where it is known.
  public var symbol: String?
  /// The record's time in ns since 1970 UTC, where it is known.
  public var timestamp: Int64?
  /// JSON, as it stood.
  public var original: String
  /// A record that is no row.
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
