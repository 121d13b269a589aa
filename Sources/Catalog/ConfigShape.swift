/// What `lake.yaml` may contain: the only declaration of its keys.
indirect enum ConfigShape: Sendable {
  case value(ConfigValueKind)
  /// `[a, b]`.
  case list(ConfigValueKind)
  /// Groups of keys, one per list item.
  case groups([ConfigKey])
  /// Groups of keys, one per list item; the rule checks keys of a group together.
  case ruledGroups([ConfigKey], @Sendable ([YAMLNode]) -> [ConfigMistake])
  /// Like `groups`, with further keys that are validated where they are read.
  case openGroups([ConfigKey])
  case group([ConfigKey])
  /// Any names of a kind, each with a group of keys.
  case named(ConfigValueKind, [ConfigKey])
  /// Any names of a kind, each with a value.
  case valueByName(ConfigValueKind, ConfigValueKind)
}

/// What a single value may be.
enum ConfigValueKind: Sendable {
  case text
  case integer(ClosedRange<Int>)
  /// A decimal number of at least 0, without exponent.
  case amount
  /// A decimal number, without exponent.
  case number(ClosedRange<Double>)
  case size
  /// A size in bytes, of any magnitude.
  case byteCount
  case jobs
  /// `2024-01-02`.
  case date
  case url
  /// A name of letters, digits, `-` and `_`.
  case word
  case interval
  /// `2024-01-02` or an instant `2024-01-02T14:30:00Z`.
  case time
  /// `06:30`.
  case timeOfDay
  case timezone
  case table
  /// A schema that Databento sells.
  case vendorSchema
  case variable
  case choice([String])
}

/// A mistake in keys that are valid one by one.
struct ConfigMistake: Sendable {
  /// Index of the list item.
  let item: Int
  let line: Int
  let message: String
  var remedy: String?
}

struct ConfigKey: Sendable {
  let name: String
  let shape: ConfigShape
  /// As it would be written; nil if there is none.
  let defaultText: String?
  let isRequired: Bool
  /// Environment variable that overrides it.
  let variable: String?

  init(
    _ name: String, _ shape: ConfigShape, default defaultText: String? = nil,
    isRequired: Bool = false, variable: String? = nil
  ) {
    self.name = name
    self.shape = shape
    self.defaultText = defaultText
    self.isRequired = isRequired
    self.variable = variable
  }

  /// The version of the file format.
  static let formVersion = 1

  /// All keys of `lake.yaml`.
  static let root: [ConfigKey] = [
    ConfigKey("version", .value(.integer(1...formVersion)), default: "1"),
    ConfigKey(
      "vendors", .group(Vendor.allCases.map { ConfigKey($0.rawValue, .group(keys(of: $0))) })),
    ConfigKey("retry", .group(retry)),
    ConfigKey("timeouts", .group(timeouts)),
    ConfigKey("options", .group(optionDefaults)),
    ConfigKey("downloads", .ruledGroups(download, DownloadRule.mistakes)),
    ConfigKey("ingest", .group(ingest)),
    ConfigKey(
      "resample",
      .group([ConfigKey("intervals", .list(.interval), default: "[15s, 30s, 1m]")])),
    ConfigKey("tables", .named(.table, [ConfigKey("description", .value(.text))])),
    ConfigKey(
      "passes",
      .openGroups([
        ConfigKey("pass", .value(.word), isRequired: true),
        ConfigKey("table", .value(.table), isRequired: true),
      ])),
    ConfigKey(
      "retention",
      .group([
        ConfigKey("tombstone_days", .value(.integer(1...36_500)), default: "30"),
        ConfigKey("tables", .valueByName(.table, .integer(1...36_500))),
      ])),
    ConfigKey("schedule", .groups(schedule)),
  ]

  private static let ingest = [
    ConfigKey("memory", .value(.size), default: "192MB", variable: "LAKE_MEMORY"),
    ConfigKey("jobs", .value(.jobs), default: "auto", variable: "LAKE_JOBS"),
    ConfigKey("quarantine_percent_max", .value(.integer(0...100)), default: "10"),
  ]

  private static let schedule = [
    ConfigKey("name", .value(.text), isRequired: true),
    ConfigKey("at", .value(.timeOfDay)),
    ConfigKey("every", .value(.interval)),
    ConfigKey("timezone", .value(.timezone)),
    ConfigKey(
      "days", .list(.choice(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))),
    ConfigKey("run", .list(.text), isRequired: true),
  ]
}
