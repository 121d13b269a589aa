import Catalog
import Columnar
import Foundation
import LakeTestSupport
import Synchronization
import Tables
import TestSupport
import Testing

@testable import Ingest
@testable import RowSources

/// Keeps warnings.
private final class Told: PassObserver {
  let messages = Mutex<[String]>([])

  var isInterrupted: Bool { false }
  func begin(_ name: String) {}
  func didRead(byteCount: Int) {}
  func didProcess(rowCount: Int) {}
  func didFail(_ error: any Error) {}
  func warn(_ error: PassError) { messages.withLock { $0.append(error.message) } }
}

/// Folders of somebody's files: which are taken, and what only all of them together show.
@Suite struct ForeignFolderTests {
  private let toy: ToyLake

  init() throws { toy = try ToyLake() }

  private func write(_ name: String, _ text: String) throws -> String {
    let path = toy.folder.path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func bars(_ month: Int, volume: String) -> String {
    "Date,Open,High,Low,Close,Volume\n"
      + (10..<20).map { "2024-0\(month)-\($0),1,2,0.5,1.5,\(volume)\n" }.joined()
  }

  private func ingest(
    _ paths: InputPaths, _ change: (inout IngestOptions) -> Void = { _ in }
  ) throws -> IngestReport {
    var options = IngestOptions()
    options.table = try TableName(parsing: "raw.x_1d")
    options.timeZone = "UTC"
    options.interval = "1d"
    options.symbol = "X"
    change(&options)
    return try IngestPass(lake: toy.lake, options: options).ingest(paths)
  }

  private func volumes() throws -> [String: Int] {
    // With 18 decimals, as they are stored.
    try toy.rows("raw.x_1d", ["volume"]).reduce(into: [:]) { counts, row in
      counts[String(row[0].dropLast(16)), default: 0] += 1
    }
  }

  @Test func aLaterFileMakesTheColumnsOfAllWider() throws {
    let paths = try [
      write("a.csv", bars(1, volume: "10")), write("b.csv", bars(2, volume: "10.25")),
      write("c.csv", bars(3, volume: "7")),
    ]
    let report = try ingest(InputPaths(files: paths))
    #expect(report.files.map(\.rowsStored) == [10, 10, 10])
    #expect(report.total(\.quarantineCount) == 0)
    #expect(report.wideColumns.values.map { $0 } == [["volume"]])
    #expect(try volumes() == ["1000": 10, "1025": 10, "700": 10])
    // Again, and with another file: the table is as wide as it was made.
    let again = try ingest(InputPaths(files: [paths[0], write("d.csv", bars(4, volume: "1.5"))]))
    #expect(again.files.map(\.rowsStored) == [0, 10])
    #expect(try volumes()["150"] == 10)
  }

  /// Groups of inputs are committed every 64 partitions; a new table waits for what decides its columns.
  @Test func manyDatesBeforeTheFileThatNeedsMore() throws {
    func file(_ name: String, _ symbol: String, _ volume: String) throws -> String {
      let rows = (0..<90).map { day in
        let date = CivilDate(daysSinceEpoch: 19_000 + day).iso
        return "\(date)T10:00:00Z,\(symbol),1,2,0.5,1.5,\(volume)\n"
      }
      return try write(name, "ts_event,symbol,open,high,low,close,volume\n" + rows.joined())
    }
    let paths = try [file("a.csv", "A", "5"), file("b.csv", "B", "5"), file("c.csv", "C", "0.5")]
    let report = try ingest(InputPaths(files: paths)) {
      $0.symbol = nil
      $0.interval = "1h"
      $0.table = try? TableName(parsing: "raw.t_1h")
    }
    #expect(report.files.map(\.rowsStored) == [90, 90, 90] && report.total(\.quarantineCount) == 0)
    #expect(
      Set(try toy.rows("raw.t_1h", ["volume"]).map { String($0[0].dropLast(17)) }) == ["50", "5"])
  }

  @Test func badRowsOfAFileThatIsReadAgainAreQuarantinedOnce() throws {
    let first = bars(1, volume: "10") + "2024-01-25,1,2,0.5,x,10\n"
    let paths = try [write("a.csv", first), write("b.csv", bars(2, volume: "10.25"))]
    let report = try ingest(InputPaths(files: paths))
    #expect(report.files.map(\.quarantineCount) == [1, 0])
    #expect(try toy.rows("quarantine.x_1d", ["rule"]).count == 1)
  }

  @Test func dataFilesOfAFolderAreTakenOnce() throws {
    _ = try write("in/AAPL.csv", bars(1, volume: "1"))
    _ = try write("in/sub/MSFT.csv", bars(1, volume: "2"))
    _ = try write("in/readme.md", "words")
    _ = try write("in/.hidden.csv", "no")
    let folder = toy.folder.path + "/in"
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/sub/back", withDestinationPath: folder)
    let paths = InputPaths([folder + "/"])
    #expect(paths.files == [folder + "/AAPL.csv", folder + "/sub/MSFT.csv"])
    #expect(paths.others == [folder + "/readme.md", folder + "/.hidden.csv"] && paths.hasFolders)
    let report = try ingest(paths) {
      $0.symbol = nil
      $0.symbolPattern = NamePattern(parsing: "{symbol}.csv")
    }
    #expect(report.files.map(\.rowsStored) == [10, 10])
    let symbols = try toy.rows("raw.x_1d", ["symbol", "volume"])
    #expect(Set(symbols) == [["AAPL", "1"], ["MSFT", "2"]])
  }

  @Test func whatCannotBeListedDoesNotKeepTheRestOut() throws {
    _ = try write("in/AAPL.csv", bars(1, volume: "1"))
    let folder = toy.folder.path + "/in"
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder + "/a", withDestinationPath: folder + "/b")
    try files.createSymbolicLink(atPath: folder + "/b", withDestinationPath: folder + "/a")
    try files.createSymbolicLink(atPath: folder + "/gone", withDestinationPath: folder + "/no")
    let deep = folder + "/" + (0..<70).map { "\($0)" }.joined(separator: "/")
    try files.createDirectory(atPath: deep, withIntermediateDirectories: true)
    let paths = InputPaths([folder])
    #expect(paths.files == [folder + "/AAPL.csv"])
    // What a link leads to that is not there is no data; what can't be followed is an error.
    #expect(paths.others == [folder + "/gone"])
    #expect(paths.failures.map(\.path).prefix(2) == [folder + "/a", folder + "/b"])
    #expect(paths.failures.count == 3 && paths.failures[2].path.hasPrefix(folder + "/0/1/2"))
    let report = try ingest(paths)
    #expect(report.failureCount == 3 && report.total(\.rowsStored) == 10)
  }

  @Test func aPlanRefusesWhatIngestWould() throws {
    let path = try write(
      "t.csv", "ts_event,symbol,size\n2024-01-02T15:00:00Z,X,1\n2024-01-02T15:01:00Z,X,2\n")
    var options = IngestOptions()
    options.table = try TableName(parsing: "raw.t")
    options.kind = "trades"
    let paths = InputPaths(files: [path])
    let plan = try IngestPass(lake: toy.lake, options: options).plan(paths)
    let report = try IngestPass(lake: toy.lake, options: options).ingest(paths)
    #expect(report.failureCount == 1)
    #expect(plan[0].failure != nil || !plan[0].missing.isEmpty, "\(plan)")
  }

  @Test func aNameWithoutASymbolIsAnErrorOfThatFile() throws {
    let paths = try [
      write("AAPL_1.csv", bars(1, volume: "1")), write("other.csv", bars(1, volume: "1")),
    ]
    let report = try ingest(InputPaths(files: paths)) {
      $0.symbol = nil
      $0.symbolPattern = NamePattern(parsing: "{symbol}_1.csv")
    }
    #expect(report.failureCount == 1 && report.files[0].rowsStored == 10)
  }

  @Test func theWholeColumnDecidesWhichIsTheDay() throws {
    let header = "Date,Open,High,Low,Close,Volume\n"
    let open = (0..<500).map { row in
      "0\(row % 9 + 1)/0\(row / 9 % 9 + 1)/\(1950 + row / 81),1,2,0.5,1.5,1\n"
    }.joined()
    let undecided = try write("u.csv", header + open)
    #expect(try ingest(InputPaths(files: [undecided])).failureCount == 1)
    let decided = try write("d.csv", header + open + "25/12/2020,1,2,0.5,1.5,1\n")
    #expect(try ingest(InputPaths(files: [decided])).files[0].rowsStored == 501)
    let days = try toy.rows("raw.x_1d", ["ts_event"]).map { row in
      CivilDate(daysSinceEpoch: try #require(Int(row[0])) / 86_400_000_000).iso
    }.sorted()
    #expect(days.first == "1950-01-01" && days.last == "2020-12-25")
    #expect(days.contains("1950-01-09") && days.contains("1950-09-01"))
  }

  @Test func anArchiveIsTheFileInIt() throws {
    let path = try write("a.csv", bars(1, volume: "1"))
    #expect(try ingest(InputPaths(files: [path])).files[0].rowsStored == 10)
    let text = Array(bars(1, volume: "1").utf8)
    var crc: UInt32 = .max
    for byte in text {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    func four(_ value: UInt32) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    let size = four(UInt32(text.count))
    let archive: [UInt8] =
      [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + four(~crc) + size + size + [5, 0, 0, 0]
      + Array("a.csv".utf8) + text + [0x50, 0x4B, 1, 2, 0, 0]
    let zip = toy.folder.path + "/a.zip"
    try Data(archive).write(to: URL(fileURLWithPath: zip))
    let report = try ingest(InputPaths(files: [zip]))
    guard case .alreadyDone = report.files[0].state else {
      Issue.record("\(report.files[0].state)")
      return
    }
  }

  /// Of thousands of dates a few are stray: in another order, or no dates at all. Those rows are bad, the others go in.
  @Test func strayDatesAreBadRows() throws {
    let header = "Date,Open,High,Low,Close,Volume\n"
    let rows = (0..<3000).map { row in
      let date = CivilDate(daysSinceEpoch: row)
      return String(format: "%02d/%02d/%d", date.day, date.month, date.year) + ",1,2,0.5,1.5,1\n"
    }
    let strays = ["12/31/1999,1,2,0.5,1.5,1\n", "unknown,1,2,0.5,1.5,1\n"]
    // At the beginning, and far behind it.
    for (name, text) in [
      ("a", strays.joined() + rows.joined()), ("b", rows.joined() + strays.joined()),
    ] {
      let path = try write("\(name).csv", header + text)
      let file = try ingest(InputPaths(files: [path])) {
        $0.table = try? TableName(parsing: "raw.\(name)_1d")
      }.files[0]
      #expect(file.rowsStored == 3000 && file.quarantineCount == 2, "\(name): \(file.state)")
      let days = try toy.rows("raw.\(name)_1d", ["ts_event"]).compactMap { Int($0[0]) }
      #expect(days.max() == 2999 * 86_400_000_000)
    }
  }

  /// The first rows tell the order of day and month, and far behind them others contradict it: what of these could be
  /// either is not known.
  @Test func contradictionsFarFromTheBeginningAreRefused() throws {
    let header = "Date,Open,High,Low,Close,Volume\n"
    func row(_ number: Int, _ format: String, _ first: Int, _ second: Int) -> String {
      String(format: format, first, second, 1990 + number / 365) + ",1,2,0.5,1.5,1\n"
    }
    let rows = (0..<2000).map { number in
      let date = CivilDate(daysSinceEpoch: number)
      return number < 1900
        ? row(number, "%02d/%02d/%d", date.day, date.month)
        : row(number, "%02d/%02d/%d", date.month, date.day)
    }
    let path = try write("a.csv", header + rows.joined())
    let file = try ingest(InputPaths(files: [path])).files[0]
    guard case .failed(let error) = file.state else {
      Issue.record("\(file.state)")
      return
    }
    for words in ["column 'Date' contradicts itself", "--date-format '%d/%m/%Y'"] {
      #expect("\(error)".replacingOccurrences(of: "\\'", with: "'").contains(words), "\(error)")
    }
    #expect(try !toy.lake.hasTable(TableName(parsing: "raw.x_1d")))
    // Who says which it is has the rest as bad rows.
    let stated = try ingest(InputPaths(files: [path])) {
      $0.dateFormat = TimePattern(parsing: "%d/%m/%Y")
      $0.badRowShareMax = 1
    }.files[0]
    #expect(stated.rowsStored > 1900 && stated.quarantineCount > 30, "\(stated.state)")
  }

  @Test func foldersThatContradictTheSymbolsAreTold() throws {
    func file(_ folder: String, _ symbols: [String]) throws -> String {
      try write(
        folder + "/a.csv",
        "ts_event,symbol,open,high,low,close,volume\n"
          + symbols.map { "2024-01-02T00:00:00Z,\($0),1,2,0.5,1.5,1\n" }.joined())
    }
    let paths = try [file("symbol=ZZZ", ["AAA"]), file("symbol=BBB", ["BBB"])]
    let told = Told()
    var options = IngestOptions()
    options.table = try TableName(parsing: "raw.x_1d")
    options.interval = "1d"
    _ = try IngestPass(lake: toy.lake, options: options, observer: told).ingest(paths)
    let messages = told.messages.withLock { $0 }
    #expect(messages.count == 1 && messages[0].contains("'symbol=ZZZ'"), "\(messages)")
    #expect(Set(try toy.rows("raw.x_1d", ["symbol"])) == [["AAA"], ["BBB"]])
  }

  @Test func optionChainsWithBothSidesALineAreTwoRowsEach() throws {
    let header = """
      [QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [QUOTE_TIME_HOURS], [UNDERLYING_LAST], [EXPIRE_DATE], \
      [EXPIRE_UNIX], [DTE], [C_DELTA], [C_GAMMA], [C_VEGA], [C_THETA], [C_RHO], [C_IV], [C_VOLUME], [C_LAST], [C_SIZE], \
      [C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK], [P_SIZE], [P_LAST], [P_DELTA], [P_GAMMA], [P_VEGA], [P_THETA], [P_RHO], \
      [P_IV], [P_VOLUME], [STRIKE_DISTANCE], [STRIKE_DISTANCE_PCT]
      """
    let rows = (0..<30).map { row in
      "1638392400, 2021-12-01 16:00, 2021-12-01, 16.000000, 450.440000, 2021-12-03, 1638565200, 2.000000, "
        + "0.985740, 0.000470, 0.007560, -0.415280, 0.006070, 3.964130, 5.000000, 147.870000, 300 x 12, "
        + "139.610000, 142.100000, \(310 + row).000000, 0.000000, 0.010000, 0 x 4522, 0.030000, -0.020000, 0.000030, "
        + "0.000430, -0.004940, 0.000000, , 7.000000, 140.400000, 0.312000\n"
    }
    let path = try write("spy_eod_202112.txt", header + "\n" + rows.joined())
    let file = try ingest(InputPaths(files: [path])) {
      $0.table = try? TableName(parsing: "raw.spy_chain")
      $0.interval = nil
      $0.symbol = "SPY"
    }.files[0]
    #expect(file.rowsStored == 60 && file.quarantineCount == 0, "\(file.state)")
    let stored = try toy.rows(
      "raw.spy_chain",
      [
        "symbol", "ts_event", "underlying", "right", "strike", "bid", "ask", "bid_size",
        "ask_size", "volume", "last", "underlying_price",
      ])
    let (price, time) = ("450440000000", "1638392400000000")
    #expect(
      stored.first == [
        "SPY 2021-12-03 C 310", time, "SPY", "C", "310000000000", "139610000000", "142100000000",
        "300", "12", "5", "147870000000", price,
      ])
    #expect(
      stored.last == [
        "SPY 2021-12-03 P 339", time, "SPY", "P", "339000000000", "0", "10000000", "0", "4522",
        "7", "30000000", price,
      ])
    let greeks = try toy.rows("raw.spy_chain", ["delta", "iv"])
    #expect(greeks.count { $0[0] == "0.98574" && $0[1] == "3.96413" } == 30, "\(greeks[0])")
  }

  @Test func columnsThatContradictThemselvesAreAskedFor() throws {
    let header = "Date,Open,High,Low,Close,Volume\n"
    let open = (0..<600).map { row in
      "0\(row % 9 + 1)/0\(row / 9 % 9 + 1)/\(1950 + row / 81),1,2,0.5,1.5,1\n"
    }.joined()
    // One tells day first, one month first; and lines that are no rows tell nothing.
    for (name, end) in [
      ("a", "13/01/2020,1,2,0.5,1.5,1\n01/13/2020,1,2,0.5,1.5,1\n"), ("b", "01/15/2024\n"),
      ("c", "03/25/2020,,,,,\n"),
    ] {
      let path = try write("\(name).csv", header + open + end)
      let file = try #require(try ingest(InputPaths(files: [path])).files.first)
      guard case .failed(let error) = file.state else {
        Issue.record("\(name) was taken: \(file)")
        continue
      }
      #expect("\(error)".contains("day and month"), "\(error)")
    }
  }

  @Test(arguments: [
    "Feb 11", "BRK B", "Apple Inc", "BRK B\n", "Jan 2 2024 10:00:59 AAPL 1.0 5 B\n",
  ])
  func aRowThatIsCutOffIsNoFooter(end: String) throws {
    let path = try write("a.csv", bars(1, volume: "1") + end)
    let file = try #require(
      try ingest(InputPaths(files: [path])) { $0.badRowShareMax = 1 }.files.first)
    #expect(file.rowsStored == 10 && file.quarantineCount == 1, "\(file)")
  }

  @Test func pipesAndHiddenFilesOfAFolderAreSaid() throws {
    _ = try write("in/_SPX.csv", bars(1, volume: "1"))
    _ = try write("in/.h.csv", bars(2, volume: "1"))
    _ = try write("in/_temporary/x.csv", bars(3, volume: "1"))
    let folder = toy.folder.path + "/in"
    #expect(mkfifo(folder + "/z.csv", 0o600) == 0)
    let paths = InputPaths([folder])
    #expect(paths.files == [folder + "/_SPX.csv"])
    #expect(Set(paths.others) == Set(["/.h.csv", "/_temporary", "/z.csv"].map { folder + $0 }))
  }

  @Test func linesBelowTheTableAreNoRows() throws {
    let path = try write(
      "a.csv",
      bars(1, volume: "1") + "Source: Example Data, all rights reserved\n\n(c) Example Ltd\n")
    let file = try #require(try ingest(InputPaths(files: [path])).files.first)
    #expect(file.rowsStored == 10 && file.quarantineCount == 0 && file.rowsProcessed == 10)
    // Rows follow, or a row was cut: these lines are bad rows.
    let within = try write(
      "b.csv", bars(2, volume: "1") + "Source: Example Data\n2024-03-01,1,2,0.5,1.5,1\n2024-03-0\n")
    let other = try #require(
      try ingest(InputPaths(files: [within])) { $0.badRowShareMax = 1 }.files.first)
    #expect(other.rowsStored == 11 && other.quarantineCount == 2)
  }
}
