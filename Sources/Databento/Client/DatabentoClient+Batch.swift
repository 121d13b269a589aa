import HTTP
import JSON

extension DatabentoClient {
  /// Orders files of zstd-compressed DBN. Costs money.
  public func submitJob(_ query: DatabentoQuery, split: BatchSplit = .day) throws -> BatchJob {
    try query.check()
    let form =
      query.recordFields + [
        ("encoding", "dbn"), ("compression", "zstd"), ("pretty_px", "false"),
        ("pretty_ts", "false"), ("map_symbols", "false"), ("split_symbols", "false"),
        ("split_duration", split.rawValue), ("delivery", "download"),
      ]
    let method = "batch.submit_job"
    let answer = try explaining(query) { try post(method, form) }
    guard let job = BatchJob(answer) else {
      throw badAnswer(method, "a job should have 'id' and 'state'")
    }
    return job
  }

  /// The jobs of the account.
  ///
  /// - Parameter since: Nanoseconds since 1970; earlier jobs are left out.
  public func listJobs(
    states: [BatchJob.State] = [.received, .queued, .processing, .done], since: Int64? = nil
  ) throws -> [BatchJob] {
    let method = "batch.list_jobs"
    var query = [("states", states.map(\.rawValue).joined(separator: ","))]
    if let since { query.append(("since", String(since))) }
    guard let items = try get(method, query).array else {
      throw badAnswer(method, "a list was expected")
    }
    return items.compactMap { BatchJob($0) }
  }

  /// The files of a finished job.
  public func listFiles(job: String) throws -> [BatchFile] {
    let method = "batch.list_files"
    guard let items = try get(method, [("job_id", job)]).array else {
      throw badAnswer(method, "a list was expected")
    }
    return try items.map { item in
      guard let file = BatchFile(item) else {
        throw badAnswer(
          method, "a file should have 'filename', 'size', a sha256 'hash' and an https address")
      }
      return file
    }
  }

  /// Passes a file's bytes from an offset to its end, each once and in order, in as many attempts as the retry
  /// policy allows: a broken connection is resumed.
  ///
  /// - Parameter offset: Bytes received before.
  public func download(
    _ file: BatchFile, at offset: Int, body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard let here = HTTPURL(baseURL), let there = HTTPURL(file.url), here.isSameServer(as: there)
    else {
      throw HTTPError(
        .redirect, "the file lies at '\(file.url)', and a key goes to '\(baseURL)' only",
        url: baseURL)
    }
    var have = offset
    // Bytes of the attempt's answer that were received before.
    var skipped = 0
    var isFirstPiece = true
    func request() -> HTTPRequest {
      isFirstPiece = true
      return HTTPRequest(
        .get, file.url, credential: .basic(key), firstByte: have > 0 ? have : nil,
        acceptsCompression: false)
    }
    while have < file.byteCount {
      let before = have
      _ = try http.exchange(prepare: request) { response, piece in
        if isFirstPiece {
          skipped = try Self.skip(response, have)
          isFirstPiece = false
        }
        let rest = UnsafeRawBufferPointer(rebasing: piece[min(skipped, piece.count)...])
        skipped -= piece.count - rest.count
        guard have + rest.count <= file.byteCount else {
          throw DatabentoError(
            .badAnswer, "'\(file.name)' is longer than the \(file.byteCount) bytes announced",
            place: file.url)
        }
        if !rest.isEmpty { try body(rest) }
        have += rest.count
      }
      guard have > before else {
        throw DatabentoError(
          .badAnswer, "'\(file.name)' ends after \(have) of \(file.byteCount) bytes",
          place: file.url, remedy: "run it again")
      }
    }
  }

  /// Bytes of an answer that were received before: 0 if the server honoured the range.
  private static func skip(_ response: HTTPResponse, _ have: Int) throws(DatabentoError) -> Int {
    guard response.status == 206 else { return have }
    let range = response.headers["content-range"] ?? ""
    let first = range.drop { !("0"..."9").contains($0) }.prefix { ("0"..."9").contains($0) }
    guard range.hasPrefix("bytes "), Int(first) == have else {
      throw DatabentoError(
        .badAnswer, "asked for the bytes from \(have), the vendor sends '\(range)'",
        place: response.url)
    }
    return 0
  }
}
