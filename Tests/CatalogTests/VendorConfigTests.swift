import Foundation
import HTTP
import TestSupport
import Testing

@testable import Catalog

@Suite struct VendorConfigTests {
  private func config(_ text: String, _ environment: [String: String] = [:]) throws -> LakeConfig {
    let (config, errors) = try LakeConfig.read(
      text, path: "lake.yaml", environment: environment)
    #expect(errors.isEmpty, "\(errors.map(\.message))")
    return config
  }

  private func mistakes(_ text: String) throws -> [String] {
    try LakeConfig.read(text, path: "lake.yaml", environment: [:]).errors.map {
      "line \($0.place.line ?? 0): \($0.message)"
    }
  }

  @Test func defaultsOfTheRetryPolicyAreThoseOfItsType() throws {
    let config = try config("")
    #expect(config.retryPolicy == RetryPolicy())
    for key in ["initial_wait", "base", "max_wait", "max_attempts"] {
      #expect(config.setting("retry.\(key)")?.origin == .standard)
    }
    let changed = try self.config(
      "retry: {initial_wait: 0.25, base: 1.5, max_wait: 4, max_attempts: 3}")
    #expect(
      changed.retryPolicy
        == RetryPolicy(initialWait: 0.25, base: 1.5, maxWait: 4, maxAttempts: 3))
  }

  @Test func theEnvironmentOverridesAnAddress() throws {
    let standard = try config("").vendor(.databento)
    #expect(standard.url == "https://hist.databento.com/v0")
    #expect(standard.schema == "ohlcv-1d")
    #expect(standard.batchByteCountMin == 5_000_000_000)
    let local = try config("", ["LAKE_DATABENTO_URL": "http://127.0.0.1:9/v0"])
    #expect(local.vendor(.databento).url == "http://127.0.0.1:9/v0")
    #expect(local.vendor(.massive).url == "https://api.massive.com")
    #expect(
      try mistakes("vendors: {massive: {url: \"http://api.example\"}}") == [
        "line 1: 'vendors.massive.url' is 'http://api.example', expected an address like https://host"
      ])
  }

  @Test func moneyIsExact() throws {
    let vendor = try config("vendors: {databento: {usd_max: 0.1, usd_month_max: 50}}")
      .vendor(.databento)
    #expect(vendor.costMax == 100_000_000)
    #expect(vendor.monthCostMax == 50_000_000_000)
    // More digits than nano-dollars must not turn into "no limit".
    #expect(
      try mistakes("vendors: {databento: {usd_max: 0.1234567891}}") == [
        "line 1: 'vendors.databento.usd_max' is '0.1234567891', expected a number like 10 or 2.50"
      ])
  }

  @Test func readsBothKindsOfRates() throws {
    #expect(
      try config("vendors: {massive: {requests_per_minute: 5}}").vendor(.massive).rateLimit
        == RateLimit(count: 5, seconds: 60))
    #expect(
      try config("vendors: {massive: {requests_per_second: 7}}").vendor(.massive).rateLimit
        == RateLimit(count: 7, seconds: 1))
  }

  @Test func downloadsOfEachKindAreRead() throws {
    let config = try config(
      """
      options: {calls: 3, increment: 0.25}
      downloads:
        - {name: a, vendor: databento, dataset: GLBX.MDP3, symbols: [ES.c.0], symbol_type: continuous, start: 2024-01-01}
        - {name: b, vendor: massive, kind: bars, symbols: [SPY], timespan: hour, multiplier: 2, adjusted: true, start: 2024-01-01, end: 2024-01-31}
        - {name: c, vendor: massive, kind: options, underlying: SPY, puts: 1, expiry: fixed, expiry_date: 2024-02-02, start: 2024-01-01}
        - {vendor: massive, kind: news, symbols: [SPY], start: 2024-01-01}
      """)
    let all = config.downloads
    #expect(all.map(\.name) == ["a", "b", "c", nil])
    #expect(all[0].schemas.isEmpty && all[0].symbolType == "continuous")
    #expect(all[1].isAdjusted == true && all[1].multiplier == 2 && all[1].timespan == "hour")
    #expect(all[2].options.callCount == 3 && all[2].options.putCount == 1)
    #expect(all[2].options.increment == 250_000_000 && all[2].expiryDate?.iso == "2024-02-02")
    #expect(all[3].kind == "news")
    #expect(try config.requireDownload(named: "b").end == "2024-01-31")
    let error = #expect(throws: CatalogError.self) { try config.requireDownload(named: "bb") }
    #expect(error?.remedy == "did you mean 'b'?" || error?.remedy?.hasPrefix("there are") == true)
  }

  @Test func reportsMissingAndIrrelevantSettingsOfADownload() throws {
    let found = try mistakes(
      """
      downloads:
        - {name: a, vendor: massive, symbols: [SPY], dataset: X, start: 2024-01-01}
        - {name: a, vendor: massive, kind: options, symbols: [SPY], start: 2024-01-01, expiry: fixed}
        - {vendor: databento, dataset: X, symbols: [ES], timespan: day, start: 2024-01-01}
      """)
    #expect(
      found == [
        "line 2: key 'kind' is missing in 'downloads[0]'",
        "line 2: key 'dataset' says nothing to a massive download in 'downloads[0]'",
        "line 3: key 'underlying' is missing in 'downloads[1]'",
        "line 3: key 'expiry_date' is missing in 'downloads[1]'",
        "line 3: key 'symbols' says nothing to a massive download of options in 'downloads[1]'",
        "line 3: name 'a' stands twice in 'downloads[1]'",
        "line 4: key 'timespan' says nothing to a databento download in 'downloads[2]'",
      ])
  }
}

@Suite struct VendorKeyTests {
  private func find(
    _ vendor: Vendor = .databento, _ environment: [String: String] = [:], folder: String = "/",
    root: String? = nil, config: VendorConfig? = nil
  ) throws -> (text: String, origin: String) {
    let secret = try VendorKey.find(
      vendor, environment: environment, workingDirectory: folder, lakeRoot: root, config: config)
    return (secret.withText { $0 }, secret.origin)
  }

  private func config(_ text: String) throws -> VendorConfig {
    try LakeConfig.read("vendors: {databento: {\(text)}}", path: "x", environment: [:]).config
      .vendor(.databento)
  }

  @Test func theEnvironmentGoesFirst() throws {
    let folder = TemporaryFolder()
    try write("DATABENTO_API_KEY=db-file\n", folder.path + "/.env", 0o600)
    let found = try find(
      .databento, ["DATABENTO_API_KEY": "db-variable"], folder: folder.path)
    #expect(found == ("db-variable", "DATABENTO_API_KEY"))
  }

  @Test func massiveHasAnOlderVariable() throws {
    #expect(try find(.massive, ["POLYGON_API_KEY": "old"]).text == "old")
    #expect(try find(.massive, ["POLYGON_API_KEY": "old", "MASSIVE_API_KEY": "new"]).text == "new")
    #expect(try find(.massive, ["POLYGON_API_KEY": "old", "MASSIVE_API_KEY": ""]).text == "old")
  }

  @Test func anEmptyValueIsNone() {
    let error = #expect(throws: CatalogError.self) {
      try find(.databento, ["DATABENTO_API_KEY": ""])
    }
    #expect(error?.code == .noKey)
    #expect(error?.message == "no key for Databento: 'DATABENTO_API_KEY' is empty")
    let neither = #expect(throws: CatalogError.self) { try find(.massive, [:]) }
    #expect(
      neither?.message
        == "no key for Massive: neither 'MASSIVE_API_KEY' nor 'POLYGON_API_KEY' is set")
    #expect(neither?.remedy?.contains("MASSIVE_API_KEY") == true)
  }

  @Test(arguments: [
    ("DATABENTO_API_KEY=db-1", "db-1"), ("export DATABENTO_API_KEY='db-2' # mine", "db-2"),
    ("# c\r\n\r\nX=1\r\n DATABENTO_API_KEY = \"db-3\"\r\n", "db-3"),
    ("DATABENTO_API_KEY=db-4 # mine", "db-4"),
  ]) func readsAnEnvironmentFile(text: String, key: String) throws {
    let folder = TemporaryFolder()
    try write(text, folder.path + "/.env", 0o600)
    #expect(try find(folder: folder.path).text == key)
    #expect(try find(root: folder.path).text == key)
    #expect(try find(root: folder.path).origin.contains(".env"))
  }

  @Test func aFileThatOthersCanReadIsRefused() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/.env"
    for mode in [0o644, 0o640, 0o620, 0o604] {
      try write("DATABENTO_API_KEY=db-1\n", path, mode)
      let error = #expect(throws: CatalogError.self) { try find(folder: folder.path) }
      #expect(error?.code == .unsafeKey)
      #expect(error?.remedy == "chmod 600 \(path)")
      #expect(error?.message.contains("db-1") == false)
    }
    // A `.env` without our keys may belong to another program.
    try write("OTHER=db-1\n", path, 0o644)
    #expect(throws: CatalogError.self) { try find(folder: folder.path) }.map {
      #expect($0.code == .noKey)
    }
  }

  @Test func theLakeMayNameAVariableOrAFile() throws {
    let folder = TemporaryFolder()
    try write("db-5\n", folder.path + "/key", 0o600)
    #expect(
      try find(root: folder.path, config: config("key_file: key")) == (
        "db-5", "'\(folder.path)/key'"
      ))
    #expect(
      try find(.databento, ["MY_KEY": "db-6"], config: config("key_env: MY_KEY")).text == "db-6")
    // The variable named in the configuration, and no other.
    let error = #expect(throws: CatalogError.self) {
      try find(.databento, ["DATABENTO_API_KEY": "db-7"], config: config("key_env: MY_KEY"))
    }
    #expect(error?.message == "no key for Databento: 'MY_KEY' is not set")
  }

  @Test func aKeyWithASpaceOrALineBreakIsRefused() {
    for text in ["db 1", "db-1\n", "db-1\u{1b}[0m", "clé"] {
      let error = #expect(throws: CatalogError.self) {
        try find(.databento, ["DATABENTO_API_KEY": text])
      }
      #expect(error?.message.contains(text) == false)
    }
  }

  @Test func accessHoldsNoKeyInItsTexts() throws {
    let access = try VendorAccess.open(
      .databento, lake: nil, environment: ["DATABENTO_API_KEY": "db-secret"],
      workingDirectory: "/", transport: ReplayTransport([]))
    #expect(access.baseURL == "https://hist.databento.com/v0")
    var text = "\(access) \(access.key)"
    dump(access, to: &text)
    #expect(!text.contains("db-secret"))
  }

  private func write(_ text: String, _ path: String, _ mode: Int) throws {
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }
}
