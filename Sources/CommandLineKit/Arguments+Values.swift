import Platform

extension Arguments {
  /// Whether a switch is set.
  public func flag(_ name: String) -> Bool { !rawValues(name).isEmpty }

  /// A flag's name as it was given, which may be another than the one that it is declared by.
  public func written(_ name: String) -> String { spellings[name] ?? name }

  /// The value of a flag; nil when it is not given.
  public func value(_ name: String) -> String? { rawValues(name).last }

  /// All values of a repeatable flag, in the order given.
  public func values(_ name: String) -> [String] { rawValues(name) }

  /// The values of a flag that takes a comma-separated list (and may be repeated); empty when not given.
  ///
  /// Blanks around an item are none of it: `'SPY, QQQ'` is `SPY,QQQ`.
  public func list(_ name: String) throws(UsageError) -> [String] {
    var items: [String] = []
    for value in rawValues(name) {
      for part in value.split(separator: ",", omittingEmptySubsequences: false) {
        let item = Self.trimmed(part)
        if item.isEmpty {
          throw bad(name, value, "a list without empty items", "--\(written(name)) A,B")
        }
        items.append(String(item))
      }
    }
    return items
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    var rest = text.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
  }

  /// A whole number; nil when the flag is not given.
  public func integer(_ name: String, in range: ClosedRange<Int> = Int.min...Int.max)
    throws(UsageError) -> Int?
  {
    guard let text = value(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      let expected =
        range == Int.min...Int.max
        ? "a whole number"
        : range.upperBound == Int.max
          ? "a whole number of at least \(range.lowerBound)"
          : "a whole number from \(range.lowerBound) to \(range.upperBound)"
      throw bad(name, text, expected, nil)
    }
    return number
  }

  /// A number of bytes like `192MB`, `64 MiB`, `1g`; nil when the flag is not given.
  public func byteCount(_ name: String, minimum: Int = 1) throws(UsageError) -> Int? {
    guard let text = value(name) else { return nil }
    guard let count = SizeText.parse(text), count >= minimum else {
      throw bad(
        name, text, "a size of at least \(Quantity.bytes(minimum)) like '192MB'",
        "--\(written(name)) 192MB")
    }
    return count
  }

  /// One of the words in `choices`; nil when the flag is not given.
  public func choice(_ name: String, of choices: [String]) throws(UsageError) -> String? {
    guard let text = value(name) else { return nil }
    if choices.contains(text) { return text }
    throw bad(
      name, text, choices.map { "'\($0)'" }.joined(separator: ", "),
      NearestNames.question(text, among: choices))
  }

  /// An error about a flag's value, in the words of every such error.
  public func bad(_ name: String, _ value: String, _ expected: String, _ remedy: String?)
    -> UsageError
  {
    UsageError(
      .badValue, "flag '--\(written(name))' is '\(value)', expected \(expected)", remedy: remedy,
      command: spec.name)
  }

  /// Throws when more than one of the flags is given.
  public func requireAtMostOne(of names: [String]) throws(UsageError) {
    let given = names.filter { !rawValues($0).isEmpty }
    if given.count > 1 {
      throw UsageError(
        .contradiction,
        "flags '--\(written(given[0]))' and '--\(written(given[1]))' exclude each other",
        remedy: "keep one of them", command: spec.name)
    }
  }
}
