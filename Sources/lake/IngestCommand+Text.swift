import Columnar
import CommandLineKit
import Ingest
import JSON
import Platform
import RowSources
import Storage

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

  /// The form of names that hold symbols.
  static func symbolPattern(
    _ arguments: inout Arguments, besides symbol: String?
  ) throws(UsageError) -> NamePattern? {
    guard let text = arguments.value("symbol-from-name") else { return nil }
    guard let pattern = NamePattern(parsing: text) else {
      throw arguments.bad(
        "symbol-from-name", text, "a file's name with {symbol} in it once, like '{symbol}_1d.csv'",
        nil)
    }
    if symbol != nil {
      throw arguments.bad("symbol-from-name", text, "only one of it and --symbol", nil)
    }
    return pattern
  }

  /// The files that the operands are; says what of folders is left out.
  ///
  /// - Parameter copies: Takes what of Delta tables must be copied.
  func listed(_ copies: () throws -> DeltaCopies, _ context: Context) throws -> InputPaths {
    var found = InputPaths(files: [])
    for path in paths {
      guard path != "-", DeltaCopies.isTable(path) else {
        found.append(InputPaths([path]))
        continue
      }
      do {
        found.append(try copies().inputs(of: path, in: context))
      } catch let error as Interrupted {
        throw error
      } catch {
        found.append(failure: error, of: path)
      }
    }
    if !found.others.isEmpty {
      let names = found.others.prefix(3).joined(separator: ", ")
      context.warn(
        "no files of data by their names, or hidden, and left out: \(names)"
          + (found.others.count > 3
            ? " and \(Quantity.count(found.others.count - 3)) other files" : ""))
    }
    if found.hasFolders && found.files.isEmpty && found.failures.isEmpty {
      context.warn("the folder has no files of data")
    }
    return found
  }

  /// Several files as they may stand on a command line: a pattern of the shell where it stands for just these.
  static func fileWords(_ paths: [String]) -> [String] {
    func folder(_ path: String) -> String {
      path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }
    func suffix(_ path: String) -> String {
      path.lastIndex(of: ".").map { String(path[$0...]) } ?? "/"
    }
    guard paths.count > 3, paths.allSatisfy({ !$0.hasSuffix("/") && !$0.hasPrefix("-") }),
      let first = paths.first,
      paths.allSatisfy({ folder($0) == folder(first) && suffix($0) == suffix(first) }),
      // Where the folder can't be listed, the files are named one by one.
      let entries = try? DirectoryStorage(root: folder(first)).list(""),
      entries.count(where: { suffix($0.name) == suffix(first) && !$0.name.hasPrefix(".") })
        == Set(paths).count
    else { return paths.map(ShellText.path) }
    let start = folder(first).isEmpty ? "" : ShellText.path(folder(first))
    return [start + "*" + ShellText.quoted(suffix(first))]
  }

  /// The words of the command line without the files.
  static func wordsWithoutFiles(_ paths: [String]) -> [String] {
    let files = Set(paths)
    // Flags that are added must not stand behind '--'.
    return CommandLine.arguments.dropFirst().filter {
      !files.contains($0) && $0 != "--plan" && $0 != "--"
    }
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
      if let wide = report.wideColumns[table] {
        line += ", \(wide.sorted().joined(separator: ", ")) as decimal(38,18)"
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
      ("error", plan.failure.map { .string(($0 as? any LakeError)?.message ?? "\($0)") } ?? .null),
    ]
    return JSONValue.object(JSONObject(members)).description
  }
}
