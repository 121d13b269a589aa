import Bytes
import Columnar
import HTTP

/// Follows the pages of one answer, checking each before it is passed on.
struct PageChain {
  /// Size of a page at most.
  static let pageByteCountMax = 64 << 20
  /// Size of the next page's URL at most.
  static let addressByteCountMax = 64 << 10
  /// Pages of one answer at most.
  static let pageCountMax = 100_000
  /// Consecutive pages without any requested row that still name a next page.
  static let emptyPageCountMax = 100
  /// Hosts in the vendor's `next_url` that stand for the server that was asked.
  static let vendorHosts = ["api.massive.com", "api.polygon.io"]

  let client: MassiveClient
  let parser: PageParser
  /// The request, in words.
  let what: String
  /// Whether each page's rows come after those of the previous page.
  let isAscending: Bool
  private let block: RowBlock
  private(set) var summary = FetchSummary()
  /// Hashes of the pages' URLs.
  private var visited: Set<String> = []
  /// Hashes of the rows of pages, if their order does not reveal repeated ones.
  private var seen: Set<String> = []
  private var emptyPageCount = 0

  init(_ client: MassiveClient, _ parser: PageParser, what: String, isAscending: Bool) {
    self.client = client
    self.parser = parser
    self.what = what
    self.isAscending = isAscending
    block = RowBlock(layout: parser.kind.layout)
  }

  /// - Parameter take: Called with every page and its rows, in order.
  mutating func follow(
    _ first: HTTPRequest,
    _ take: (UnsafeRawBufferPointer, PageEnvelope, RowBlock) throws -> Void
  ) throws {
    var request = first
    while true {
      visited.insert(try Self.hash(target(request.fullURL)))
      let (page, envelope) = try fetch(request)
      summary.pageCount += 1
      summary.recordCount += envelope.recordCount - envelope.leftOutCount
      summary.byteCount += page.count
      summary.isDelayed = summary.isDelayed || envelope.isDelayed
      summary.firstTime = summary.firstTime ?? envelope.firstTime
      summary.lastTime = envelope.lastTime ?? summary.lastTime
      if let id = envelope.requestID { summary.requestIDs.append(id) }
      emptyPageCount = block.rowCount == 0 ? emptyPageCount + 1 : 0
      if !isAscending && block.rowCount > 0 { seen.insert(SHA256.hex(of: block.bytes.bytes)) }
      try page.withUnsafeBytes { try take($0, envelope, block) }
      guard let next = envelope.nextURL, !next.isEmpty else { return }
      request = try self.request(next)
      if visited.contains(try Self.hash(target(request.fullURL))) {
        throw MassiveError(.brokenChain, "the pages of \(what) lead back to one that was read")
      }
      if emptyPageCount >= Self.emptyPageCountMax {
        throw MassiveError(
          .brokenChain,
          "\(emptyPageCount) pages of \(what) in a row hold nothing of it, and name a next one",
          remedy: "run it again; if it stays so, tell the vendor")
      }
      if summary.pageCount >= Self.pageCountMax {
        throw MassiveError(.brokenChain, "\(what) has more than \(Self.pageCountMax) pages")
      }
    }
  }

  /// Characters of the vendor's messages that are kept.
  private static let wordsMax = 500

  /// Requests a page, again if it is incomplete, or is the previous one.
  private mutating func fetch(_ request: HTTPRequest) throws -> ([UInt8], PageEnvelope) {
    var attempt = 1
    while true {
      do {
        return try read(request)
      } catch let error as MassiveError where Self.mayPass(error) {
        guard attempt < client.http.policy.maxAttempts else { throw error }
        attempt += 1
        summary.repeatedPageCount += 1
      }
    }
  }

  private static func hash(_ text: String) -> String {
    Array(text.utf8).withUnsafeBytes { SHA256.hex(of: $0) }
  }

  private static func mayPass(_ error: MassiveError) -> Bool {
    [.badPage, .countMismatch, .brokenChain, .notAsked].contains(error.code)
  }

  private func read(_ request: HTTPRequest) throws -> ([UInt8], PageEnvelope) {
    let (response, page) = try client.data(request, byteCountMax: Self.pageByteCountMax, what)
    block.bytes.removeAll()
    // The texts of one page are kept, not those of the whole answer.
    parser.strings.removeAll()
    var envelope: PageEnvelope
    do {
      envelope = try page.withUnsafeBytes { try parser.parseWhole($0, into: block) }
    } catch let error as MassiveError {
      throw error.at(response.url)
    }
    // The vendor's message may repeat the key.
    let redactor = client.http.redactor
    envelope.message = envelope.message.map {
      redactor.redact($0, characterCountMax: Self.wordsMax)
    }
    envelope.requestID = (envelope.requestID ?? response.requestID).map {
      redactor.redact($0, characterCountMax: Self.wordsMax)
    }
    if envelope.isRefused { throw envelope.refusal(of: what) }
    if let next = envelope.nextURL, next.utf8.count > Self.addressByteCountMax {
      throw MassiveError(
        .brokenChain, "the next page of \(what) is at an address of \(next.utf8.count) bytes")
    }
    if let next = envelope.nextURL, !next.isEmpty,
      try target(try self.request(next).fullURL) == target(request.fullURL)
    {
      throw MassiveError(.brokenChain, "a page of \(what) says that it comes after itself")
    }
    if isAscending, let last = summary.lastTime, let first = envelope.firstTime, first <= last {
      throw MassiveError(.brokenChain, "a page of \(what) repeats rows of the page before")
    }
    if !isAscending, block.rowCount > 0, seen.contains(SHA256.hex(of: block.bytes.bytes)) {
      throw MassiveError(.brokenChain, "a page of \(what) repeats one that was read")
    }
    return (page, envelope)
  }

  /// The request for a page named by the vendor: from the server that was asked, with the key.
  private func request(_ next: String) throws(MassiveError) -> HTTPRequest {
    guard let base = HTTPURL(client.baseURL), let url = base.resolving(next) else {
      throw MassiveError(.badPage, "the next page of \(what) is at no web address")
    }
    if url.isSameServer(as: base) { return client.request(url.text) }
    guard Self.vendorHosts.contains(url.host) else {
      throw MassiveError(
        .foreignHost,
        "the next page of \(what) is on '\(url.origin)', and a key never goes elsewhere",
        remedy: "check the address in lake.yaml")
    }
    return client.request(base.origin + url.target)
  }

  private func target(_ url: String) throws(MassiveError) -> String {
    guard let parsed = HTTPURL(url) else {
      throw MassiveError(.badPage, "the next page of \(what) is at no web address")
    }
    return parsed.target
  }
}
