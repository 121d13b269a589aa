import Columnar
import JSON
import Storage
import TestSupport
import Testing

@testable import DeltaLog

/// Builds a log file by file, as other writers may have left it.
struct TableBuilder {
  let storage = MemoryStorage()

  static let metadata = TableMetadata(
    id: "11111111-2222-4333-8444-555555555555",
    schemaString: DeltaSchema(fields: [
      DeltaField("symbol", .string), DeltaField("ts_event", .timestamp), DeltaField("date", .date),
    ]).schemaString, partitionColumns: ["date"])

  static let birth: [Action] = [.protocol(.lake), .metadata(metadata)]

  init(birth: [Action] = TableBuilder.birth) {
    if !birth.isEmpty { commit(0, birth) }
  }

  func commit(_ version: Int, _ actions: [Action], time: Int64? = nil) {
    storage.set(
      LogFile.commitPath(version), CommitWriter.bytes(of: actions), modificationTime: time)
  }

  func commit(_ version: Int, text: String) {
    storage.set(LogFile.commitPath(version), Array(text.utf8))
  }

  func load(version: Int? = nil, asOf: Int64? = nil) throws -> Snapshot {
    try Snapshot.load(storage, version: version, asOf: asOf)
  }

  func add(_ name: String, date: String = "2024-01-02", rows: Int64 = 10) -> Action {
    .add(makeFile(name, date: date, rows: rows))
  }

  func remove(_ name: String, date: String = "2024-01-02", dataChange: Bool = true) -> Action {
    .remove(
      RemoveFile(
        removing: makeFile(name, date: date), at: 1_700_000_000_000, dataChange: dataChange))
  }
}

func makeFile(_ name: String, date: String = "2024-01-02", rows: Int64 = 10) -> AddFile {
  AddFile(
    path: "date=\(date)/\(name).parquet", partitionValues: ["date": date], size: 100,
    modificationTime: 1_700_000_000_000, stats: FileStatistics(rowCount: rows).json,
    tags: [AddFile.Tag.rows: "\(rows)", AddFile.Tag.rowHash2: "00112233445566778899aabbccddeeff"])
}

/// The names of a snapshot's live files, without folder and suffix.
func names(_ snapshot: Snapshot) throws -> [String] {
  try snapshot.files.map { file in
    String(file.path.split(separator: "/").last?.dropLast(8) ?? "")
  }
}

/// The live files by date, and within a date in the log's order, as a checkpoint stores them.
func inOrder(_ snapshot: Snapshot) throws -> [AddFile] {
  let files = try snapshot.files
  func date(_ file: AddFile) -> String { file.partitionValue("date") ?? "" }
  return Set(files.map(date)).sorted().flatMap { wanted in files.filter { date($0) == wanted } }
}
