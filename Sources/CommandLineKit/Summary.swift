/// What a command did, in figures: aligned lines on standard error, or the last JSON line with `--json`.
public struct Summary: Sendable {
  /// A figure and its unit.
  public enum Value: Sendable {
    case count(Int)
    case bytes(Int)
    case seconds(Double)
    /// Per second.
    case rate(Double)
    case text(String)
    case texts([String])
    case flag(Bool)
    /// Counts by name, like symbols by resolution step.
    case counts([(name: String, count: Int)])
  }

  /// The figures, in their order; `key` names them in JSON.
  public private(set) var entries: [(key: String, label: String, value: Value)] = []
  /// Figures that get no line for people where there is nothing to count; JSON has them all.
  private var quietKeys: Set<String> = []

  /// No figures.
  public init() {}

  /// Adds a figure.
  ///
  /// - Parameters:
  ///   - key: Name in JSON, snake_case.
  ///   - label: Name for people; nil uses the key with spaces.
  public mutating func add(_ key: String, label: String? = nil, _ value: Value) {
    let spaced = key.split(separator: "_").joined(separator: " ")
    entries.append((key, label ?? spaced, value))
  }

  /// Adds a figure that is worth a line for people only if it is not zero; JSON always has it.
  public mutating func addQuietly(_ key: String, label: String? = nil, _ value: Value) {
    quietKeys.insert(key)
    add(key, label: label, value)
  }

  private static func isZero(_ value: Value) -> Bool {
    switch value {
    case .count(let count), .bytes(let count): count == 0
    case .counts(let counts): counts.isEmpty
    case .rate(let rate): rate == 0
    default: false
    }
  }

  /// Adds a count that is worth a line only where there is something to count.
  public mutating func addIfAny(_ key: String, label: String? = nil, _ count: Int) {
    if count > 0 { add(key, label: label, .count(count)) }
  }

  /// The JSON object, `{"type":"summary",…}`.
  public var json: String {
    var text = "{\"type\":\"summary\""
    for entry in entries {
      text += "," + Escaping.json(entry.key) + ":" + Self.json(entry.value)
    }
    return text + "}"
  }

  /// The lines for people.
  public var lines: [String] {
    let entries = entries.filter { !quietKeys.contains($0.key) || !Self.isZero($0.value) }
    let width = entries.map(\.label.count).max() ?? 0
    return entries.map { entry in
      entry.label + String(repeating: " ", count: width + 2 - entry.label.count)
        + Escaping.controls(Self.text(entry.value))
    }
  }

  private static func text(_ value: Value) -> String {
    switch value {
    case .count(let count): Quantity.count(count)
    case .bytes(let count): Quantity.bytes(count)
    case .seconds(let seconds): Quantity.duration(seconds)
    case .rate(let rate): rate.isFinite ? Quantity.count(Int(min(rate, 9e18))) + "/s" : "-"
    case .text(let text): text
    case .texts(let texts): texts.isEmpty ? "none" : texts.joined(separator: ", ")
    case .flag(let flag): flag ? "yes" : "no"
    case .counts(let counts):
      counts.isEmpty
        ? "none" : counts.map { "\($0.name) \(Quantity.count($0.count))" }.joined(separator: ", ")
    }
  }

  private static func json(_ value: Value) -> String {
    switch value {
    case .count(let count), .bytes(let count): String(count)
    case .seconds(let seconds): Quantity.fixed(seconds, digits: 6)
    case .rate(let rate): rate.isFinite ? Quantity.fixed(rate, digits: 1) : "null"
    case .text(let text): Escaping.json(text)
    case .texts(let texts): "[" + texts.map { Escaping.json($0) }.joined(separator: ",") + "]"
    case .flag(let flag): String(flag)
    case .counts(let counts):
      "{" + counts.map { Escaping.json($0.name) + ":\($0.count)" }.joined(separator: ",") + "}"
    }
  }
}

extension Context {
  /// Ends a command's output: the JSON summary with `--json`, else the figures on stderr.
  public func print(_ summary: Summary) {
    if isJSON {
      self.print(json: summary.json)
    } else if !isQuiet {
      stderr.write(summary.lines.map { $0 + "\n" }.joined())
    }
  }
}
