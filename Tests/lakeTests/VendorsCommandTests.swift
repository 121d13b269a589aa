import Foundation
import TestSupport
import Testing

@Suite struct VendorsCommandTests {
  private static let key = "db-s3cretKey"

  private func mockVendor(key: String, _ flags: [String] = []) throws -> MockVendor? {
    guard let data = MockVendor.shared("derived/dbn") else { return nil }
    return try MockVendor("databento", data: data, key: key, flags)
  }

  private func run(
    _ words: [String] = [], _ environment: [String: String], in folder: URL? = nil
  ) throws -> LakeBinary.Run {
    var all = ["DATABENTO_API_KEY": "", "MASSIVE_API_KEY": "", "POLYGON_API_KEY": ""]
    all.merge(environment) { $1 }
    let run = try LakeBinary.run(["vendors", "check"] + words, in: folder, environment: all)
    #expect(!run.output.contains(Self.key) && !run.talk.contains(Self.key))
    return run
  }

  @Test func withoutAnyKeyTheVariableToSetIsNamed() throws {
    let run = try run([:])
    #expect(run.status == 1)
    #expect(run.talk.contains("export DATABENTO_API_KEY=…"))
    let one = try self.run(["massive"], [:])
    #expect(
      one.talk.contains("no key for Massive: neither 'MASSIVE_API_KEY' nor 'POLYGON_API_KEY'"))
  }

  private func run(_ environment: [String: String]) throws -> LakeBinary.Run {
    try run([], environment)
  }

  @Test func listsTheDatasetsAndBuysNothing() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    let log = scratch.url.appending(path: "log").path
    guard let vendor = try mockVendor(key: Self.key, ["--log", log]) else { return }
    let environment = ["LAKE_DATABENTO_URL": vendor.url + "/v0", "DATABENTO_API_KEY": Self.key]
    let run = try run(environment)
    #expect(run.status == 0 && run.talk.isEmpty)
    #expect(run.output.contains("3 datasets: EQUS.MINI, GLBX.MDP3, OPRA.PILLAR"))
    let asked = try String(contentsOfFile: log, encoding: .utf8)
    #expect(asked.contains("metadata.list_datasets") && !asked.contains("get_range"))
    #expect(!asked.contains(Self.key))
  }

  @Test func aWrongKeyIsNamedByItsVariable() throws {
    guard let vendor = try mockVendor(key: "another") else { return }
    let run = try run(
      ["databento", "--json"],
      ["LAKE_DATABENTO_URL": vendor.url + "/v0", "DATABENTO_API_KEY": Self.key])
    #expect(run.status == 1)
    #expect(
      run.talk.contains("does not accept the key in DATABENTO_API_KEY: Authentication failed."))
    #expect(
      run.output.contains(#""key_found":true,"key_origin":"DATABENTO_API_KEY","accepted":false"#))
  }

  @Test func aFileOfKeysMustBePrivate() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    let file = scratch.url.appending(path: ".env")
    try Data("DATABENTO_API_KEY=\(Self.key)\n".utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
    let refused = try run([], [:], in: scratch.url)
    #expect(refused.status == 1 && refused.talk.contains("others on this machine can read"))
    #expect(refused.talk.contains("try: chmod 600 "))
    guard let vendor = try mockVendor(key: Self.key) else { return }
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    let taken = try run([], ["LAKE_DATABENTO_URL": vendor.url + "/v0"], in: scratch.url)
    #expect(taken.status == 0 && taken.output.contains("/.env'"))
  }

  @Test func anAddressThatIsNotEncryptedIsRefused() throws {
    let run = try run(
      ["databento"],
      ["LAKE_DATABENTO_URL": "http://hist.example/v0", "DATABENTO_API_KEY": Self.key])
    #expect(run.status == 1 && run.talk.contains("expected an address like https://host"))
  }
}
