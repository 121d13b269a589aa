import Glibc
import Platform

/// What a command may print to and ask of its surroundings.
public struct Context: Sendable {
  /// Data, and nothing else.
  public let output: TextOutput
  /// Progress, warnings, summary.
  public let stderr: StandardError
  /// The process's environment.
  public let environment: [String: String]
  /// What relative paths begin at.
  public let workingDirectory: String
  /// The value of `--lake`.
  public let lakeFlag: String?
  /// Whether `--json` was given: one object a line.
  public let isJSON: Bool
  /// Whether standard output is for rows alone.
  let printsRows: Bool
  private let suggestions: SuggestedCommands
  /// Whether `--quiet` was given: errors only.
  public let isQuiet: Bool
  /// Whether `--verbose` was given.
  public let isVerbose: Bool
  /// Whether progress may be drawn: standard error is a terminal, and neither `--quiet` nor `--progress never`.
  public let hasProgress: Bool
  /// Style of standard output.
  public let style: Style
  /// Style of standard error.
  public let errorStyle: Style
  /// Name of the program, for messages.
  public let programName: String

  /// Whether standard output is a terminal.
  public let isTerminal: Bool

  /// Columns of the terminal, now.
  public var columns: Int {
    Terminal.columns((isTerminal ? output.descriptor : stderr.descriptor) ?? STDERR_FILENO)
  }

  /// Whether the command should stop: asked by Ctrl-C, to be polled between units of work.
  public var isInterrupted: Bool { Interruption.isRequested }

  /// Throws `Interrupted` or `OutputClosed` when there is no use in going on.
  public func checkInterruption() throws {
    if isInterrupted { throw Interrupted() }
    if output.isClosed { throw OutputClosed() }
  }

  init(
    output: TextOutput, stderr: TextOutput, environment: [String: String], workingDirectory: String,
    programName: String, lakeVerbs: Set<String> = [], printsRows: Bool = false,
    options: CommonOptions
  ) {
    suggestions = SuggestedCommands(program: programName, verbs: lakeVerbs, lake: options.lake)
    self.printsRows = printsRows
    let errorsGoToTerminal = stderr.descriptor.map(Terminal.isTerminal) ?? false
    let printsToTerminal = output.descriptor.map(Terminal.isTerminal) ?? false
    self.output = output
    self.stderr = StandardError(stderr)
    self.environment = environment
    self.workingDirectory = workingDirectory
    self.programName = programName
    isTerminal = printsToTerminal
    lakeFlag = options.lake
    isJSON = options.isJSON
    isQuiet = options.isQuiet
    isVerbose = options.isVerbose && !options.isQuiet
    hasProgress =
      errorsGoToTerminal && !options.isQuiet && options.progress != "never"
      && environment["TERM"] != "dumb"
    style = Style(
      isColored: options.isColored(onTerminal: printsToTerminal, environment: environment))
    errorStyle = Style(
      isColored: options.isColored(onTerminal: errorsGoToTerminal, environment: environment))
  }

  // MARK: - Data

  /// Prints a line for people: control characters of what it names are escaped.
  public func printText(_ line: String) { print(Escaping.controls(line)) }

  /// Prints a line of data: at once on a terminal, else when there is enough of it or at the end.
  public func print(_ line: String) {
    if isTerminal {
      stderr.withoutStatus {
        output.write(line + "\n")
        output.flush()
      }
    } else {
      output.write(line + "\n")
    }
  }

  /// Prints what `--json` says of the data: among them, or on standard error where those are rows.
  func print(json line: String) {
    if printsRows { stderr.write(line + "\n") } else { self.print(stderr.filtered(line)) }
  }

  // MARK: - Talk

  /// A text for people, in which commands of this program work on the lake that `--lake` named.
  public func suggestion(_ text: String) -> String { suggestions.completed(text) }

  /// Says something to the person: neither with `--quiet` nor with `--json`, whose objects say it. Control
  /// characters are escaped.
  public func say(_ line: String) {
    if !isQuiet && !isJSON { stderr.write(Escaping.controls(suggestion(line)) + "\n") }
  }

  /// Says a table to the person: neither with `--quiet` nor with `--json`.
  public func say(_ table: TextTable) {
    if !isQuiet && !isJSON {
      stderr.write(table.lines(style: errorStyle).map { $0 + "\n" }.joined())
    }
  }

  /// Says a detail: only with `--verbose`.
  public func detail(_ line: @autoclosure () -> String) {
    if isVerbose { stderr.write(errorStyle.dim(Escaping.controls(line())) + "\n") }
  }

  /// Says what should be looked at: not with `--quiet`.
  public func warn(_ message: String, place: String? = nil, remedy: String? = nil) {
    let (message, remedy) = (suggestion(message), remedy.map(suggestion))
    if isJSON {
      self.print(
        json: ErrorText.json("warning", message: message, code: nil, place: place, remedy: remedy))
    } else if !isQuiet {
      let label = errorStyle.yellow("warning:")
      stderr.write(
        ErrorText.lines(
          label, message: message, placeLines: place.map { [$0] } ?? [], remedy: remedy))
    }
  }

  /// Says what went wrong, in three lines, or as a JSON line with `--json`. Does not end the command.
  public func report(_ error: any Error) {
    var parts = ErrorText(error)
    parts.remedy = parts.remedy.map(suggestion)
    if !isJSON || !printsRows {
      stderr.write(
        ErrorText.lines(
          errorStyle.red("error:"), message: parts.message, placeLines: parts.placeLines,
          remedy: parts.remedy))
    }
    if isJSON {
      self.print(
        json: ErrorText.json(
          "error", message: parts.message, code: parts.code, place: parts.place,
          remedy: parts.remedy))
    }
  }
}

/// Values of the flags that every command takes.
struct CommonOptions: Sendable {
  var lake: String?
  var isJSON = false
  var isQuiet = false
  var isVerbose = false
  var color = "auto"
  var progress = "auto"

  /// Takes over what is given in `values`; later ones win.
  mutating func apply(_ values: [String: [String]]) {
    if let value = values["lake"]?.last { lake = value }
    if values["json"] != nil { isJSON = true }
    if values["quiet"] != nil { isQuiet = true }
    if values["verbose"] != nil { isVerbose = true }
    if let value = values["color"]?.last { color = value }
    if let value = values["progress"]?.last { progress = value }
  }

  func isColored(onTerminal: Bool, environment: [String: String]) -> Bool {
    switch color {
    case "always": true
    case "never": false
    default:
      onTerminal && environment["NO_COLOR"].map(\.isEmpty) ?? true && environment["TERM"] != "dumb"
    }
  }
}

/// The parts of an error that are printed.
struct ErrorText {
  var message: String
  var code: String?
  var place: String?
  var placeLines: [String] = []
  var remedy: String?

  init(_ error: any Error) {
    if let error = error as? any LakeError {
      message = error.message
      place = error.placeText
      placeLines = error.placeLines
      remedy = error.remedy
      code = error.codeText
    } else {
      message = String(describing: error)
      code = "unexpected"
    }
  }

  static func lines(
    _ label: String, message: String, placeLines: [String], remedy: String?
  ) -> String {
    var text = label + " " + Escaping.controls(message) + "\n"
    if !placeLines.isEmpty {
      text += "  at: " + placeLines.map(Escaping.controls).joined(separator: "\n") + "\n"
    }
    if let remedy { text += "  try: " + Escaping.controls(remedy) + "\n" }
    return text
  }

  static func json(
    _ type: String, message: String, code: String?, place: String?, remedy: String?
  ) -> String {
    var text = "{\"type\":" + Escaping.json(type)
    if let code { text += ",\"code\":" + Escaping.json(code) }
    text += ",\"message\":" + Escaping.json(message)
    if let place { text += ",\"place\":" + Escaping.json(place) }
    if let remedy { text += ",\"remedy\":" + Escaping.json(remedy) }
    return text + "}"
  }
}
