import Columnar
import Glibc
import Testing

@testable import Catalog

@Suite struct SchemaFilesTests {
  @Test func aPipeAmongTheFilesOfALakeHoldsNothingUp() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    try scratch.write("lake.yaml", "")
    try scratch.write("schemas/readme.txt", "")
    try #require(mkfifo(scratch.path + "/schemas/x.yaml", 0o600) == 0)
    let lake = try Lake(root: scratch.path)
    let error = #expect(throws: CatalogError.self) { try TableSchema.all(in: lake) }
    #expect(error?.message == "it is no file" && error?.place.path?.hasSuffix("x.yaml") == true)
  }

  @Test func everyBuiltInSchemaLoads() throws {
    let schemas = try TableSchema.all()
    #expect(schemas.count >= 27)
    for schema in schemas {
      #expect(try TableSchema.named(schema.kind) == schema, "\(schema.kind)")
      #expect(!schema.description.isEmpty)
      #expect(schema.tableFields.last == Field(schema.partitionColumn, .date))
      #expect(schema.period == .date || schema.fileFields.last == Field("date", .date))
    }
  }

  @Test func physicalOrderIsSymbolIndexKeyRest() throws {
    let bars = try TableSchema.named("ohlcv-15s")
    #expect(
      bars.fileFields.map(\.name) == [
        "symbol", "ts_event", "publisher_id", "instrument_id", "open", "high", "low", "close",
        "volume", "requested_symbol", "source_ordinal", "extra",
      ])
    #expect(bars.interval?.name == "15s")
    #expect(bars.statisticsColumns == ["symbol", "ts_event", "publisher_id"])
    #expect(
      bars.forLayer("bars").fileFields.map(\.name).suffix(2) == ["close", "volume"])
    let book = try TableSchema.named("mbp-10")
    #expect(
      book.fileFields.map(\.name).prefix(4) == ["symbol", "ts_recv", "ts_recv_plus_ns", "ts_event"])
    #expect(book.column(named: "bid_px_09")?.type == .decimal(precision: 18, scale: 9))
    #expect(book.column(named: "bid_px_10") == nil)
  }

  @Test func knowsColumnsByAlias() throws {
    let quotes = try TableSchema.named("mbp-1")
    #expect(quotes.column(matching: "BID_PX")?.name == "bid_px_00")
    #expect(quotes.column(matching: "timestamp")?.name == "ts_recv")
  }

  @Test func unknownKindOffersTheNearest() {
    let error = #expect(throws: CatalogError.self) { try TableSchema.named("ohlvc-1s") }
    #expect(error?.message == "unknown record kind 'ohlvc-1s'")
    #expect(error?.remedy?.contains("'ohlcv-1s'") == true)
    #expect(throws: CatalogError.self) { try TableSchema.named("ohlcv-90x") }
  }
}
