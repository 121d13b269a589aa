/// What is looked for in bars.
public enum BarRule: String, Sendable, CaseIterable {
  case duplicate = "duplicate_timestamps"
  case backwards = "times_going_backwards"
  case highNotHighest = "high_below_open_or_close"
  case lowNotLowest = "low_above_open_or_close"
  case highBelowLow = "high_below_low"
  case noPrice = "undefined_prices"
  case negativePrice = "negative_prices"
  case negativeVolume = "negative_volumes"
  case ownRule = "schema_rules"
  case unreadableRow = "unreadable_rows"
  case missingColumn = "missing_columns"
  case otherVolume = "volume_differs_from_source"
  case unaligned = "unaligned_timestamps"
  case farPrice = "prices_far_from_neighbours"
  case outsideSession = "rows_outside_sessions"
  case gap = "gaps"

  /// Whether what breaks it is wrong, whatever the market did; else it should be looked at.
  public var isError: Bool {
    switch self {
    case .unaligned, .farPrice, .outsideSession, .gap: false
    default: true
    }
  }

  /// A line of the report.
  ///
  /// - Parameters:
  ///   - interval: Of the bars, as `15s`; nil where files have several.
  ///   - detail: What else there is to say; see `BarFindings.details`.
  func line(_ count: Int, interval: String?, detail: String?) -> String {
    let rows = count == 1 ? "1 row" : "\(count) rows"
    func counted(_ one: String, _ many: String) -> String {
      count == 1 ? "1 \(one)" : "\(count) \(many)"
    }
    switch self {
    case .duplicate: return counted("duplicate timestamp", "duplicate timestamps")
    case .backwards: return "\(rows) earlier than the row before of the same symbol"
    case .highNotHighest: return "\(rows) where high < open or close"
    case .lowNotLowest: return "\(rows) where low > open or close"
    case .highBelowLow: return "\(rows) where high < low"
    case .noPrice: return "\(rows) without a price"
    case .negativePrice: return "\(rows) with a negative price"
    case .negativeVolume: return "\(rows) with a negative volume"
    case .ownRule:
      return "\(rows) that break a rule of the schema" + (detail.map { ": " + $0 } ?? "")
    case .unreadableRow: return "\(rows) that cannot be read" + (detail.map { ": " + $0 } ?? "")
    case .missingColumn: return "missing columns" + (detail.map { ": " + $0 } ?? "")
    case .otherVolume:
      return counted("symbol and date", "symbols and dates")
        + " whose volume differs from the source's"
    case .unaligned:
      return counted("timestamp", "timestamps") + " not aligned to \(interval ?? "the interval")"
    case .farPrice: return "\(rows) with a price far from those before and after"
    case .outsideSession: return "\(rows) outside the sessions" + (detail.map { " of " + $0 } ?? "")
    case .gap: return counted("gap", "gaps") + " in a session" + (detail.map { ": " + $0 } ?? "")
    }
  }
}

/// A row that breaks a rule, for people.
public struct BarExample: Sendable {
  /// The file or partition.
  public var source: String
  /// Number of the row in it, from 1; nil where no one row is meant.
  public var row: Int?
  /// Start of the bar, in ns since 1970 UTC; nil where it is unknown.
  public var time: Int64?
  /// The symbol; empty where there is none.
  public var symbol: String
  /// Values that show it: `open=1 high=0.5`.
  public var values: String

  /// An example, as far as it is known.
  package init(
    source: String, row: Int? = nil, time: Int64? = nil, symbol: String = "", values: String
  ) {
    self.source = source
    self.row = row
    self.time = time
    self.symbol = symbol
    self.values = values
  }
}

/// Counts of what was found, with some examples.
public struct BarFindings: Sendable {
  /// Examples that are kept of each rule.
  static let exampleMax = 5

  /// How often each rule is broken.
  public private(set) var counts: [BarRule: Int] = [:]
  /// Some rows for each, the first ones.
  public private(set) var examples: [BarRule: [BarExample]] = [:]
  /// What else there is to say, each once.
  private(set) var details: [BarRule: [String]] = [:]

  /// Nothing found.
  public init() {}

  /// Whether nothing was found.
  public var isEmpty: Bool { counts.isEmpty }

  /// Adds rows that break a rule.
  ///
  /// - Parameters:
  ///   - detail: What there is to say of all of them, if anything.
  ///   - example: Called where one more is wanted.
  package mutating func add(
    _ rule: BarRule, count: Int = 1, detail: String? = nil, _ example: () -> BarExample?
  ) {
    if count == 0 { return }
    counts[rule, default: 0] += count
    if let detail, details[rule]?.contains(detail) != true {
      details[rule, default: []].append(detail)
    }
    if examples[rule, default: []].count < Self.exampleMax, let example = example() {
      examples[rule, default: []].append(example)
    }
  }

  /// Takes findings back that a second look counts better, with all examples of their rule.
  mutating func remove(_ rule: BarRule, count: Int) {
    let left = (counts[rule] ?? 0) - count
    counts[rule] = left > 0 ? left : nil
    examples[rule] = nil
  }

  mutating func add(_ other: BarFindings) {
    for (rule, count) in other.counts { counts[rule, default: 0] += count }
    for (rule, own) in other.examples {
      let room = Self.exampleMax - (examples[rule]?.count ?? 0)
      if room > 0 { examples[rule, default: []] += own.prefix(room) }
    }
    for (rule, own) in other.details {
      for detail in own where details[rule]?.contains(detail) != true {
        details[rule, default: []].append(detail)
      }
    }
  }

  /// The report's lines on errors, or on warnings.
  public func lines(isError: Bool, interval: String?) -> [String] {
    BarRule.allCases.filter { $0.isError == isError }.compactMap { rule in
      counts[rule].map { count in
        let known = details[rule] ?? []
        let detail =
          known.isEmpty
          ? nil : known.prefix(3).joined(separator: "; ") + (known.count > 3 ? "; …" : "")
        return rule.line(count, interval: interval, detail: detail)
      }
    }
  }
}
