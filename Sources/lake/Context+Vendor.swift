import Catalog
import CommandLineKit
import HTTP
import Ingest
import Synchronization

/// Whether the warning that a rate limit is not shared between processes was printed, which happens once.
private let hasWarnedOfRateLimit = Atomic<Bool>(false)

extension Context {
  /// A vendor's key, address and HTTP client, whose waits are reported.
  ///
  /// - Parameter rateLimit: Overrides that of `lake.yaml`.
  func openVendor(
    _ vendor: Vendor, lake: Lake?, rateLimit: RateLimit? = nil
  ) throws -> VendorAccess {
    let access = try VendorAccess.open(
      vendor, lake: lake, environment: environment, workingDirectory: workingDirectory,
      rateLimit: rateLimit, version: lakeVersion, isInterrupted: { isInterrupted },
      didWait: { wait in
        // Retries are always reported, waits for the configured rate limit only in verbose mode.
        if case .retry = wait { say("\(wait)") } else { detail("\(wait)") }
      })
    // A vendor or a library may put the key into any message.
    stderr.setFilter { access.http.redactor.redact($0) }
    warnIfUnshared(access.http.limiter)
    return access
  }

  private func warnIfUnshared(_ limiter: RateLimiter?) {
    guard let limiter, limiter.path == nil,
      !hasWarnedOfRateLimit.exchange(true, ordering: .relaxed)
    else { return }
    warn(
      "the rate limit of \(limiter.limit) holds for this process alone: others that use the same key "
        + "are not counted, so that together they may ask for more",
      place: "no folder that only you can write to: XDG_RUNTIME_DIR, \(RateFolder.standard)",
      remedy: "mkdir -m 700 DIR && export XDG_RUNTIME_DIR=DIR, or run one lake at a time")
  }
}

extension IngestOptions {
  /// The client's settings in lake.yaml.
  init(_ config: LakeConfig) {
    self.init()
    jobs = config.jobCount
    memoryByteCount = config.memoryByteCount
    badRowShareMax = Double(config.quarantinePercentMax) / 100
  }
}

extension Arguments {
  func rateLimit() throws(UsageError) -> RateLimit? {
    guard let text = value("rate-limit") else { return nil }
    if let limit = RateLimit.parse(text) { return limit }
    throw bad("rate-limit", text, "a number of requests a time", "--rate-limit 5/min")
  }
}
