import Catalog
import Columnar
import CommandLineKit
import Glibc
import JSON
import Market
import Platform

/// Lists the calendars, or the sessions of one.
struct CalendarCommand: Command {
  static let spec = CommandSpec(
    name: "calendar",
    summary: "List exchange calendars, or the sessions of one: half days, holidays, breaks.",
    operands: [
      OperandSpec(
        "NAME",
        help:
          "A calendar like XNYS, another name of it, or a dataset like GLBX.MDP3. Without it: all.",
        isOptional: true)
    ],
    flags: [
      .option("start", "DATE", help: "First session date (default: today)."),
      .option("end", "DATE", help: "Last session date, it included (default: 13 days after)."),
    ],
    notes: [
      "Opens and closes are UTC. A session has the date that its exchange gives it: at CME, Sunday"
        + " evening belongs to Monday.",
      "Calendars are built in; a lake's own schemas/calendars/NAME.yaml stands in their place.",
    ],
    examples: [
      Example("lake calendar", "which calendars there are, and what they were made from"),
      Example(
        "lake calendar XNYS --start 2024-11-25 --end 2024-12-31",
        "Thanksgiving, the half days and Christmas"),
      Example("lake calendar GLBX.MDP3 --json", "the next two weeks of CME Globex, as JSON"),
    ])

  static let dayCountDefault = 14

  let name: String?
  let start: CivilDate?
  let end: CivilDate?

  init(_ arguments: inout Arguments) throws(UsageError) {
    name = try arguments.optionalOperand("CALENDAR")
    start = try Self.date("start", arguments)
    end = try Self.date("end", arguments)
    if let start, let end, end < start {
      throw arguments.bad("end", end.iso, "a date not before --start \(start.iso)", nil)
    }
    if name == nil, start != nil || end != nil {
      throw UsageError(
        .missingOperand, "--start and --end need the name of a calendar",
        remedy: "lake calendar XNYS --start 2024-11-25", command: Self.spec.name)
    }
  }

  private static func date(_ flag: String, _ arguments: Arguments) throws(UsageError) -> CivilDate?
  {
    guard let text = arguments.value(flag) else { return nil }
    guard let date = CivilDate(iso: text) else {
      throw arguments.bad(flag, text, "a date like 2024-01-02", nil)
    }
    return date
  }

  func run(in context: Context) throws -> ExitStatus {
    let lake = try context.findLakeIfAny()
    guard let name else { return try list(in: context, lake) }
    let calendar =
      try ExchangeCalendar.of(dataset: name, in: lake) ?? ExchangeCalendar.named(name, in: lake)
    let first =
      start ?? end.map { CivilDate(daysSinceEpoch: $0.daysSinceEpoch - Self.dayCountDefault + 1) }
      ?? today()
    let last =
      end ?? CivilDate(daysSinceEpoch: first.daysSinceEpoch + Self.dayCountDefault - 1)
    let sessions = try calendar.sessions(
      from: first, to: CivilDate(daysSinceEpoch: last.daysSinceEpoch + 1))
    if context.isJSON {
      for session in sessions { context.print(json(session)) }
    } else if !sessions.isEmpty {
      context.print(table(sessions))
    }
    var summary = Summary()
    summary.add("calendar", .text(calendar.name))
    summary.add("source", .text(calendar.source))
    summary.add("first_date", label: "knows from", .text(calendar.firstDate.iso))
    summary.add("last_date", label: "to", .text(calendar.lastDate.iso))
    summary.add("sessions", .count(sessions.count))
    summary.add("half_days", .count(sessions.filter(\.isHalfDay).count))
    context.print(summary)
    return .done
  }

  // MARK: - All calendars

  private func list(in context: Context, _ lake: Lake?) throws -> ExitStatus {
    let calendars = try ExchangeCalendar.all(in: lake)
    var list = TextTable([
      ("NAME", .left), ("FROM", .left), ("TO", .left), ("TIME ZONE", .left), ("ALSO", .left),
      ("WHAT", .left),
    ])
    for calendar in calendars {
      list.add([
        calendar.name, calendar.firstDate.iso, calendar.lastDate.iso, calendar.timeZoneName,
        calendar.aliases.joined(separator: ","), calendar.description,
      ])
      if context.isJSON { context.print(json(calendar)) }
    }
    if !context.isJSON { context.print(list) }
    var summary = Summary()
    summary.add("calendars", .count(calendars.count))
    context.print(summary)
    return .done
  }

  private func json(_ calendar: ExchangeCalendar) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "calendar")
    json.member("calendar", calendar.name)
    json.member("description", calendar.description)
    json.member("aliases", calendar.aliases)
    json.member("source", calendar.source)
    json.member("timezone", calendar.timeZoneName)
    json.member("first_date", calendar.firstDate.iso)
    json.member("last_date", calendar.lastDate.iso)
    json.endObject()
    return json.string
  }

  // MARK: - Sessions

  private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

  private func table(_ sessions: [TradingSession]) -> TextTable {
    var list = TextTable([
      ("DATE", .left), ("DAY", .left), ("OPEN (UTC)", .left), ("CLOSE (UTC)", .left),
      ("BREAKS", .left), ("NOTE", .left),
    ])
    for session in sessions {
      let breaks = session.breaks.map {
        "\(Self.time($0.lowerBound).suffix(9)) to \(Self.time($0.upperBound).suffix(9))"
      }
      list.add([
        session.date.iso, Self.weekdays[session.date.isoWeekday - 1], Self.time(session.open),
        Self.time(session.close), breaks.isEmpty ? "-" : breaks.joined(separator: ", "),
        session.isHalfDay ? "half day" : "",
      ])
    }
    return list
  }

  private func json(_ session: TradingSession) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "session")
    json.member("date", session.date.iso)
    json.member("open", Self.time(session.open))
    json.member("close", Self.time(session.close))
    for (key, stretches) in [("breaks", session.breaks), ("idle", session.idle)] {
      json.key(key)
      json.beginArray()
      for stretch in stretches {
        json.beginObject()
        json.member("start", Self.time(stretch.lowerBound))
        json.member("end", Self.time(stretch.upperBound))
        json.endObject()
      }
      json.endArray()
    }
    json.member("half_day", session.isHalfDay)
    json.endObject()
    return json.string
  }

  private func today() -> CivilDate {
    CivilDate(daysSinceEpoch: Int(Clock.nanoseconds() / CivilDate.nanosecondsPerDay))
  }

  private static func time(_ instant: Int64) -> String {
    TimeText.iso(nanoseconds: instant, digits: 0)
  }
}
