import Catalog
import Columnar
import Databento
import Foundation
import LakeTestSupport
import TestSupport
import Testing

@testable import Export
@testable import Ingest
@testable import Passes
@testable import Tables

@Suite struct ExportTests {
  private let toy: ToyLake
  private let bars = "raw.test_set_ohlcv_1s"
  private var out: String { toy.folder.path + "/out.dbn" }

  init() throws { toy = try ToyLake() }

  private func export(
    _ table: String, _ change: (inout DBNExport.Options) -> Void = { _ in }
  ) throws -> DBNExport.Report {
    var options = DBNExport.Options()
    options.overwrites = true
    change(&options)
    return try DBNExport(lake: toy.lake, table: table, options: options).write(to: out)
  }

  /// The records of a file, byte for byte.
  private func records(_ path: String) throws -> [[UInt8]] {
    let reader = try DBNReader(path: path)
    let block = DBNBlock()
    var result: [[UInt8]] = []
    while try reader.read(into: block) {
      for run in block.runs {
        for row in 0..<run.count {
          let start = UnsafeRawPointer(block.bytes.base) + run.start + row * run.stride
          result.append(Array(UnsafeRawBufferPointer(start: start, count: run.stride)))
        }
      }
    }
    return result
  }

  @Test(arguments: [192 << 20, 1])
  func tradesOfTwoFeedsComeBackByTime(memoryByteCount: Int) throws {
    func rows(_ size: UInt32) -> [(second: Int, sequence: UInt32, size: UInt32)] {
      (0..<200).map { (second: $0 / 2, sequence: UInt32($0), size: size) }
    }
    let paths = [
      try toy.trades("a.dbn", rows(1), start: 0, end: 200),
      try toy.trades("b.dbn", rows(2), start: 0, end: 200),
    ]
    try toy.ingest(paths)
    let report = try export("raw.test_set_trades") { $0.memoryByteCount = memoryByteCount }
    #expect(report.recordCount == 400 && report.dates == 1 && report.byteCount == 400 * 48)
    let back = try records(out)
    // Each publisher in its own order, both by time.
    for path in paths {
      let own = try records(path)
      let set = Set(own)
      #expect(back.filter { set.contains($0) } == own)
    }
    let at = try #require(
      DBNFields.fields(.trades, version: 3).first { $0.name == "ts_recv" }?.offset)
    let times = back.map { record in
      record.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: UInt64.self) }
    }
    #expect(times == times.sorted())
  }

  @Test func nothingIsWrittenIntoTheLake() throws {
    let rows = (0..<200).map { (second: $0 / 2, sequence: UInt32($0), size: UInt32(1)) }
    try toy.ingest([try toy.trades("a.dbn", rows, start: 0, end: 200)])
    // The staging folder cannot be created.
    let staging = toy.lake.root + "/staging"
    try FileManager.default.removeItem(atPath: staging)
    #expect(FileManager.default.createFile(atPath: staging, contents: nil))
    let spills = toy.folder.path + "/spills"
    let error = #expect(throws: PassError.self) {
      try export("raw.test_set_trades") {
        $0.memoryByteCount = 1
        $0.spillFolder = spills
      }
    }
    #expect(error?.place?.hasPrefix(spills) == true)
    try FileManager.default.createDirectory(atPath: spills, withIntermediateDirectories: false)
    let report = try export("raw.test_set_trades") {
      $0.memoryByteCount = 1
      $0.spillFolder = spills
    }
    #expect(report.recordCount == 200)
    #expect(try FileManager.default.contentsOfDirectory(atPath: spills).isEmpty)
  }

  @Test func aRangeAndSymbolsAreExportedAlone() throws {
    let all = (0..<40).map { ToyLake.Bar(second: $0, instrument: UInt32(1 + $0 % 2)) }
    try toy.ingest([try toy.bars("a.dbn", all)])
    let start = Int64(ToyLake.firstDay * 86_400 + 10) * 1_000_000_000
    let report = try export(bars) {
      $0.symbols = ["SYM2"]
      $0.range = start..<start + 10_000_000_000
    }
    #expect(report.recordCount == 5)
    let error = #expect(throws: PassError.self) { try export(bars) { $0.symbols = ["SYM3"] } }
    #expect(error?.message.contains("SYM3") == true && error?.remedy != nil)
  }

  /// Columns that keep more digits than the format: the same numbers are the same bytes, and others are refused.
  @Test func wideColumnsComeBackAsTheyWere() throws {
    try toy.ingest([
      try toy.bars("a.dbn", (0..<50).map { ToyLake.Bar(day: 0, second: $0, instrument: 1) })
    ])
    _ = try export(bars)
    let before = try records(out)
    let name = try TableName(parsing: bars)
    let pass = try ConversionPass(
      lake: toy.lake, table: name, layout: TableLayout(wideColumns: ["volume", "open", "low"]))
    _ = try pass.run(try pass.plan())
    _ = try export(bars)
    #expect(try records(out) == before)

    for (number, values) in ["1,2,0.5,1.5,0.5", "1,2,0.00000000001,1.5,5"].enumerated() {
      let path = toy.folder.path + "/\(number).csv"
      try
        "ts_event,symbol,publisher_id,instrument_id,open,high,low,close,volume\n2024-01-0\(number + 5)T00:00:00Z,X,1,9,\(values)\n"
        .write(toFile: path, atomically: true, encoding: .utf8)
      let file = try #require(try toy.ingest([path]) { $0.table = name }.files.first)
      #expect(file.rowsStored == 1, "\(file)")
    }
    for symbol in ["X"] {
      let error = #expect(throws: PassError.self) { try export(bars) { $0.symbols = [symbol] } }
      #expect(error?.message.contains("'volume' is 0.5") == true, "\(error?.message ?? "")")
      #expect(error?.message.contains("without a fraction") == true)
    }
  }

  @Test func rowsThatAreNoRecordsAreRefused() throws {
    try toy.ingest([try toy.bars("a.dbn", (0..<40).map { ToyLake.Bar(second: $0) })])
    var options = ResamplePass.Options()
    options.intervals = ["15s"]
    let resample = try ResamplePass(lake: toy.lake, table: bars, options: options)
    _ = try resample.run(try resample.plan())
    let error = #expect(throws: PassError.self) { try export("bars.test_set_ohlcv_15s") }
    #expect(error?.remedy?.contains("lake query") == true)
  }

  @Test func whatAnOlderVersionCannotHoldIsRefused() throws {
    let symbol = String(repeating: "LONGSYMBOL", count: 3)
    let path = toy.folder.path + "/a.csv"
    try
      ("ts_event,symbol,open,high,low,close,volume\n2024-01-02T15:00:00Z,\(symbol),1,2,0.5,1.5,9\n")
      .write(toFile: path, atomically: true, encoding: .utf8)
    try toy.ingest([path]) {
      $0.kind = "ohlcv-1m"
      $0.table = try? TableName(parsing: "raw.x")
    }
    let error = #expect(throws: PassError.self) { try export("raw.x") { $0.version = 1 } }
    #expect(error?.message.contains(symbol) == true)
    #expect(error?.remedy?.contains("--dbn-version") == true)
    #expect(try export("raw.x").recordCount == 1)
    // An existing file is not replaced.
    #expect(throws: (any Error).self) { try export("raw.x") { $0.overwrites = false } }
  }

  @Test func whatHasNoNullAndNoNumberIsRefused() throws {
    let path = toy.folder.path + "/b.csv"
    let rows = ["00,AA,1,2,1,1.5,3", "00,BB,1,2,1,1.5,4", "10,BB,1,2,1,1.5,"]
    try (["ts_event,symbol,open,high,low,close,volume"] + rows.map { "2024-01-02T10:00:" + $0 })
      .map { $0.replacing("00,", with: "00Z,").replacing(":10,", with: ":10Z,") + "\n" }.joined()
      .write(toFile: path, atomically: true, encoding: .utf8)
    try toy.ingest([path]) {
      $0.kind = "ohlcv-1s"
      $0.table = try? TableName(parsing: "raw.x")
    }
    let several = #expect(throws: PassError.self) { try export("raw.x") }
    #expect(several?.message.contains("'AA', 'BB'") == true)
    #expect(several?.remedy?.contains("--symbol AA") == true)
    let null = #expect(throws: PassError.self) { try export("raw.x") { $0.symbols = ["BB"] } }
    #expect(null?.message.contains("'volume' is null") == true)
    #expect(try export("raw.x") { $0.symbols = ["AA"] }.recordCount == 1)
  }

  @Test func definitionsOfAnOlderVersionKeepWhatTheySay() throws {
    // An instrument id that fits only into the newest version's field.
    let path = toy.folder.path + "/d.dbn"
    var metadata = DBNMetadata(dataset: "TEST.SET", schema: .definition, start: 0, end: nil)
    metadata.symbols = ["AB"]
    let writer = try DBNWriter(path: path, metadata: metadata, overwrites: true)
    let fields = DBNFields.fields(.definition, version: 3)
    func offset(_ name: String) throws -> Int {
      try #require(fields.first { $0.name == name }?.offset)
    }
    var record = DBNFields.template(.definition, version: 3, tsOut: false)
    let noon = UInt64(ToyLake.firstDay * 86_400 + 43_200) * 1_000_000_000
    let (received, raw, leg) = try (offset("ts_recv"), offset("raw_symbol"), offset("leg_count"))
    record.withUnsafeMutableBytes { bytes in
      bytes.storeBytes(of: 7, toByteOffset: 4, as: UInt32.self)
      bytes.storeBytes(of: noon, toByteOffset: 8, as: UInt64.self)
      bytes.storeBytes(of: noon, toByteOffset: received, as: UInt64.self)
      bytes.storeBytes(of: 3, toByteOffset: leg, as: UInt16.self)
    }
    record.replaceSubrange(raw..<raw + 2, with: "AB".utf8)
    try record.withUnsafeBytes { try writer.write($0) }
    try writer.finish()
    try toy.ingest([path])
    #expect(try export("raw.test_set_definition").recordCount == 1)
    let error = #expect(throws: PassError.self) {
      try export("raw.test_set_definition") { $0.version = 1 }
    }
    #expect(error?.message.contains("leg_count") == true)
  }
}
