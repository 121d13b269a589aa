import Columnar
import DeltaLog
import Foundation
import Parquet
import Storage
import Testing

@testable import Query

/// Results for tables of one file with each text as the value of its partition.
private func answers(
  _ type: ColumnType, _ texts: [String?], _ format: QueryOutput.Format, filter: String? = nil
) throws -> [String] {
  let folder = NSTemporaryDirectory() + "lake-partition-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  var files: [AddFile] = []
  for (index, text) in texts.enumerated() {
    let path = "part-\(index).parquet"
    let column = WriterColumn(Field("n", .long))
    let writer = try ParquetFileWriter(
      path: folder + "/" + path, columns: [column], options: WriterOptions())
    let values = Column(type: .long, storage: .integers([Int64(index)]))
    let chunk = try ColumnChunkEncoder(column: column, options: WriterOptions())
      .encode(values, rows: 0..<1)
    try writer.append(rowGroup: [chunk], rowCount: 1)
    _ = try writer.finish()
    files.append(
      AddFile(path: path, partitionValues: ["k": text], size: 1_000, modificationTime: 0))
  }
  let storage = DirectoryStorage(root: folder)
  var transaction = Transaction(snapshot: nil, storage: storage)
  transaction.create(
    schema: try DeltaSchema([Field("n", .long), Field("k", type)]), partitionColumns: ["k"],
    configuration: [:], name: "test", description: "")
  transaction.append(files)
  _ = try transaction.commit()
  var request = QueryRequest(table: folder)
  request.columns = ["k", "n"]
  request.filter = filter
  var target = folder + "/out"
  let query = try Query(request, lake: { throw QueryError(.badTable, "no lake is asked for") })
  _ = try query.run(to: QueryOutput(path: target, format: format))
  if format == .parquet {
    request = QueryRequest(table: target)
    target += ".csv"
    let again = try Query(request, lake: { throw QueryError(.badTable, "no lake is asked for") })
    _ = try again.run(to: QueryOutput(path: target, format: .csv))
  }
  return try String(contentsOfFile: target, encoding: .utf8).split(separator: "\n").map(String.init)
}

@Suite struct PartitionValueTests {
  @Test func everyFormShowsTheSameValueOfAPartition() throws {
    let long = "99999999999999999999.999999999999999999"
    let cases: [(ColumnType, [String?], [String])] = [
      (.double, ["-1.5", "0", "2.25", nil], ["-1.5,0", "0,1", "2.25,2", ",3"]),
      (.float, ["-0.5", "0.25"], ["-0.5,0", "0.25,1"]),
      (
        .decimal(precision: 38, scale: 18), ["-" + long, "-1", "0", long],
        ["-\(long),0", "-1,1", "0,2", "\(long),3"]
      ),
      (
        .decimal(precision: 20, scale: 0), ["-1", "18446744073709551616"],
        [
          "-1,0", "18446744073709551616,1",
        ]
      ),
      (.decimal(precision: 9, scale: 2), ["-0.01", "7"], ["-0.01,0", "7,1"]),
      (.binary, ["\\u0000\\u00FF", "ab", nil], ["AP8=,0", "YWI=,1", ",2"]),
      (.date, ["1969-12-31", "2024-02-29"], ["1969-12-31,0", "2024-02-29,1"]),
      (.boolean, ["false", "true"], ["false,0", "true,1"]),
    ]
    for (type, texts, expected) in cases {
      #expect(try answers(type, texts, .csv) == ["k,n"] + expected, "\(type.name)")
      #expect(try answers(type, texts, .parquet) == ["k,n"] + expected, "\(type.name)")
      let json = try answers(type, texts, .jsonl)
      #expect(json.count == expected.count)
      for line in json {
        #expect(
          (try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil, "\(type.name): \(line)"
        )
      }
    }
  }

  @Test func partitionsOfNegativeNumbersAreFiltered() throws {
    let doubles = ["-1.5", "0", "2.25", nil]
    #expect(try answers(.double, doubles, .csv, filter: "k < 0") == ["k,n", "-1.5,0"])
    #expect(try answers(.double, doubles, .csv, filter: "k < 0 or n = 1").count == 3)
    let decimals = ["-1", "18446744073709551616", nil]
    let type = ColumnType.decimal(precision: 20, scale: 0)
    #expect(try answers(type, decimals, .csv, filter: "k < 0 or n = 9") == ["k,n", "-1,0"])
  }
}
