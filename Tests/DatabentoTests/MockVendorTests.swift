import Columnar
import Foundation
import HTTP
import Market
import TestSupport
import Testing

@testable import Databento

extension MockVendor {
  /// The mock server with the shared data's files.
  fileprivate static func databento(_ flags: [String]) throws -> MockVendor? {
    guard let data = shared("derived/dbn") else { return nil }
    return try MockVendor("databento", data: data, flags)
  }

  fileprivate func client(stallTimeout: Double = 20) -> DatabentoClient {
    var options = CurlTransport.Options()
    options.stallTimeout = stallTimeout
    let secret = Secret(Self.key)
    let http = HTTPClient(
      transport: CurlTransport(options: options),
      policy: RetryPolicy(initialWait: 0.01, maxWait: 0.02, maxAttempts: 4), secrets: [secret])
    return DatabentoClient(http: http, baseURL: url + "/v0", key: secret)
  }
}

/// Through libcurl and a socket.
@Suite struct MockVendorTests {
  private static let day = 86_400_000_000_000 as Int64

  private func query(_ symbols: [String], _ stype: SType) throws -> DatabentoQuery {
    let start = try #require(TimeText.parseISO("2013-10-06")).nanoseconds
    return DatabentoQuery(
      dataset: "GLBX.MDP3", schema: .ohlcv1m, symbols: symbols, stypeIn: stype, start: start,
      end: start + 4 * Self.day)
  }

  private func fetch(_ client: DatabentoClient, _ query: DatabentoQuery, _ path: String) throws {
    var bytes = Data()
    _ = try client.getRange(
      query, begin: { bytes = Data() }, body: { bytes.append(contentsOf: $0) })
    try bytes.write(to: URL(filePath: path))
  }

  /// With each fault the bytes equal those of an undisturbed response.
  @Test(arguments: [
    "429:after=0", "429:after=1,date=1", "500:times=3", "503:times=2", "cut:at=1000", "cut:at=1",
    "cut:at=9000,times=3", "truncate:at=2000", "truncate:at=1,times=2", "stall:at=2000",
    "drip:at=3000,bytes=100,every=0.005",
  ]) func faultsLeaveNoTrace(fault: String) throws {
    guard let vendor = try MockVendor.databento(["--fault", fault]) else { return }
    try Fixtures.withScratch { folder in
      let client = vendor.client(stallTimeout: 0.5)
      let query = try query(["ES.FUT"], .parent)
      try fetch(client, query, folder + "/a.dbn.zst")
      try fetch(client, query, folder + "/b.dbn.zst")
      let read = try Fixtures.records(folder + "/a.dbn.zst")
      #expect(read.bytes.count == 5261 * 56)
      #expect(try Fixtures.records(folder + "/b.dbn.zst").bytes == read.bytes)
      #expect(read.metadata?.mappings.map(\.rawSymbol).sorted() == ["ESH4", "ESM4", "ESZ3"])
    }
  }

  @Test(arguments: [
    ("html", HTTPError.Code.badAnswer), ("redirect", .redirect), ("403", .forbidden),
    ("401", .unauthorized), ("422", .rejected), ("500:times=0", .server),
  ]) func whatCannotBeHelpedIsReported(fault: String, code: HTTPError.Code) throws {
    guard let vendor = try MockVendor.databento(["--fault", fault]) else { return }
    try Fixtures.withScratch { folder in
      let error = #expect(throws: HTTPError.self) {
        try fetch(vendor.client(), query(["ES.FUT"], .parent), folder + "/a")
      }
      #expect(error?.code == code)
      #expect(!"\(error as Any)".contains(MockVendor.key))
    }
  }

  @Test func pricesCountsAndRecordsAgree() throws {
    guard let vendor = try MockVendor.databento(["--usd-per-gb", "2"]) else { return }
    let client = vendor.client()
    #expect(try client.listDatasets() == ["EQUS.MINI", "GLBX.MDP3", "OPRA.PILLAR"])
    let query = try query(["ES.c.0"], .continuous)
    let count = try client.recordCount(query)
    let bytes = try client.billableSize(query)
    #expect(bytes == count * 56)
    let exact = Int128(bytes) * 2 * 1_000_000_000
    #expect(try Int128(client.cost(query)) == (exact + (1 << 30) - 1) >> 30)
    try Fixtures.withScratch { folder in
      try fetch(client, query, folder + "/a.dbn.zst")
      let read = try Fixtures.records(folder + "/a.dbn.zst")
      #expect(read.bytes.count == bytes)
    }
  }

  @Test func theTypeThatResolvesIsFound() throws {
    guard let vendor = try MockVendor.databento([]) else { return }
    let error = #expect(throws: DatabentoError.self) {
      try vendor.client().cost(query(["ES.c.0"], .rawSymbol))
    }
    #expect(error?.remedy == "--stype-in continuous resolves it")
  }

  @Test(arguments: [[], ["--fault", "cut:at=500,times=2"], ["--fault", "hash:times=1"]])
  func aBatchJobEndsInTheSameRecords(flags: [String]) throws {
    guard let vendor = try MockVendor.databento(flags + ["--batch-delay", "0.05"]) else { return }
    let client = vendor.client()
    try Fixtures.withScratch { folder in
      let query = try query(["ES.FUT"], .parent)
      let job = try client.submitJob(query)
      while try client.listJobs(states: [.done]).isEmpty { usleep(20_000) }
      func files() throws -> [BatchFile] { try client.listFiles(job: job.id).filter(\.isData) }
      if flags.contains("hash:times=1") {
        let wrong = try files()[0]
        let error = #expect(throws: DatabentoError.self) {
          try client.download(wrong, to: folder + "/" + wrong.name)
        }
        #expect(error?.code == .badHash)
      }
      var bytes: [UInt8] = []
      for file in try files() {
        try client.download(file, to: folder + "/" + file.name)
        bytes += try Fixtures.records(folder + "/" + file.name).bytes
      }
      try fetch(client, query, folder + "/whole.dbn.zst")
      #expect(try Fixtures.records(folder + "/whole.dbn.zst").bytes == bytes)
    }
  }
}
