import Bytes
import Columnar
import Foundation
import HTTP
import Market
import TestSupport
import Testing

@testable import Databento

private let hour: Int64 = 3_600_000_000_000

@Suite struct ClientTests {
  private typealias Answer = ReplayTransport.Answer
  private static let base = "https://hist.example/v0"
  private static let key = "db-s3cret"

  private func client(_ transport: ReplayTransport, attempts: Int = 3) -> DatabentoClient {
    let clock = HTTPClock(now: { 0 }, sleep: { _ in }, jitter: { 0 })
    let secret = Secret(Self.key, origin: "DATABENTO_API_KEY")
    let http = HTTPClient(
      transport: transport, policy: RetryPolicy(initialWait: 0, maxAttempts: attempts),
      secrets: [secret], clock: clock)
    return DatabentoClient(http: http, baseURL: Self.base + "/", key: secret)
  }

  private func query(
    _ symbols: [String] = ["ES.c.0"], _ stype: SType = .continuous, limit: Int? = nil
  ) -> DatabentoQuery {
    DatabentoQuery(
      dataset: "GLBX.MDP3", schema: .ohlcv1m, symbols: symbols, stypeIn: stype,
      start: 1_381_104_000_000_000_001, end: 1_381_104_000_000_000_001 + hour, limit: limit)
  }

  @Test func instantsAreSentToTheNanosecond() throws {
    let transport = ReplayTransport([.text("12")])
    #expect(try client(transport).recordCount(query(limit: 5)) == 12)
    let request = transport.requests[0]
    #expect(request.method == .post)
    #expect(request.fullURL == Self.base + "/metadata.get_record_count")
    let form = Dictionary(uniqueKeysWithValues: request.form)
    #expect(form["start"] == "1381104000000000001")
    #expect(form["end"] == "1381107600000000001")
    #expect(form["symbols"] == "ES.c.0" && form["stype_in"] == "continuous")
    #expect(form["schema"] == "ohlcv-1m" && form["limit"] == "5")
    guard case .basic(let secret)? = request.credential else {
      Issue.record("the key is the user name")
      return
    }
    #expect(secret.withText { $0 == Self.key })
    #expect(!request.fullURL.contains(Self.key))
  }

  @Test func aStreamIsAskedForAsZstd() throws {
    // An empty frame.
    let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 0, 1, 0, 0]
    let transport = ReplayTransport([Answer(pieces: [Array(frame[..<3]), Array(frame[3...])])])
    var bytes: [UInt8] = []
    let response = try client(transport).getRange(
      query(["5617"], .instrumentID), begin: { bytes = [] }, body: { bytes += Array($0) })
    #expect(bytes == frame && response.byteCount == frame.count)
    let form = Dictionary(uniqueKeysWithValues: transport.requests[0].form)
    #expect(form["encoding"] == "dbn" && form["compression"] == "zstd")
    // Required for a response that names the instruments.
    #expect(form["stype_out"] == "raw_symbol")
    #expect(!transport.requests[0].acceptsCompression)
  }

  @Test func aStreamIsWholeAtTheEndOfItsFramesOnly() throws {
    for path in Fixtures.wholeFiles() where path.hasSuffix(".zst") {
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
      guard bytes.count < 20_000 else { continue }
      var framing = ZstdFraming()
      for index in bytes.indices {
        bytes.withUnsafeBytes { framing.take(UnsafeRawBufferPointer(rebasing: $0[index...index])) }
        if framing.isWhole, index + 1 < bytes.count {
          // A frame boundary: the next four bytes begin another frame.
          #expect(bytes[(index + 1)...].prefix(4).elementsEqual([0x28, 0xB5, 0x2F, 0xFD]))
        }
      }
      #expect(framing.isWhole && !framing.isOther, "\(path)")
    }
  }

  @Test(arguments: [
    ("0", 0), ("0.0", 0), ("12.5", 12_500_000_000), ("2.587353944", 2_587_353_944),
    ("2.5873539440000000000001", 2_587_353_945), ("2.587353944778", 2_587_353_945),
    ("1e-9", 1), ("1E-10", 1), ("0.000000000000000000000000001", 1), ("1.2345e-05", 12_345),
    ("9000000000", 9_000_000_000_000_000_000), ("-1", nil), ("10000000000", nil), ("1e40", nil),
  ]) func costsAreReadFromTheirDigits(digits: String, nanoDollars: Int64?) {
    #expect(DatabentoClient.nanoDollars(digits) == nanoDollars)
  }

  @Test(arguments: ["\"12\"", "null", "-3", "1.5", "{}", "nonsense", "", "99999999999999999999"])
  func aCountThatIsNoneIsRefused(answer: String) {
    let error = #expect(throws: DatabentoError.self) {
      try client(ReplayTransport([.text(answer)])).recordCount(query())
    }
    #expect(error?.code == .badAnswer)
  }

  @Test func whatCannotBeIsNotAsked() {
    let transport = ReplayTransport([])
    var backwards = query()
    backwards.end = backwards.start
    let many = query(Array(repeating: "ES", count: DatabentoQuery.symbolCountMax + 1), .rawSymbol)
    for query in [backwards, many, query(["A,B"], .rawSymbol), query([""], .rawSymbol)] {
      #expect(throws: DatabentoError.self) { try client(transport).cost(query) }
    }
    #expect(transport.requests.isEmpty)
  }

  @Test func anUnresolvedSymbolIsReportedWithTheTypeThatWouldResolve() {
    let refusal = Answer.text(
      #"{"detail":{"case":"symbology_invalid_request","message":"None of the symbols could be resolved"}}"#,
      status: 422)
    for (symbol, stype, right) in [
      ("ES.c.0", SType.rawSymbol, SType.continuous), ("ES.FUT", .continuous, .parent),
      ("ESH4", .parent, .rawSymbol), ("5617", .rawSymbol, .instrumentID),
    ] {
      let transport = ReplayTransport { request in
        guard request.url.hasSuffix("symbology.resolve") else { return refusal }
        let asked = request.form.first { $0.0 == "stype_in" }?.1
        let found = asked == right.name ? #"[{"d0":"2013-10-07","d1":"2013-10-08","s":"1"}]"# : "[]"
        return .text(#"{"result":{"\#(symbol)":\#(found)},"partial":[],"not_found":[]}"#)
      }
      let error = #expect(throws: DatabentoError.self) {
        try client(transport).cost(query([symbol], stype))
      }
      #expect(error?.code == .unresolved)
      #expect(error?.remedy == "--stype-in \(right.name) resolves it")
      #expect(error?.message.contains("'\(symbol)'") == true)
      // The most likely alternative was tried first.
      #expect(transport.requests.count == 2)
    }
  }

  @Test func aSymbolThatNobodyKnowsIsReported() {
    let transport = ReplayTransport { request in
      request.url.hasSuffix("symbology.resolve")
        ? .text(#"{"result":{},"partial":[],"not_found":["NONE"]}"#)
        : .text(#"{"detail":{"case":"symbology_invalid_request","message":"x"}}"#, status: 422)
    }
    let error = #expect(throws: DatabentoError.self) {
      try client(transport).cost(query(["NONE"], .rawSymbol))
    }
    #expect(error?.code == .unlisted)
    // On the futures' exchange a bare name is usually a root.
    #expect(
      error?.remedy == "--symbols NONE.FUT --stype-in parent for all contracts, or "
        + "--symbols NONE.c.0 --stype-in continuous for the front month")
  }

  @Test func readsRangesOfSchemas() throws {
    let text = """
      {"start":"2017-05-21T00:00:00.000000000Z","end":"2024-01-01T00:00:00.000000001Z",
       "schema":{"mbo":{"start":"2018-01-01T00:00:00Z","end":"2019-01-01T00:00:00Z"},"new":{}}}
      """
    let range = try client(ReplayTransport([.text(text)])).datasetRange(dataset: "X")
    #expect(range.whole.upperBound == 1_704_067_200_000_000_001)
    #expect(range.range(of: .mbo).lowerBound == 1_514_764_800_000_000_000)
    #expect(range.range(of: .trades) == range.whole)
  }

  @Test func readsConditions() throws {
    let text = """
      [{"date":"2022-06-06","condition":"available","last_modified_date":"2024-05-18"},
       {"date":"2022-06-07","condition":"degraded","last_modified_date":null}]
      """
    let transport = ReplayTransport([.text(text)])
    let first = try #require(CivilDate(iso: "2022-06-06"))
    let last = try #require(CivilDate(iso: "2022-06-07"))
    let found = try client(transport).datasetCondition(dataset: "X", dates: first...last)
    #expect(found.map(\.isDegraded) == [false, true])
    #expect(found[0].lastModified?.iso == "2024-05-18" && found[1].lastModified == nil)
    #expect(transport.requests[0].fullURL.hasSuffix("start_date=2022-06-06&end_date=2022-06-07"))
  }

  @Test func offersTheNearestNames() {
    let transport = ReplayTransport { request in
      request.url.hasSuffix("list_datasets")
        ? .text(#"["GLBX.MDP3","XNAS.ITCH"]"#) : .text(#"["mbo","ohlcv-1s"]"#)
    }
    let dataset = #expect(throws: DatabentoError.self) {
      try client(transport).require(dataset: "GLBX.MDP", schema: .mbo)
    }
    #expect(dataset?.remedy == "did you mean 'GLBX.MDP3'?")
    let schema = #expect(throws: DatabentoError.self) {
      try client(transport).require(dataset: "GLBX.MDP3", schema: .ohlcv1m)
    }
    #expect(schema?.remedy == "did you mean 'ohlcv-1s'?")
  }

  @Test func knowsWhatThePlanDoesNotReach() {
    #expect(DatabentoClient.isNotEntitled(HTTPError(.forbidden, "")))
    #expect(
      DatabentoClient.isNotEntitled(
        HTTPError(.rejected, "", vendorCase: "license_not_found_unauthorized")))
    #expect(!DatabentoClient.isNotEntitled(HTTPError(.rejected, "", vendorCase: "data_invalid")))
    #expect(!DatabentoClient.isNotEntitled(HTTPError(.unauthorized, "")))
  }

  @Test func readsWarnings() {
    var response = HTTPResponse(status: 200, headers: ["x-warning": #"["Warning: a","b"]"#])
    #expect(DatabentoClient.warnings(response) == ["Warning: a", "b"])
    response.headers["x-warning"] = "plain"
    #expect(DatabentoClient.warnings(response) == ["plain"])
    response.headers = [:]
    #expect(DatabentoClient.warnings(response).isEmpty)
  }

  // MARK: - Batch files

  private let content = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }

  private func file(_ name: String = "a.dbn.zst", sha256: String? = nil) -> BatchFile {
    let digest = content.withUnsafeBytes { SHA256.hex(of: $0) }
    return BatchFile(
      name: name, byteCount: content.count, sha256: sha256 ?? digest,
      url: Self.base + "/batch/download/J/" + name)
  }

  private func part(_ from: Int, _ to: Int, cut: Bool = false) -> Answer {
    Answer(
      status: from == 0 ? 200 : 206,
      headers: from == 0 ? [:] : ["content-range": "bytes \(from)-999/1000"],
      pieces: [Array(content[from..<to])],
      error: cut ? HTTPError(.connection, "the connection broke off") : nil)
  }

  @Test func aFileGoesOnWhereItsConnectionBroke() throws {
    let folder = TemporaryFolder()
    let transport = ReplayTransport([
      part(0, 100, cut: true), part(100, 101, cut: true), part(101, 1000),
    ])
    let path = folder.path + "/a"
    try client(transport).download(file(), to: path)
    #expect(Array(try Data(contentsOf: URL(filePath: path))) == content)
    #expect(transport.requests.map(\.firstByte) == [nil, 100, 101])
  }

  @Test func aFileGoesOnAfterItsFirstBytesAndAServerMayBeginAnew() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/a"
    for answer in [part(400, 1000), part(0, 1000)] {
      try Data(content[..<400]).write(to: URL(filePath: path))
      let transport = ReplayTransport([answer])
      try client(transport).download(file(), to: path)
      #expect(transport.requests.map(\.firstByte) == [400])
      #expect(Array(try Data(contentsOf: URL(filePath: path))) == content)
    }
    // Complete and correct: no request is made.
    let idle = ReplayTransport([])
    try client(idle).download(file(), to: path)
    #expect(idle.requests.isEmpty)
  }

  @Test func aFileWithAnotherHashIsFetchedOnceMoreThenRefused() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/a"
    try Data(repeating: 9, count: 500).write(to: URL(filePath: path))
    let healing = ReplayTransport([part(500, 1000), part(0, 1000)])
    try client(healing).download(file(), to: path)
    #expect(Array(try Data(contentsOf: URL(filePath: path))) == content)
    unlink(path)
    let wrong = ReplayTransport([part(0, 1000), part(0, 1000), part(0, 1000)])
    let error = #expect(throws: DatabentoError.self) {
      try client(wrong).download(
        file(sha256: String(repeating: "0", count: 64)), to: path)
    }
    #expect(error?.code == .badHash)
    #expect(wrong.requests.count == 2)
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func theWrongPartOfAFileIsRefused() {
    let answer = Answer(
      status: 206, headers: ["content-range": "bytes 0-999/1000"], pieces: [content])
    let error = #expect(throws: DatabentoError.self) {
      try client(ReplayTransport([answer])).download(file(), at: 10) { _ in }
    }
    #expect(error?.code == .badAnswer)
    let long = Answer(pieces: [content, [1]])
    #expect(throws: DatabentoError.self) {
      try client(ReplayTransport([long])).download(file(), at: 0) { _ in }
    }
    let short = ReplayTransport([
      part(0, 10), Answer(status: 206, headers: ["content-range": "bytes 10-"]),
    ])
    #expect(throws: DatabentoError.self) {
      try client(short).download(file(), at: 0) { _ in }
    }
  }

  @Test func aKeyGoesToNoOtherHostForAFile() {
    var foreign = file()
    foreign.url = "https://files.example/J/a.dbn.zst"
    let transport = ReplayTransport([part(0, 1000)])
    let error = #expect(throws: HTTPError.self) {
      try client(transport).download(foreign, at: 0) { _ in }
    }
    #expect(error?.code == .redirect)
    #expect(transport.requests.isEmpty)
  }

  @Test(arguments: ["../x", "/etc/x", ".x", "a/b", "", "a\u{7}"])
  func aNameThatLeavesItsFolderIsRefused(name: String) {
    let text =
      #"[{"filename":"\#(name)","size":1,"hash":"sha256:\#(String(repeating: "a", count: 64))","urls":{"https":"https://hist.example/x"}}]"#
    #expect(throws: (any Error).self) {
      try client(ReplayTransport([.text(text)])).listFiles(job: "J")
    }
  }

  @Test func readsJobs() throws {
    let text = """
      {"id":"GLBX-20221217-MN5S5S4WAS","state":"queued","cost_usd":0.5,"record_count":3,"billed_size":168}
      """
    let transport = ReplayTransport([.text(text), .text("[\(text),{\"id\":\"x\"}]")])
    let client = client(transport)
    let job = try client.submitJob(query(), split: .month)
    #expect(job.state == .queued && job.cost == 500_000_000 && job.billedByteCount == 168)
    #expect(try client.listJobs().map(\.id) == [job.id])
    let form = Dictionary(uniqueKeysWithValues: transport.requests[0].form)
    #expect(form["split_duration"] == "month" && form["delivery"] == "download")
  }
}
