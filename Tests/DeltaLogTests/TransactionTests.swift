import Columnar
import Storage
import Testing

@testable import DeltaLog

/// A table partitioned by `date`, in memory.
func makeTable(
  _ storage: any TableStorage, properties: [String: String] = [:]
) throws -> Snapshot {
  var transaction = Transaction(snapshot: nil, storage: storage)
  transaction.create(
    schema: try DeltaSchema([
      Field("symbol", .string), Field("ts_event", .timestamp),
      Field("close", .decimal(precision: 18, scale: 9)),
      Field("date", .date),
    ]),
    partitionColumns: ["date"], configuration: properties)
  #expect(try transaction.commit() == .committed(version: 0))
  return try Snapshot.load(storage)
}

func makeFile(_ name: String, date: String, rows: Int64 = 10) -> AddFile {
  AddFile(
    path: "date=\(date)/\(name).parquet", partitionValues: ["date": date], size: 100,
    modificationTime: 1_700_000_000_000, stats: FileStatistics(rowCount: rows).json,
    tags: [AddFile.Tag.rows: "\(rows)", AddFile.Tag.rowHash: "00112233445566778899aabbccddeeff"])
}

@Suite struct TransactionTests {
  @Test func createsAppendsAndReads() throws {
    let storage = MemoryStorage()
    let empty = try makeTable(storage, properties: ["lake.schema": "ohlcv-1s"])
    #expect(empty.version == 0)
    #expect(empty.files.isEmpty)
    #expect(empty.configuration["lake.schema"] == "ohlcv-1s")
    #expect(empty.fields.map(\.type.name) == ["string", "timestamp", "decimal(18,9)", "date"])
    var transaction = Transaction(snapshot: empty, storage: storage)
    transaction.setApplication("lake/ingest/abc/raw.x", version: 1)
    transaction.append([makeFile("a", date: "2024-01-02"), makeFile("b", date: "2024-01-03")])
    #expect(try transaction.commit() == .committed(version: 1))
    let snapshot = try Snapshot.load(storage)
    #expect(
      snapshot.files.map(\.filePath) == ["date=2024-01-02/a.parquet", "date=2024-01-03/b.parquet"])
    #expect(snapshot.txns["lake/ingest/abc/raw.x"]?.version == 1)
    #expect(snapshot.files[0].taggedRowCount == 10)
    #expect(snapshot.commitInfo?.engineInfo?.hasPrefix("lake/") == true)
    #expect(snapshot.commitInfo?.isBlindAppend == true)
  }
}
