import Bytes
import Market

extension ExchangeCalendar {
  private static let folder = "/schemas/calendars"
  private static let datasetsName = "datasets.yaml"

  /// The calendar of a name or other name, whatever its letter case: the lake's own file where it has one,
  /// else the one that is built in.
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

  /// Every calendar, by name: a lake's own stand in place of those that are built in.
  public static func all(in lake: Lake? = nil) throws(CatalogError) -> [ExchangeCalendar] {
    var calendars: [String: ExchangeCalendar] = [:]
    for file in EmbeddedCalendars.files {
      let calendar = try builtIn(file)
      calendars[calendar.name] = calendar
    }
    for calendar in try own(of: lake) { calendars[calendar.name] = calendar }
    return calendars.values.sorted { $0.name < $1.name }
  }

  /// The calendar that tells when a symbol of a dataset trades; nil where no line of the table of datasets
  /// fits.
  ///
  /// - Parameters:
  ///   - dataset: Like `GLBX.MDP3` or `massive.stocks`.
  ///   - symbol: Matters where a dataset mixes markets: `massive.indices I:VIX`.
  public static func of(dataset: String, symbol: String? = nil, in lake: Lake? = nil)
    throws(CatalogError) -> ExchangeCalendar?
  {
    guard let name = try name(dataset: dataset, symbol: symbol, in: lake) else { return nil }
    return try named(name, in: lake)
  }

  /// The name of the calendar of a dataset's symbol, as the table of datasets gives it.
  public static func name(dataset: String, symbol: String? = nil, in lake: Lake? = nil)
    throws(CatalogError) -> String?
  {
    var texts = [(EmbeddedCalendars.datasets, "schemas/calendars/\(datasetsName) (built in)")]
    if let path = lake.map({ $0.root + folder + "/" + datasetsName }), FileSystem.isFile(path) {
      texts.insert((try FileSystem.text(path), path), at: 0)
    }
    for (text, path) in texts {
      let root = try YAMLParser.parse(text, path: path)
      guard let lines = root["calendars"]?.entries, root.entries?.count == 1 else {
        throw CatalogError(
          .badCalendar, "expected one group of keys, 'calendars'",
          place: .init(path: path, line: root.line))
      }
      for line in lines {
        let words = line.key.split(separator: " ", maxSplits: 1).map(String.init)
        guard let name = line.value.text, let first = words.first else {
          throw CatalogError(
            .badCalendar, "'\(line.key)' names no calendar",
            place: .init(path: path, line: line.keyLine))
        }
        guard fits(dataset, first) else { continue }
        if words.count == 1 || symbol.map({ fits($0, words[1]) }) == true { return name }
      }
    }
    return nil
  }

  /// Whether a text is the pattern, in which one `*` at the end stands for any letters.
  private static func fits(_ text: String, _ pattern: String) -> Bool {
    pattern.hasSuffix("*") ? text.hasPrefix(pattern.dropLast()) : text == pattern
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
    for name in FileSystem.names(in: lake.root + folder)
    where name.hasSuffix(".yaml") && name != datasetsName {
      let path = lake.root + folder + "/" + name
      calendars.append(try CalendarParser(try FileSystem.text(path), path: path).parse())
    }
    return calendars
  }
}
