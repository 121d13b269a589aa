import Columnar
import DeltaLog
import Foundation
import Testing

@testable import Catalog

@Suite struct LakeTableTests {
  private func withLake(_ body: (Lake, ScratchFolder) throws -> Void) throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    try LakeInit(directory: "here", workingDirectory: scratch.path).apply()
    try body(try Lake(root: scratch.path + "/here"), scratch)
  }

  @Test func makesATableOnceWithItsProperties() throws {
    try withLake { lake, _ in
      let name = TableName.raw(dataset: "GLBX.MDP3", kind: "mbp-1")
      let definition = TableDefinition(
        name, schema: try TableSchema.named("mbp-1"), dataset: "GLBX.MDP3")
      let (table, snapshot) = try lake.openOrCreate(definition)
      #expect(table.path == lake.root + "/raw/glbx_mdp3_mbp_1")
      #expect(snapshot.version == 0)
      #expect(snapshot.partitionColumns == ["date"])
      #expect(snapshot.fields == definition.schema.tableFields)
      #expect(!snapshot.fields.contains { !$0.isNullable })
      #expect(
        snapshot.configuration["delta.dataSkippingStatsColumns"] == "symbol,ts_recv")
      #expect(snapshot.configuration["delta.enableExpiredLogCleanup"] == "false")
      #expect(snapshot.configuration["lake.schema"] == "mbp-1")
      #expect(snapshot.configuration["lake.partition.timezone"] == "UTC")
      #expect(snapshot.schema["price"]?.metadata["comment"]?.string?.hasPrefix("Price of") == true)
      #expect(try lake.openOrCreate(definition).1.version == 0)
      #expect(try lake.tableNames() == [name])
      #expect(try table.schema(of: snapshot, in: lake) == definition.schema)
    }
  }

  /// A run that dies before its first commit leaves an empty log folder.
  @Test func aLogWithoutEntriesIsNoTable() throws {
    try withLake { lake, _ in
      let name = try TableName(parsing: "bars.spy_1m")
      let folder = lake.path(of: name)
      try FileManager.default.createDirectory(
        atPath: folder + "/_delta_log", withIntermediateDirectories: true)
      try Data().write(to: URL(filePath: folder + "/_delta_log/.0.json.1.tmp"))
      #expect(try lake.tableNames().isEmpty && !lake.hasTable(name))
      #expect(throws: CatalogError.self) { try lake.requireTable(named: "bars.spy_1m") }
      _ = try lake.openOrCreate(
        TableDefinition(name, schema: try TableSchema.named("ohlcv-1m")))
      #expect(try lake.tableNames() == [name] && lake.hasTable(name))
    }
  }

  /// Only a folder that does not exist is absent.
  @Test func aLogThatCannotBeListedIsATable() throws {
    try withLake { lake, _ in
      let name = try TableName(parsing: "bars.spy_1m")
      let folder = lake.path(of: name)
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      // A link to itself, since permissions do not apply to root.
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/_delta_log", withDestinationPath: "_delta_log")
      #expect(try lake.tableNames() == [name] && lake.hasTable(name))
      let error = #expect(throws: DeltaError.self) { try lake.table(name).snapshot() }
      #expect(error?.code == .storage)
      #expect(throws: DeltaError.self) { try lake.requireUsable(name) }
      try FileManager.default.createSymbolicLink(
        atPath: lake.root + "/raw", withDestinationPath: "raw")
      let layer = #expect(throws: CatalogError.self) { try lake.tableNames() }
      #expect(layer?.code == .unreadable)
      #expect(layer?.place.path == lake.root + "/raw")
    }
  }

  @Test func refusesATableMadeOtherwise() throws {
    try withLake { lake, _ in
      let name = try TableName(parsing: "bars.spy_1m")
      let schema = try TableSchema.named("ohlcv-1m")
      _ = try lake.openOrCreate(TableDefinition(name, schema: schema))
      let error = #expect(throws: CatalogError.self) {
        try lake.openOrCreate(TableDefinition(name, schema: schema, timezone: "America/New_York"))
      }
      #expect(
        error?.message
          == "table 'bars.spy_1m' was made otherwise: 'lake.partition.timezone' is 'UTC', expected 'America/New_York'"
      )
      #expect(error?.remedy == "store into another table: lake resample --as bars.NAME")
    }
  }

  @Test func unknownTablesOfferWhatIsThere() throws {
    try withLake { lake, _ in
      let empty = #expect(throws: CatalogError.self) { try lake.table(named: "raw.es") }
      #expect(empty?.message == "unknown table 'raw.es': this lake has no tables yet")
      #expect(empty?.remedy == "lake ingest FILE…")
      _ = try lake.openOrCreate(
        TableDefinition(
          try TableName(parsing: "raw.es_trades"), schema: try TableSchema.named("trades")))
      let near = #expect(throws: CatalogError.self) { try lake.table(named: "raw.es_trade") }
      #expect(near?.remedy == "did you mean 'raw.es_trades'?")
      let bare = #expect(throws: CatalogError.self) { try lake.table(named: "es_trades") }
      #expect(bare?.remedy == "did you mean 'raw.es_trades'?")
      let far = #expect(throws: CatalogError.self) { try lake.table(named: "raw.zzz") }
      #expect(far?.remedy == "lake tables")
    }
  }

  @Test func readsTimesToGoBackTo() throws {
    #expect(try LakeTable.asOfMilliseconds("1970-01-01") == 86_399_999)
    #expect(try LakeTable.asOfMilliseconds("1970-01-01T00:00:01.5Z") == 1500)
    #expect(try LakeTable.asOfMilliseconds("1970-01-01T01:00:00+01:00") == 0)
    #expect(throws: CatalogError.self) { try LakeTable.asOfMilliseconds("1970-01-01T00:00:01") }
    #expect(throws: CatalogError.self) { try LakeTable.asOfMilliseconds("yesterday") }
  }
}
