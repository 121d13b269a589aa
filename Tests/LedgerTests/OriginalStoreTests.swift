import Glibc
import LakeTestSupport
import Parquet
import Testing

@testable import Catalog
@testable import Ledger
@testable import Tables

@Suite("Originals of bad rows")
struct OriginalStoreTests {
  private func row(_ number: Int, byteCount: Int) -> RejectedRow {
    var row = RejectedRow(
      rule: "r", reason: "no number", position: Int64(number), timestamp: nil,
      original: [UInt8](repeating: UInt8(97 + number % 26), count: byteCount))
    row.isText = true
    row.originalForm = "text"
    return row
  }

  @Test("beyond the memory limit are kept in a file, and read back unchanged")
  func spill() throws {
    let toy = try ToyLake()
    let run = try StagingRun(root: toy.lake.root)
    defer { run.finish() }
    let store = OriginalStore(directory: run.directory)
    let size = 1 << 20
    let rows = (0..<20).map { row($0, byteCount: size + $0) }
    let kept = try rows.map(store.keep)
    #expect(kept.reduce(0) { $0 + $1.original.count } <= OriginalStore.heldByteCountMax)
    #expect(kept.map(\.originalByteCount) == rows.map(\.original.count))
    #expect(try kept.map(store.original) == rows.map(\.original))
    // After removing all, there is space again.
    try store.removeAll()
    #expect(try store.keep(rows[0]).original == rows[0].original)
  }

  @Test("that fit in memory are not written to disk")
  func held() throws {
    let toy = try ToyLake()
    let run = try StagingRun(root: toy.lake.root)
    defer { run.finish() }
    let store = OriginalStore(directory: run.directory)
    for number in 0..<1000 { _ = try store.keep(row(number, byteCount: 100)) }
    #expect(access(run.directory + "/originals", F_OK) != 0)
  }

  @Test("are written into quarantine in several row groups, each with its own text")
  func quarantine() throws {
    let toy = try ToyLake()
    let lake = toy.lake
    let name = try TableName(parsing: "raw.x")
    let run = try StagingRun(root: lake.root)
    defer { run.finish() }
    let store = OriginalStore(directory: run.directory)
    let writer = QuarantineWriter(lake: lake, runID: run.id, originals: store)
    let rows = (0..<30).map { row($0, byteCount: 1 << 20) }
    writer.add(try rows.map(store.keep), table: name, sha256: "sha", path: "f")
    try writer.flush(run: run)
    let files = try lake.table(.quarantine(for: name)).snapshot().files
    let reader = try SegmentReader(
      path: try #require(files.first).localPath(in: lake.path(of: .quarantine(for: name))))
    #expect(files.count == 1 && reader.rowGroupCount > 1)
    var texts: [String] = []
    for group in reader.rowGroups {
      let columns = try RowColumns(reader, group)
      texts += (0..<columns.rowCount).compactMap { columns.text("original", $0) }
    }
    #expect(texts == rows.map { String(decoding: $0.original, as: UTF8.self) })
  }
}

@Suite("Rows of small tables")
struct CellChunksTests {
  @Test("are grouped by size; a larger one is a group of its own")
  func cuts() {
    let half = CellChunks.byteCountMax / 2
    #expect(CellChunks.cuts([]).isEmpty)
    #expect(CellChunks.cuts([half, half, half]) == [0..<2, 2..<3])
    #expect(CellChunks.cuts([Int.max, 1, Int.max]) == [0..<1, 1..<2, 2..<3])
    #expect(CellChunks.cuts([0, 0]) == [0..<2])
  }

  @Test("count a row's size beyond its texts")
  func rows() {
    let chunks = CellChunks([Int](0..<100_000)) { ["position": .integer(Int64($0))] }
    #expect(chunks.count > 1)
    #expect(CellChunks.byteCount(5, rowCount: Int.max) == Int.max)
  }
}
