import Market
import Platform

/// The name of a table: `<layer>.<name>`, both snake_case.
public struct TableName: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The layers of a lake, in the order in which data passes through them.
  public static let layers = ["raw", "bars", "derived", "training", "quarantine", "ledger"]
  /// Layers that only `lake` itself fills: with names and properties that it relies on.
  private static let ownLayers: Set<String> = ["quarantine", "ledger"]
  /// Characters of a name at most: it is a folder's name.
  public static let letterCountMax = 128

  /// One of `layers`, like `raw`: the first folder of the table's path.
  public let layer: String
  /// The part after the dot: the second folder.
  public let name: String

  /// - Throws: `CatalogError.badName` unless the layer is known and the name is snake_case.
  public init(layer: String, name: String) throws(CatalogError) {
    let text = layer + "." + name
    guard Self.layers.contains(layer) else {
      throw CatalogError(
        .badName,
        "table '\(text)' has layer '\(layer)', expected one of "
          + Self.layers.map { "'\($0)'" }.joined(separator: ", "),
        remedy: NearestNames.question(layer, among: Self.layers))
    }
    guard Self.isSnakeCase(name), name.utf8.count <= Self.letterCountMax else {
      throw CatalogError(
        .badName,
        "table '\(text)' is not named by lower-case letters, digits and '_', beginning with a letter",
        remedy: "'\(layer).\(Self.snakeCase(name))'")
    }
    self.layer = layer
    self.name = name
  }

  /// Reads `raw.glbx_mdp3_trades`.
  public init(parsing text: String) throws(CatalogError) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw CatalogError(
        .badName,
        "'\(text)' is no table name, expected '<layer>.<name>' like 'raw.glbx_mdp3_trades'",
        remedy: "lake tables")
    }
    try self.init(layer: String(parts[0]), name: String(parts[1]))
  }

  /// Parses a table name that a user gives for rows, like `raw.mine`.
  public init(forRows text: String) throws(CatalogError) {
    try self.init(parsing: text)
    guard Self.ownLayers.contains(layer) else { return }
    throw CatalogError(
      .badName, "'\(text)' is no table for rows: lake itself fills the layer '\(layer)'",
      remedy: "'raw.\(name)'")
  }

  private init(uncheckedLayer layer: String, _ name: String) {
    self.layer = layer
    self.name = String(name.prefix(Self.letterCountMax))
  }

  /// The table of a vendor's dataset and record kind: `GLBX.MDP3`, `mbp-1` → `raw.glbx_mdp3_mbp_1`.
  public static func raw(dataset: String, kind: String) -> TableName {
    TableName(uncheckedLayer: "raw", snakeCase(dataset) + "_" + words(of: kind))
  }

  /// The table of bars made from `source`: `raw.equs_mini_ohlcv_1s`, `1m` → `bars.equs_mini_ohlcv_1m`;
  /// from ticks `raw.glbx_mdp3_trades`, `1m` → `bars.glbx_mdp3_trades_1m`.
  public static func bars(from source: TableName, interval: String) -> TableName {
    var words = source.name.split(separator: "_").map(String.init)
    if words.count >= 2, ["ohlcv", "bars"].contains(words[words.count - 2]),
      let last = words.last, Interval.parse(last) != nil
    {
      words.removeLast()
    }
    return TableName(
      uncheckedLayer: "bars", (words + [Self.words(of: interval)]).joined(separator: "_"))
  }

  /// The table for rows that `table` rejects.
  public static func quarantine(for table: TableName) -> TableName {
    let prefix = table.layer == "raw" ? "" : table.layer + "_"
    return TableName(uncheckedLayer: "quarantine", prefix + table.name)
  }

  /// A table of what the program records about the lake, like `coverage`.
  public static func ledger(_ name: String) -> TableName {
    TableName(uncheckedLayer: "ledger", snakeCase(name))
  }

  /// `<layer>.<name>`, as users type it.
  public var description: String { layer + "." + name }

  /// By layer in the order of `layers`, then by name.
  public static func < (left: TableName, right: TableName) -> Bool {
    let leftOrder = layers.firstIndex(of: left.layer) ?? layers.count
    let rightOrder = layers.firstIndex(of: right.layer) ?? layers.count
    return (leftOrder, left.name) < (rightOrder, right.name)
  }

  static func isSnakeCase(_ text: String) -> Bool {
    guard let first = text.utf8.first, (0x61...0x7A).contains(first) else { return false }
    return text.utf8.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
    }
  }

  /// A name: `words(of:)`, with a letter first.
  static func snakeCase(_ text: String) -> String {
    let name = words(of: text)
    if let first = name.utf8.first, (0x30...0x39).contains(first) { return "t_" + name }
    return name.isEmpty ? "unnamed" : name
  }

  /// Lower-case letters and digits, one `_` for every run of anything else.
  private static func words(of text: String) -> String {
    var result = ""
    for scalar in text.lowercased().unicodeScalars {
      let isWord =
        (0x61...0x7A).contains(scalar.value) || (0x30...0x39).contains(scalar.value)
      if isWord {
        result.unicodeScalars.append(scalar)
      } else if result.last != "_", !result.isEmpty {
        result += "_"
      }
    }
    while result.last == "_" { result.removeLast() }
    return result
  }
}
