import Market
import Platform

extension ExchangeCalendar {
  fileprivate static let folder = "/schemas/calendars"
  fileprivate static let datasetsName = "datasets.yaml"

  /// The calendar of a name or alias, ignoring case: the lake's own file if it has one, else the built-in one.
  public static func named(_ name: String, in lake: Lake? = nil) throws(CatalogError)
    -> ExchangeCalendar
  {
    let wanted = name.uppercased()
    for calendar in try own(of: lake)
    where ([calendar.name] + calendar.aliases).contains(where: { $0.uppercased() == wanted }) {
      return calendar
    }
    for file in EmbeddedCalendars.files where file.names.contains(wanted) {
      return try builtIn(file)
    }
    let known = EmbeddedCalendars.files.flatMap(\.names)
    throw CatalogError(
      .unknownCalendar, "unknown calendar '\(name)'",
      remedy: NearestNames.question(name, among: known) ?? "lake calendar")
  }

  /// Every calendar, by name: a lake's own replace built-in ones of the same name.
  public static func all(in lake: Lake? = nil) throws(CatalogError) -> [ExchangeCalendar] {
    var calendars: [String: ExchangeCalendar] = [:]
    for file in EmbeddedCalendars.files {
      let calendar = try builtIn(file)
      calendars[calendar.name] = calendar
    }
    for calendar in try own(of: lake) { calendars[calendar.name] = calendar }
    return calendars.values.sorted { $0.name < $1.name }
  }

  /// The calendar of a dataset's symbol; nil if no line in the table of datasets matches.
  ///
  /// - Parameters:
  ///   - dataset: Like `GLBX.MDP3` or `massive.stocks`.
  ///   - symbol: Needed if a dataset mixes markets: `massive.indices I:VIX`.
  public static func of(dataset: String, symbol: String? = nil, in lake: Lake? = nil)
    throws(CatalogError) -> ExchangeCalendar?
  {
    let name = try DatasetCalendars(in: lake).name(dataset: dataset, symbol: symbol)
    guard let name else { return nil }
    return try named(name, in: lake)
  }

  private static func builtIn(_ file: (names: [String], text: String)) throws(CatalogError)
    -> ExchangeCalendar
  {
    let name = fileName(file.names.first ?? "")
    return try CalendarParser(file.text, path: "schemas/calendars/\(name) (built in)").parse()
  }

  /// The calendars in a lake's `schemas/calendars` folder.
  private static func own(of lake: Lake?) throws(CatalogError) -> [ExchangeCalendar] {
    guard let lake else { return [] }
    var calendars: [ExchangeCalendar] = []
    for name in try FileSystem.names(in: lake.root + folder)
    where name.hasSuffix(".yaml") && name != datasetsName {
      let path = lake.root + folder + "/" + name
      calendars.append(try CalendarParser(try FileSystem.text(path), path: path).parse())
    }
    return calendars
  }
}

/// Which calendar belongs to which dataset: the lines of `schemas/calendars/datasets.yaml`.
public struct DatasetCalendars: Sendable {
  private struct Line {
    var dataset: String
    /// nil for all.
    var symbol: String?
    var calendar: String
  }

  private var lines: [Line] = []

  /// Reads the built-in lines, after those of the lake.
  public init(in lake: Lake? = nil) throws(CatalogError) {
    let name = ExchangeCalendar.datasetsName
    if let path = lake.map({ $0.root + ExchangeCalendar.folder + "/" + name }),
      try FileSystem.isFile(path)
    {
      try add(try FileSystem.text(path), path: path)
    }
    try add(EmbeddedCalendars.datasets, path: "schemas/calendars/\(name) (built in)")
  }

  private mutating func add(_ text: String, path: String) throws(CatalogError) {
    let root = try YAMLParser.parse(text, path: path)
    guard let entries = root["calendars"]?.entries, root.entries?.count == 1 else {
      throw CatalogError(
        .badCalendar, "expected one group of keys, 'calendars'",
        place: .init(path: path, line: root.line))
    }
    for entry in entries {
      let words = entry.key.split(separator: " ", maxSplits: 1).map(String.init)
      guard let calendar = entry.value.text, let dataset = words.first else {
        throw CatalogError(
          .badCalendar, "'\(entry.key)' names no calendar",
          place: .init(path: path, line: entry.keyLine))
      }
      lines.append(
        Line(dataset: dataset, symbol: words.count > 1 ? words[1] : nil, calendar: calendar))
    }
  }

  /// The name of the calendar of a dataset's symbol; nil if no line matches.
  public func name(dataset: String, symbol: String? = nil) -> String? {
    lines.first { line in
      guard Self.fits(dataset, line.dataset) else { return false }
      guard let pattern = line.symbol else { return true }
      return symbol.map { Self.fits($0, pattern) } ?? false
    }?.calendar
  }

  /// Whether a text matches the pattern, in which a final `*` stands for any characters.
  private static func fits(_ text: String, _ pattern: String) -> Bool {
    pattern.hasSuffix("*") ? text.hasPrefix(pattern.dropLast()) : text == pattern
  }
}
