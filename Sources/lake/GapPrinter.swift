import Columnar
import CommandLineKit
import JSON
import Passes

/// Prints gaps as they are found: as JSON lines with `--json`, as table rows with `--verbose`.
final class GapPrinter {
  private let context: Context
  private let table: String
  private var hasHeader = false

  init(context: Context, table: String) {
    self.context = context
    self.table = table
  }

  func print(_ gap: Gap) {
    if context.isJSON {
      context.print(json(gap))
    } else if context.isVerbose {
      if !hasHeader {
        context.printText("\(table):")
        hasHeader = true
      }
      context.print(line(gap))
    }
  }

  /// Ends a table.
  func finish() { if hasHeader { context.print("") } }

  private func line(_ gap: Gap) -> String {
    let who = gap.symbol ?? (gap.symbolCount > 1 ? "\(gap.symbolCount) symbols" : "")
    var words = [gap.state.words]
    if !who.isEmpty { words.append(Escaping.controls(who)) }
    if gap.state == .marketClosed {
      words.append(gap.date.iso)
    } else {
      words.append(Self.time(gap.interval.lowerBound))
      words.append("to \(Self.time(gap.interval.upperBound))")
      if gap.sessionCount > 1 { words.append("\(Quantity.count(gap.sessionCount)) sessions") }
      if gap.missingSeconds > 0 { words.append("\(Self.duration(gap.missingSeconds)) missing") }
    }
    return "  " + words.joined(separator: "  ")
      + (gap.reason.map { ": \(Escaping.controls($0))" } ?? "")
  }

  private func json(_ gap: Gap) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "gap")
    json.member("table", table)
    json.member("state", gap.state.rawValue)
    json.member("symbol", gap.symbol)
    json.member("symbols", gap.symbolCount)
    json.member("session", gap.date.iso)
    json.member("sessions", gap.sessionCount)
    json.member("start", Self.time(gap.interval.lowerBound))
    json.member("end", Self.time(gap.interval.upperBound))
    json.member("missing_seconds", gap.missingSeconds)
    json.member("reason", gap.reason)
    json.member("needs_action", gap.state.needsAction)
    json.endObject()
    return json.string
  }

  static func json(_ report: GapReport) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "table")
    json.member("table", report.table)
    json.member("calendars", report.calendars)
    json.member("start", report.range.map { time($0.lowerBound) })
    json.member("end", report.range.map { time($0.upperBound) })
    json.member("sessions", report.sessionCount)
    json.member("half_days", report.halfDayCount)
    json.member("symbols", report.symbolCount)
    json.member("rows", report.rowCount)
    json.key("states")
    json.beginObject()
    for state in GapState.allCases {
      guard let tally = report.tallies[state] else { continue }
      json.key(state.rawValue)
      json.beginObject()
      json.member("gaps", tally.gapCount)
      json.member("symbols", tally.symbolCount)
      json.member("sessions", tally.sessionCount)
      json.member("missing_seconds", tally.missingSeconds)
      json.member("start", time(tally.interval.lowerBound))
      json.member("end", time(tally.interval.upperBound))
      json.endObject()
    }
    json.endObject()
    json.member("needs_action", report.needsAction)
    json.endObject()
    return json.string
  }

  /// An instant with as many fraction digits as needed.
  static func time(_ instant: Int64) -> String {
    let digits = instant % 1_000_000_000 == 0 ? 0 : instant % 1000 == 0 ? 6 : 9
    return TimeText.iso(nanoseconds: instant, digits: digits)
  }

  /// `45 m`, `6 h 30 m`, `12 d 03 h`; `-` for nothing countable.
  static func duration(_ seconds: Int64) -> String {
    if seconds == 0 { return "-" }
    if seconds < 60 { return "\(seconds) s" }
    if seconds < 3600 { return "\(seconds / 60) m" }
    if seconds < 86_400 * 2 { return "\(seconds / 3600) h \(two(seconds % 3600 / 60)) m" }
    return "\(Quantity.count(Int(seconds / 86_400))) d \(two(seconds % 86_400 / 3600)) h"
  }

  private static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
