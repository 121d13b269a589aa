import Foundation
import Testing

@testable import Catalog

@Suite struct LakeRootTests {
  private func find(
    _ scratch: ScratchFolder, _ folder: String, flag: String? = nil, variable: String? = nil
  ) throws -> String {
    let environment = variable.map { ["LAKE_ROOT": $0] } ?? [:]
    return try Lake.findRoot(
      flag: flag, environment: environment,
      workingDirectory: folder.isEmpty ? scratch.path : scratch.path + "/" + folder)
  }

  @Test func looksInTheDeclaredOrder() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    for name in ["one", "two", "work/lake", "work/deep/er"] {
      try scratch.write(name + "/placeholder", "")
    }
    for name in ["one", "two", "work/lake"] { try scratch.write(name + "/lake.yaml", "") }
    let root = scratch.path
    #expect(try find(scratch, "one", flag: "../two", variable: root + "/one") == root + "/two")
    #expect(try find(scratch, "work", variable: root + "/one") == root + "/one")
    #expect(try find(scratch, "work") == root + "/work/lake")
    #expect(try find(scratch, "work/lake") == root + "/work/lake")
    try scratch.write("work/lake.yaml", "")
    #expect(try find(scratch, "work/deep/er") == root + "/work")
    #expect(try find(scratch, "work/deep/er", flag: root + "/one/") == root + "/one")
    #expect(try find(scratch, "one", variable: "") == root + "/one")
  }

  @Test func tellsWhyThereIsNone() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    try scratch.write("plain/file", "x")
    let cases: [(flag: String?, message: String, remedy: String)] = [
      (
        nil, "no lake here: no 'lake.yaml' in this folder, above it, or in './lake'",
        "lake init mylake && cd mylake, or name a lake with --lake DIR"
      ),
      ("nowhere", "--lake names 'nowhere', which does not exist", "lake init nowhere"),
      ("plain", "'plain' is no lake: it holds no 'lake.yaml'", "lake init plain"),
      (
        "plain/file", "--lake names 'plain/file', which is no folder",
        "name a folder that holds 'lake.yaml'"
      ),
    ]
    for (flag, message, remedy) in cases {
      let error = #expect(throws: CatalogError.self) { try find(scratch, "", flag: flag) }
      #expect(error?.message == message)
      #expect(error?.remedy == remedy)
    }
  }

  @Test func initWritesOnceAndRefusesToOverwrite() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    try LakeInit(directory: "a/b", workingDirectory: scratch.path).apply()
    #expect(try scratch.read("a/b/lake.yaml") == EmbeddedSchemas.configuration)
    #expect(try scratch.read("a/b/.gitignore").contains("!/lake.yaml"))
    #expect(try scratch.read("a/b/.env.example").contains("DATABENTO_API_KEY="))
    let again = #expect(throws: CatalogError.self) {
      try LakeInit(directory: "a/b", workingDirectory: scratch.path)
    }
    #expect(again?.code == .alreadyALake && again?.message == "'a/b' is a lake already")
    try scratch.write("c/.gitignore", "mine")
    try LakeInit(directory: "c", workingDirectory: scratch.path).apply()
    #expect(try scratch.read("c/.gitignore") == "mine")
    let nested = try LakeInit(directory: "a/b/raw", workingDirectory: scratch.path)
    #expect(nested.surroundingLake == scratch.path + "/a/b")
    try scratch.write("file", "")
    #expect(throws: CatalogError.self) {
      try LakeInit(directory: "file", workingDirectory: scratch.path)
    }
  }

  @Test func aLakesOwnSchemaOverridesTheBuiltIn() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    try LakeInit(directory: ".", workingDirectory: scratch.path).apply()
    let lake = try Lake(root: scratch.path)
    let text = try TableSchema.fileText("trades", in: lake)
    try scratch.write(
      "schemas/trades.yaml", text.replacingOccurrences(of: "One row per trade.", with: "Ours."))
    #expect(try TableSchema.named("trades", in: lake).description == "Ours.")
    #expect(try TableSchema.named("trades", in: lake).path == lake.root + "/schemas/trades.yaml")
    #expect(try TableSchema.named("trades").description == "One row per trade.")
    #expect(try TableSchema.all(in: lake).count == TableSchema.all().count)
    try scratch.write(
      "schemas/trades.yaml", text.replacingOccurrences(of: "index:", with: "idnex:"))
    let error = #expect(throws: CatalogError.self) { try TableSchema.named("trades", in: lake) }
    #expect(error?.message == "unknown key 'idnex'")
    #expect(error?.remedy == "did you mean 'index'?")
    #expect(error?.placeText == lake.root + "/schemas/trades.yaml, line 4")
  }
}

@Suite struct TableNameTests {
  @Test func followsTheDesign() throws {
    #expect(TableName.raw(dataset: "GLBX.MDP3", kind: "mbp-1").description == "raw.glbx_mdp3_mbp_1")
    let bars = TableName.raw(dataset: "EQUS.MINI", kind: "ohlcv-1s")
    #expect(TableName.bars(from: bars, interval: "1m").description == "bars.equs_mini_ohlcv_1m")
    let trades = TableName.raw(dataset: "GLBX.MDP3", kind: "trades")
    #expect(
      TableName.bars(from: trades, interval: "15s").description == "bars.glbx_mdp3_trades_15s")
    let vendor = try TableName(parsing: "raw.massive_stock_bars_1m")
    #expect(
      TableName.bars(from: vendor, interval: "1h").description == "bars.massive_stock_bars_1h")
    #expect(TableName.quarantine(for: trades).description == "quarantine.glbx_mdp3_trades")
  }

  @Test(arguments: [
    ("raw", "'raw' is no table name, expected '<layer>.<name>' like 'raw.glbx_mdp3_trades'"),
    (
      "rwa.x",
      "table 'rwa.x' has layer 'rwa', expected one of 'raw', 'bars', 'derived', 'training', 'quarantine', 'ledger'"
    ),
    (
      "raw.../etc",
      "'raw.../etc' is no table name, expected '<layer>.<name>' like 'raw.glbx_mdp3_trades'"
    ),
    (
      "raw.ES",
      "table 'raw.ES' is not named by lower-case letters, digits and '_', beginning with a letter"
    ),
    (
      "raw.",
      "table 'raw.' is not named by lower-case letters, digits and '_', beginning with a letter"
    ),
  ]) func refusesOtherNames(text: String, message: String) {
    let error = #expect(throws: CatalogError.self) { try TableName(parsing: text) }
    #expect(error?.message == message)
  }

  @Test(arguments: ["quarantine.x_trades", "ledger.runs"])
  func whatLakeItselfFillsIsNoTableForRows(text: String) throws {
    let error = #expect(throws: CatalogError.self) { try TableName(forRows: text) }
    #expect(error?.code == .badName && error?.remedy?.hasPrefix("'raw.") == true)
    #expect(try TableName(parsing: text).description == text)
    for layer in ["raw", "bars", "derived", "training"] { _ = try TableName(forRows: layer + ".x") }
  }
}
