import HTTP

/// Keys for downloads and vendors.
extension ConfigKey {
  static func keys(of vendor: Vendor) -> [ConfigKey] {
    let common = [
      ConfigKey("key_env", .value(.variable)),
      ConfigKey("key_file", .value(.text)),
      ConfigKey(
        "url", .value(.url), default: vendor.standardURL, variable: vendor.urlVariable),
      ConfigKey("requests_per_second", .value(.integer(1...10_000))),
      ConfigKey("requests_per_minute", .value(.integer(1...600_000))),
    ]
    switch vendor {
    case .databento:
      return common + [
        ConfigKey("usd_max", .value(.amount)),
        ConfigKey("usd_month_max", .value(.amount)),
        ConfigKey("schema", .value(.vendorSchema), default: VendorConfig.schemaDefault),
        ConfigKey("batch_size_min", .value(.byteCount), default: "5GB"),
      ]
    case .massive: return common
    }
  }

  static let retry: [ConfigKey] = [
    ConfigKey("initial_wait", .value(.number(0...3600)), default: "1"),
    ConfigKey("base", .value(.number(1...100)), default: "2"),
    ConfigKey("max_wait", .value(.number(0...3600)), default: "60"),
    ConfigKey("max_attempts", .value(.integer(1...100)), default: "6"),
  ]

  static let timeouts: [ConfigKey] = [
    ConfigKey("connect", .value(.number(0.1...3600)), default: "15"),
    ConfigKey("stall", .value(.number(0.1...3600)), default: "100"),
  ]

  private static let optionKeys: [ConfigKey] = [
    ConfigKey("calls", .value(.integer(0...1000)), default: "2"),
    ConfigKey("puts", .value(.integer(0...1000)), default: "2"),
    ConfigKey("increment", .value(.amount), default: "0.5"),
    ConfigKey("expiry", .value(.choice(OptionDefaults.expiryRules)), default: "next_trading_day"),
    ConfigKey("mode", .value(.choice(OptionDefaults.modes)), default: "build"),
  ]

  static let optionDefaults: [ConfigKey] =
    optionKeys + [ConfigKey("range_pct", .value(.number(0...100)), default: "1")]

  static let download: [ConfigKey] =
    [
      ConfigKey("name", .value(.word)),
      ConfigKey("vendor", .value(.choice(Vendor.allCases.map(\.rawValue))), isRequired: true),
      ConfigKey("kind", .value(.choice(DownloadConfig.kinds))),
      ConfigKey("dataset", .value(.text)),
      ConfigKey("schemas", .list(.vendorSchema)),
      ConfigKey("symbols", .list(.text)),
      ConfigKey(
        "symbol_type", .value(.choice(["raw_symbol", "parent", "continuous", "instrument_id"]))),
      ConfigKey("underlying", .value(.text)),
      ConfigKey("start", .value(.time), isRequired: true),
      ConfigKey("end", .value(.time)),
      ConfigKey("usd_max", .value(.amount)),
      ConfigKey("timespan", .value(.choice(DownloadConfig.timespans))),
      ConfigKey("multiplier", .value(.integer(1...100_000))),
      ConfigKey("adjusted", .value(.choice(["true", "false"]))),
      ConfigKey("expiry_date", .value(.date)),
    ] + optionKeys.map { ConfigKey($0.name, $0.shape) }
}

/// What an entry of `downloads` must and may have: it depends on the vendor and the kind.
enum DownloadRule {
  private static let common: Set<String> = ["name", "vendor", "start", "end", "symbols"]
  private static let databento: Set<String> = ["dataset", "schemas", "symbol_type", "usd_max"]
  private static let bars: Set<String> = ["kind", "timespan", "multiplier", "adjusted"]
  private static let options: Set<String> = [
    "underlying", "calls", "puts", "increment", "expiry", "expiry_date", "mode",
  ]

  static func mistakes(_ items: [YAMLNode]) -> [ConfigMistake] {
    var mistakes: [ConfigMistake] = []
    var names: Set<String> = []
    for (index, item) in items.enumerated() {
      guard item.entries != nil else { continue }
      mistakes += Self.mistakes(item, index)
      guard let node = item["name"], let name = node.text, !names.insert(name).inserted else {
        continue
      }
      mistakes.append(
        ConfigMistake(item: index, line: node.line, message: "name '\(name)' stands twice"))
    }
    return mistakes
  }

  private static func mistakes(_ item: YAMLNode, _ index: Int) -> [ConfigMistake] {
    let isMassive = item["vendor"]?.text == Vendor.massive.rawValue
    let kind = item["kind"]?.text ?? ""
    var needed: [String] = isMassive ? ["kind", "symbols"] : ["dataset", "symbols"]
    var allowed = isMassive ? common.union(["kind"]) : common.union(databento)
    switch isMassive ? kind : "" {
    case "bars", "indices": allowed.formUnion(bars)
    case "options":
      needed = ["underlying"]
      allowed.formUnion(bars.union(options))
      allowed.remove("symbols")
      if item["expiry"]?.text == "fixed" { needed.append("expiry_date") }
    default: break
    }
    let missing = needed.filter { item[$0] == nil }.map {
      ConfigMistake(item: index, line: item.line, message: "key '\($0)' is missing")
    }
    // An unknown key is reported when the keys are read one by one.
    let known = Set(ConfigKey.download.map(\.name))
    let what =
      isMassive
      ? "a massive download" + (kind.isEmpty ? "" : " of \(kind)") : "a databento download"
    let extra = (item.entries ?? []).filter { known.contains($0.key) && !allowed.contains($0.key) }
    return missing
      + extra.map {
        ConfigMistake(
          item: index, line: $0.keyLine, message: "key '\($0.key)' says nothing to \(what)",
          remedy: "it takes " + allowed.sorted().joined(separator: ", "))
      }
  }
}
