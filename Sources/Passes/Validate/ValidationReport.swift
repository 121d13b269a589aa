import Columnar
import Platform

/// What was found in some tables and files.
public struct ValidationReport: Sendable {
  /// A table or file that was looked at.
  public struct Part: Sendable {
    /// The table's name, or the file's path.
    public var name: String
    /// Length of its bars, as `15s`; nil where nothing tells.
    public var interval: String?
    /// What is wrong with it.
    public var findings = BarFindings()
    /// Rows that were read.
    public var rowCount = 0
    /// Partitions without a finding; of a file 1 or 0.
    public var passedCount = 0
    /// Partitions with one.
    public var failedCount = 0
    /// Partitions, or files, that could not be read, and why.
    public var errors: [(name: String, error: any Error)] = []

    /// A part of which nothing was read yet.
    public init(name: String, interval: String? = nil) {
      self.name = name
      self.interval = interval
    }
  }

  /// The first line of a report.
  public static let title = "OHLCV VALIDATION REPORT"

  /// In the order in which they were looked at.
  public var parts: [Part] = []
  /// Whether it was stopped before the end.
  public var isInterrupted = false

  /// Nothing looked at yet.
  public init() {}

  /// What was found in all parts together.
  public var findings: BarFindings {
    parts.reduce(into: BarFindings()) { $0.add($1.findings) }
  }

  /// Rows of all parts.
  public var rowCount: Int { parts.reduce(0) { $0 + $1.rowCount } }
  /// Files and partitions without a finding.
  public var passedCount: Int { parts.reduce(0) { $0 + $1.passedCount } }
  /// Files and partitions with one.
  public var failedCount: Int { parts.reduce(0) { $0 + $1.failedCount } }
  /// Files and partitions that could not be read.
  public var unreadCount: Int { parts.reduce(0) { $0 + $1.errors.count } }

  /// Counts of errors, or of warnings.
  public func count(isError: Bool) -> Int {
    lines(isError: isError).count
  }

  /// The lines on errors, or on warnings: one a rule, of all parts together.
  public func lines(isError: Bool) -> [String] {
    findings.lines(isError: isError, interval: commonInterval)
  }

  private var commonInterval: String? {
    let intervals = Set(parts.filter { !$0.findings.isEmpty }.map(\.interval))
    return intervals.count == 1 ? intervals.first ?? nil : nil
  }

  /// The report as a text file.
  ///
  /// - Parameter now: ns since 1970 UTC.
  public func text(now: Int64) -> String {
    var lines = [
      Self.title, "Generated: " + TimeText.iso(nanoseconds: now, digits: 0), "",
    ]
    for (title, isError) in [("ERRORS FOUND", true), ("WARNINGS", false)] {
      let own = self.lines(isError: isError)
      lines.append("\(title): \(own.count)")
      lines += own.map { "  - " + $0 }
      lines.append("")
    }
    lines.append("Rows checked: \(rowCount)")
    lines.append("Files or partitions passed: \(passedCount)")
    lines.append("Files or partitions failed: \(failedCount + unreadCount)")
    let unread = parts.flatMap(\.errors)
    if !unread.isEmpty {
      lines += ["", "Could not be read:"]
      lines += unread.map { "  - \($0.name): \($0.error.validationText)" }
    }
    for part in parts where parts.count > 1 && !part.findings.isEmpty {
      lines += ["", part.name + (part.interval.map { " (\($0))" } ?? "")]
      for isError in [true, false] {
        lines += part.findings.lines(isError: isError, interval: part.interval).map { "  - " + $0 }
      }
    }
    lines += exampleLines
    return lines.joined(separator: "\n") + "\n"
  }

  private var exampleLines: [String] {
    var lines: [String] = []
    let found = findings
    for rule in BarRule.allCases {
      guard let examples = found.examples[rule], let count = found.counts[rule] else { continue }
      lines += ["", "Examples, \(rule.rawValue) (\(min(count, examples.count)) of \(count)):"]
      lines += examples.map { "  " + $0.text }
    }
    return lines
  }
}

extension BarExample {
  /// One line: where, when, which symbol, which values.
  public var text: String {
    var parts = [source]
    if let row { parts.append("row \(row)") }
    if let time {
      parts.append(TimeText.iso(nanoseconds: time, digits: time % 1_000_000_000 == 0 ? 0 : 9))
    }
    if !symbol.isEmpty { parts.append(symbol) }
    if !values.isEmpty { parts.append(values) }
    return parts.joined(separator: "  ")
  }
}

extension Error {
  /// One line for a report.
  fileprivate var validationText: String {
    guard let error = self as? any LakeError else { return "\(self)" }
    return error.message + (error.placeText.map { " (\($0))" } ?? "")
  }
}
