import Foundation
import HTTP
import TestSupport
import Testing

@testable import Catalog

@Suite struct ConfigTrustTests {
  private let scratch: ScratchFolder
  private var root: String { scratch.path + "/lake" }
  private var home: [String: String] { ["HOME": scratch.path + "/home"] }

  init() throws {
    scratch = try ScratchFolder()
    try scratch.write("home/x", "")
  }

  private func lake(
    _ text: String, mode: mode_t = 0o600, _ environment: [String: String] = [:]
  ) throws -> Lake {
    try scratch.write("lake/lake.yaml", text)
    chmod(root + "/lake.yaml", mode)
    return try Lake.find(
      flag: root, environment: environment, workingDirectory: scratch.path)
  }

  /// The error of a request to a vendor; nil if it is allowed.
  private func refusal(
    _ lake: Lake, _ vendor: Vendor = .databento, _ environment: [String: String]? = nil
  ) throws -> CatalogError? {
    do {
      _ = try VendorAccess.open(
        vendor, lake: lake,
        environment: (environment ?? home).merging([
          "DATABENTO_API_KEY": "db-1", "MASSIVE_API_KEY": "m-1", "MINE": "k-1",
        ]) { $1 }, workingDirectory: scratch.path)
      return nil
    } catch {
      return error
    }
  }

  private func trust() throws {
    var list = try TrustedFolders(environment: home)
    try list.add(ConfigTrust(folder: root).entry)
  }

  @Test func onesOwnFileNeedsNoTrust() throws {
    let text = "vendors: {databento: {key_env: MINE, url: \"https://proxy.example/v0\"}}"
    #expect(try refusal(lake(text)) == nil)
    #expect(try refusal(lake(text, mode: 0o644)) == nil)
  }

  @Test(arguments: [
    "key_env: MINE", "url: \"https://proxy.example/v0\"", "url: \"http://127.0.0.1:1/v0\"",
    "key_file: /nowhere", "key_env: AWS_SECRET_ACCESS_KEY",
  ])
  func aFileThatOthersCanWriteDoesNotDecideOnKeys(setting: String) throws {
    let text = "vendors:\n  databento:\n    \(setting)\n"
    let error = try refusal(lake(text, mode: 0o666))
    #expect(error?.code == .untrusted, "\(String(describing: error))")
    #expect(error?.message.contains("can be written by everybody") == true)
    #expect(error?.place.line == 3)
    #expect(error?.remedy?.contains("lake config trust \(root)") == true)
    #expect(try refusal(lake(text, mode: 0o666), .massive) == nil)
    try trust()
    let trusted = try refusal(lake(text, mode: 0o666))
    #expect(trusted?.code != .untrusted, "\(String(describing: trusted))")
  }

  @Test func whatIsUsualNeedsNoTrust() throws {
    for text in [
      "vendors: {databento: {key_env: DATABENTO_API_KEY}}",
      "vendors: {databento: {url: \"https://hist.databento.com/v0\"}}",
      "vendors: {databento: {usd_max: 1}}", "",
    ] {
      #expect(try refusal(lake(text, mode: 0o666)) == nil, "\(text)")
    }
  }

  @Test func aVariableOfTheEnvironmentIsOnesOwn() throws {
    let own = ["LAKE_DATABENTO_URL": "http://127.0.0.1:1/v0"]
    let text = "vendors: {databento: {url: \"https://other.example/v0\"}}"
    #expect(try refusal(lake(text, mode: 0o666, own)) == nil)
    #expect(try refusal(lake(text, mode: 0o666)) != nil)
  }

  @Test func whatChangedMustBeTrustedAnew() throws {
    func text(_ settings: String) -> String { "vendors: {databento: {\(settings)}}" }
    let first = text("key_env: MINE, url: \"https://proxy.example/v0\"")
    _ = try lake(first, mode: 0o666)
    try trust()
    #expect(try refusal(lake(first, mode: 0o666)) == nil)
    for other in [
      "url: \"https://proxy.example/v0\"", "key_env: MINE",
      "key_env: MINE, url: \"https://proxy.example/v1\"",
      "key_env: OTHER, url: \"https://proxy.example/v0\"",
    ] {
      #expect(try refusal(lake(text(other), mode: 0o666))?.code == .untrusted, "\(other)")
    }
    // Other settings are not part of the trusted values.
    let more = "ingest: {jobs: 2}\n" + first
    #expect(try refusal(lake(more, mode: 0o666)) == nil)
  }

  @Test func aFolderAboveThatOthersCanWriteCountsWhereTheLakeWasFound() throws {
    let text = "vendors: {databento: {key_env: MINE}}"
    _ = try lake(text)
    chmod(scratch.path, 0o777)
    defer { chmod(scratch.path, 0o700) }
    let found = try Lake.find(flag: nil, environment: [:], workingDirectory: root)
    #expect(try refusal(found)?.message.contains("which others can write to") == true)
    let named = try Lake.find(flag: root, environment: [:], workingDirectory: "/")
    #expect(try refusal(named) == nil)
    chmod(scratch.path, 0o1777)
    #expect(try refusal(found) == nil)
  }

  @Test func theFolderOfTheLakeCounts() throws {
    let lake = try lake("vendors: {databento: {key_env: MINE}}")
    chmod(root, 0o777)
    #expect(try refusal(lake)?.code == .untrusted)
  }

  @Test func aListThatOthersCanWriteIsRefused() throws {
    let lake = try lake("vendors: {databento: {key_env: MINE}}", mode: 0o666)
    try trust()
    let path = try TrustedFolders(environment: home).path
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    chmod(path, 0o666)
    #expect(try refusal(lake)?.code == .unsafeKey)
  }

  @Test func trustIsTakenBack() throws {
    let lake = try lake("vendors: {databento: {key_env: MINE}}", mode: 0o666)
    try trust()
    #expect(try refusal(lake) == nil)
    var list = try TrustedFolders(environment: home)
    #expect(ConfigTrust.state(of: list.entries[0]) == "as trusted")
    #expect(try list.remove(root))
    #expect(try !list.remove(root))
    #expect(try refusal(lake)?.code == .untrusted)
    #expect(try TrustedFolders(environment: home).entries.isEmpty)
  }

  @Test func theListIsStoredWhereTheEnvironmentSpecifies() throws {
    let list = try TrustedFolders(
      environment: ["XDG_CONFIG_HOME": "/a/b", "HOME": "/c"])
    #expect(list.path == "/a/b/lake/trusted")
    #expect(
      try TrustedFolders(environment: ["XDG_CONFIG_HOME": "b", "HOME": "/c"]).path
        == "/c/.config/lake/trusted")
    #expect(throws: CatalogError.self) { try TrustedFolders(environment: [:]) }
  }
}
