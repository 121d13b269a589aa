import Columnar
import Market
import Platform

/// Reads a calendar file: `schemas/calendars/XNYS.yaml`.
struct CalendarParser {
  private static let keys = [
    "calendar", "description", "source", "timezone", "aliases", "first", "last", "hours", "idle",
    "holidays", "special", "utc_offsets",
  ]
  /// Years that fit into 64 bits of nanoseconds, with some margin.
  private static let years = 1700...2200
  private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

  private let text: String
  private let path: String

  /// - Parameter path: For error messages.
  init(_ text: String, path: String) {
    self.text = text
    self.path = path
  }

  func parse() throws(CatalogError) -> ExchangeCalendar {
    let root = try YAMLParser.parse(text, path: path)
    for entry in root.entries ?? [] where !Self.keys.contains(entry.key) {
      throw error(
        "unknown key '\(entry.key)'", entry.keyLine,
        NearestNames.question(entry.key, among: Self.keys))
    }
    let first = try date(try scalar(root, "first"), root["first"]?.line ?? root.line)
    let last = try date(try scalar(root, "last"), root["last"]?.line ?? root.line)
    if last < first { throw error("'last' is before 'first'", root["last"]?.line ?? root.line) }
    guard Self.years.contains(first.year), Self.years.contains(last.year) else {
      throw error(
        "dates from \(first.iso) to \(last.iso), expected \(Self.years.lowerBound) to "
          + "\(Self.years.upperBound)", root["first"]?.line ?? root.line)
    }
    let rules = try self.rules(root)
    guard let opening = rules.first, opening.firstDay <= first.daysSinceEpoch else {
      throw error("no hours on the first date, \(first.iso)", root["hours"]?.line ?? root.line)
    }
    let offsets = try self.offsets(root)
    guard let zero = offsets.first, zero.day < first.daysSinceEpoch else {
      throw error(
        "no offset from UTC before the first date, \(first.iso)",
        root["utc_offsets"]?.line ?? root.line)
    }
    return ExchangeCalendar(
      name: try scalar(root, "calendar"), description: root["description"]?.text ?? "",
      aliases: (root["aliases"]?.items ?? []).compactMap(\.text),
      source: root["source"]?.text ?? path, timeZoneName: try scalar(root, "timezone"),
      firstDate: first, lastDate: last, rules: rules, holidays: try holidays(root),
      special: try special(root), idle: try idle(root), offsets: offsets)
  }

  // MARK: - Members

  private func rules(_ root: YAMLNode) throws(CatalogError) -> [ExchangeCalendar.Rule] {
    var rules: [ExchangeCalendar.Rule] = []
    for entry in try entries(root, "hours") {
      let day = try date(entry.key, entry.keyLine).daysSinceEpoch
      let text = entry.value.text ?? ""
      let words = text.split(separator: " ", maxSplits: 1)
      guard words.count == 2, let mask = weekdayMask(String(words[0])),
        let hours = SessionHours(parsing: words[1])
      else {
        throw error(
          "hours '\(text)' are not like 'Mon-Fri 09:30 to 16:00'", entry.value.line, Self.hoursHelp)
      }
      if let last = rules.last, last.firstDay >= day { throw notRising(entry.keyLine) }
      rules.append(.init(firstDay: day, weekdays: mask, hours: hours))
    }
    return rules
  }

  private static let hoursHelp =
    "'09:30 to 12:00, 13:00 to 16:00', 'prev 17:00 to 17:00' for the evening before, rising times"

  private func weekdayMask(_ text: String) -> UInt8? {
    let ends = text.split(separator: "-").map { Self.weekdays.firstIndex(of: String($0)) }
    guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
      first <= last
    else { return nil }
    return (first...last).reduce(UInt8(0)) { $0 | 1 << UInt8($1) }
  }

  private func holidays(_ root: YAMLNode) throws(CatalogError) -> [Int] {
    var days: [Int] = []
    for (line, day, rest) in try yearly(root, "holidays", separator: " ") {
      if !rest.isEmpty { throw error("'\(rest)' after a date", line) }
      if let last = days.last, last >= day { throw notRising(line) }
      days.append(day)
    }
    return days
  }

  private func special(_ root: YAMLNode) throws(CatalogError)
    -> [ExchangeCalendar.Dated<SessionHours>]
  {
    var special: [ExchangeCalendar.Dated<SessionHours>] = []
    var seen: Set<Int> = []
    for entry in try entries(root, "special", isRequired: false) {
      let hours = try self.hours(entry.key, entry.keyLine)
      for word in (entry.value.text ?? "").split(separator: " ") {
        let day = try date(String(word), entry.value.line).daysSinceEpoch
        guard seen.insert(day).inserted else {
          throw error("'\(word)' has two kinds of special hours", entry.value.line)
        }
        special.append(.init(day: day, value: hours))
      }
    }
    return special.sorted { $0.day < $1.day }
  }

  private func idle(_ root: YAMLNode) throws(CatalogError)
    -> [ExchangeCalendar.Dated<SessionHours>]
  {
    var idle: [ExchangeCalendar.Dated<SessionHours>] = []
    for entry in try entries(root, "idle", isRequired: false) {
      let day = try date(entry.key, entry.keyLine).daysSinceEpoch
      if let last = idle.last, last.day >= day { throw notRising(entry.keyLine) }
      idle.append(.init(day: day, value: try hours(entry.value.text ?? "", entry.value.line)))
    }
    return idle
  }

  private func offsets(_ root: YAMLNode) throws(CatalogError) -> [ExchangeCalendar.Dated<Int>] {
    var offsets: [ExchangeCalendar.Dated<Int>] = []
    for (line, day, rest) in try yearly(root, "utc_offsets", separator: ",") {
      guard let minutes = Self.offsetMinutes(rest) else {
        throw error("offset '\(rest)' is not like '-05:00'", line)
      }
      if let last = offsets.last, last.day >= day { throw notRising(line) }
      offsets.append(.init(day: day, value: minutes))
    }
    return offsets
  }

  /// `-05:00` in minutes; nil for anything else.
  private static func offsetMinutes(_ text: String) -> Int? {
    guard let sign = text.first, sign == "+" || sign == "-",
      let hours = SessionHours(parsing: "00:00 to " + text.dropFirst())?.minuteCount
    else { return text == "+00:00" || text == "-00:00" ? 0 : nil }
    return sign == "-" ? -hours : hours
  }

  /// Values like `1990: "01-01 02-19"`: line, day and the text after the date.
  private func yearly(_ root: YAMLNode, _ key: String, separator: Character) throws(CatalogError)
    -> [(line: Int, day: Int, rest: String)]
  {
    var found: [(line: Int, day: Int, rest: String)] = []
    for entry in try entries(root, key, isRequired: key == "utc_offsets") {
      for part in (entry.value.text ?? "").split(separator: separator) {
        let words = part.split(separator: " ", maxSplits: 1).map(String.init)
        let day = try date("\(entry.key)-\(words.first ?? "")", entry.value.line)
        found.append(
          (entry.value.line, day.daysSinceEpoch, words.count > 1 ? words[1] : ""))
      }
    }
    return found
  }

  // MARK: - Values

  private func entries(_ root: YAMLNode, _ key: String, isRequired: Bool = true)
    throws(CatalogError) -> [YAMLNode.Entry]
  {
    guard let node = root[key] else {
      if isRequired { throw error("no key '\(key)'", root.line) }
      return []
    }
    guard let entries = node.entries else {
      throw error("'\(key)' is \(node.kindName), expected a group of keys", node.line)
    }
    return entries
  }

  private func scalar(_ root: YAMLNode, _ key: String) throws(CatalogError) -> String {
    guard let text = root[key]?.text else { throw error("no key '\(key)'", root.line) }
    return text
  }

  private func date(_ text: String, _ line: Int) throws(CatalogError) -> CivilDate {
    guard let date = CivilDate(iso: text) else {
      throw error("'\(text)' is no date like 2024-01-02", line)
    }
    return date
  }

  private func hours(_ text: String, _ line: Int) throws(CatalogError) -> SessionHours {
    guard let hours = SessionHours(parsing: text) else {
      throw error("hours '\(text)' are not like '09:30 to 16:00'", line, Self.hoursHelp)
    }
    return hours
  }

  private func notRising(_ line: Int) -> CatalogError {
    error("a date is not after the one before it", line)
  }

  private func error(_ message: String, _ line: Int, _ remedy: String? = nil) -> CatalogError {
    CatalogError(.badCalendar, message, place: .init(path: path, line: line), remedy: remedy)
  }
}
