import Market
import Platform

/// The configuration of a lake: every value in effect, and where it comes from.
public struct LakeConfig: Sendable {
  /// Where a value comes from.
  public enum Origin: Hashable, Sendable, CustomStringConvertible {
    case standard
    case line(Int)
    case environment(String)

    /// As `lake config show` prints it.
    public var description: String {
      switch self {
      case .standard: "default"
      case .line(let line): "lake.yaml line \(line)"
      case .environment(let name): "environment \(name)"
      }
    }
  }

  /// One value in effect.
  public struct Setting: Hashable, Sendable {
    /// Like `ingest.memory` or `downloads[0].symbols`.
    public let key: String
    /// A single value is a list of one.
    public let values: [String]
    /// Whether `values` is a list rather than a single value.
    public let isList: Bool
    /// Where the value comes from.
    public let origin: Origin

    /// As it would be written.
    public var text: String {
      isList ? "[" + values.joined(separator: ", ") + "]" : values.joined()
    }
  }

  /// Path of `lake.yaml`.
  public let path: String
  /// In the order of their declarations.
  public let settings: [Setting]
  /// The file's settings of keys and addresses, without the environment's.
  let secretSettings: [Setting]

  /// Reads and checks a file; throws the first mistake. `check` returns all.
  public init(path: String, environment: [String: String]) throws(CatalogError) {
    let text = try FileSystem.text(path)
    let (config, errors) = try Self.read(text, path: path, environment: environment)
    if var first = errors.first {
      first.remedy = first.remedy ?? "lake config check"
      throw first
    }
    self = config
  }

  /// Reads a configuration, and returns all its mistakes, by line.
  public static func check(path: String, environment: [String: String]) throws(CatalogError) -> (
    config: LakeConfig, errors: [CatalogError]
  ) {
    try read(try FileSystem.text(path), path: path, environment: environment)
  }

  static func read(_ text: String, path: String, environment: [String: String])
    throws(CatalogError) -> (config: LakeConfig, errors: [CatalogError])
  {
    let root = try YAMLParser.parse(text, path: path)
    var reader = ConfigReader(path: path, environment: environment)
    reader.read(root)
    var fileReader = ConfigReader(path: path, environment: [:])
    fileReader.read(root)
    let config = LakeConfig(
      path: path, settings: reader.settings, fileSettings: fileReader.settings)
    return (config, reader.errors)
  }

  private init(path: String, settings: [Setting], fileSettings: [Setting]) {
    self.path = path
    self.settings = settings
    secretSettings = fileSettings.filter { setting in
      guard case .line = setting.origin, setting.key.hasPrefix("vendors.") else { return false }
      return ["key_env", "key_file", "url"].contains { setting.key.hasSuffix("." + $0) }
    }
  }

  // MARK: - Values in effect

  /// The setting of a full key, like `passes[0].pass`; nil where there is none.
  public func setting(_ key: String) -> Setting? { settings.first { $0.key == key } }

  /// Indexes of the entries in `passes`.
  public var passIndices: [Int] {
    settings.compactMap { setting in
      guard setting.key.hasPrefix("passes["), setting.key.hasSuffix("].pass") else { return nil }
      return Int(setting.key.dropFirst("passes[".count).prefix { $0 != "]" })
    }
  }

  private func text(_ key: String) -> String? { setting(key)?.values.first }

  /// The least memory for a job.
  public static let memoryByteCountMin = 64_000_000

  /// Memory for one job, in bytes.
  public var memoryByteCount: Int { text("ingest.memory").flatMap(SizeText.parse) ?? 192_000_000 }

  /// Threads for one job.
  public var jobCount: Int { text("ingest.jobs").flatMap { Int($0) } ?? Parallel.width }

  /// Share of bad rows, in percent, above which an input fails.
  public var quarantinePercentMax: Int {
    text("ingest.quarantine_percent_max").flatMap { Int($0) } ?? 10
  }

  /// Intervals that `resample` makes by default, without duplicates.
  public var resampleIntervals: [Interval] {
    var intervals: [Interval] = []
    for interval in (setting("resample.intervals")?.values ?? []).compactMap(Interval.parse)
    where !intervals.contains(interval) {
      intervals.append(interval)
    }
    return intervals
  }

  /// The user's description of a table.
  public func tableDescription(_ table: TableName) -> String? {
    text("tables.\(table).description")
  }
}
