import Columnar
import CommandLineKit
import Ingest
import JSON
import RowSources

// Flags of text files, and what is shown of these before anything is read.

extension IngestCommand {
  static let textFlags: [FlagSpec] = [
    .option(
      "date-format", "FORM", help: "Form of times that could be several, like '%d/%m/%Y %H:%M'."),
    .option("decimal", "CHAR", help: "What begins the fraction of numbers: '.' or ','."),
    .option("thousands", "CHAR", help: "What stands between thousands, like '.' or ','."),
    .option("null", "TEXT", repeatable: true, help: "Text that stands for no value, like '-'."),
    .option("skip", "N", help: "Lines at the beginning of a text file that are left out."),
    .option("comment", "CHAR", help: "Lines that begin with it are left out, like '#'."),
    .option("encoding", "NAME", help: "Encoding of text, like GBK or ISO-8859-1."),
    .option("date", "DATE", help: "Date of rows whose times lack it, like 2024-01-02."),
    .switch("pad", help: "Rows that end early lack their last values."),
    .switch("wide", help: "Each column is a symbol: its values become a series."),
    .plan(help: "Show what is recognised of each text file, and what is missing; store nothing."),
  ]

  /// Reads the flags of text files.
  static func readTextFlags(
    _ arguments: inout Arguments, _ options: inout IngestOptions
  ) throws(UsageError) {
    if let text = arguments.value("date-format") {
      guard let form = TimePattern(parsing: text), form.hasDate else {
        throw arguments.bad(
          "date-format", text, "a form of dates, like '%d/%m/%Y' or '%m/%d/%y %I:%M %p'",
          "%Y year, %y two digits of it, %m month, %b its name, %d day, %H hour, %I hour of 12, %p AM or PM, %M "
            + "minute, %S second, %f fraction, %z offset, %Z zone")
      }
      options.dateFormat = form
    }
    let decimal = try arguments.choice("decimal", of: [".", ","])?.utf8.first
    let thousands = try byte("thousands", &arguments)
    if let thousands, thousands == decimal {
      throw arguments.bad(
        "thousands", arguments.value("thousands") ?? "", "another sign than --decimal", nil)
    }
    if decimal != nil || thousands != nil {
      let point = decimal ?? (thousands == 0x2E ? 0x2C : 0x2E)
      options.numbers = NumberStyle(
        decimal: point, thousands: thousands ?? (point == 0x2C ? 0x2E : 0x2C))
    }
    options.nullTexts = arguments.values("null")
    options.skippedLineCount = try arguments.integer("skip", in: 0...10_000)
    options.comment = try byte("comment", &arguments)
    options.encoding = arguments.value("encoding")
    if let text = arguments.value("date") {
      guard let date = CivilDate(iso: text) else {
        throw arguments.bad("date", text, "a date, like 2024-01-02", nil)
      }
      options.date = date.iso
    }
    options.padsRows = arguments.flag("pad")
    options.isWide = arguments.flag("wide")
  }

  /// The one character of a flag; `tab` is one.
  static func byte(_ name: String, _ arguments: inout Arguments) throws(UsageError) -> UInt8? {
    guard let text = arguments.value(name) else { return nil }
    let character = text == "tab" ? "\t" : text
    guard let byte = character.utf8.first, character.utf8.count == 1 else {
      throw arguments.bad(name, text, "one character, or 'tab'", nil)
    }
    return byte
  }

  /// The words of the command line without the files.
  static func wordsWithoutFiles(_ paths: [String]) -> [String] {
    let files = Set(paths)
    return CommandLine.arguments.dropFirst().filter { !files.contains($0) && $0 != "--plan" }
  }

  /// Says in a line a table what is in now, and how to look at it.
  func sayWhatIsIn(_ report: IngestReport, _ context: Context) {
    let stored = report.files.filter { $0.rowsStored > 0 && $0.tables.count == 1 }
    for (table, files) in Dictionary(grouping: stored, by: { $0.tables[0] }).sorted(by: {
      $0.key < $1.key
    }).prefix(5) {
      let count = files.reduce(0) { $0 + $1.rowsStored }
      var line = "\(Quantity.count(count)) rows into \(table)"
      let dates = files.compactMap(\.dates)
      if let first = dates.map(\.lowerBound).min(), let last = dates.map(\.upperBound).max() {
        let from = CivilDate(daysSinceEpoch: first).iso
        line += ", " + (first == last ? from : from + " … " + CivilDate(daysSinceEpoch: last).iso)
      }
      context.say(line + "; next: lake query \(table) -n 5")
    }
  }

  /// Shows what was recognised of each file.
  func show(_ plans: [IngestFilePlan], in context: Context) -> ExitStatus {
    var hasFailed = false
    for plan in plans {
      if context.isJSON {
        context.print(json(plan))
        continue
      }
      context.printText(plan.path)
      let width = plan.facts.map(\.label.count).max() ?? 0
      for (label, text) in plan.facts {
        let room = String(repeating: " ", count: width + 2 - label.count)
        context.printText("  " + label + room + text)
      }
      for what in plan.missing { context.printText("  missing: " + what) }
      if let command = plan.command { context.printText("  try: " + command) }
      if let failure = plan.failure { context.report(failure) }
    }
    hasFailed = plans.contains { $0.failure != nil }
    return hasFailed ? .failed : plans.contains { !$0.missing.isEmpty } ? .findings : .done
  }

  private func json(_ plan: IngestFilePlan) -> String {
    let members: [(String, JSONValue)] = [
      ("type", .string("file_plan")), ("path", .string(plan.path)),
      (
        "recognised",
        .object(JSONObject(plan.facts.map { ($0.label, JSONValue.string($0.text)) }))
      ),
      ("missing", .array(plan.missing.map { .string($0) })),
      ("command", plan.command.map { .string($0) } ?? .null),
      ("error", plan.failure.map { .string(($0 as? SourceError)?.message ?? "\($0)") } ?? .null),
    ]
    return JSONValue.object(JSONObject(members)).description
  }
}
