import HTTP

/// Everything needed to query a vendor: its key, its address, and an HTTP client with limits and retries.
public struct VendorAccess: Sendable {
  /// The vendor.
  public let vendor: Vendor
  /// The key; it is never printed.
  public let key: Secret
  /// Where requests go: of the environment or `lake.yaml`, else the vendor's own address.
  public let baseURL: String
  /// Sends requests under the rate limit, with retries as configured.
  public let http: HTTPClient

  /// Finds the key and sets up requests; nothing is sent.
  ///
  /// - Parameters:
  ///   - lake: nil without a lake: then the defaults apply.
  ///   - rateLimit: Overrides the one in `lake.yaml`.
  ///   - version: The program's version, sent to the vendor.
  ///   - isInterrupted: Polled; true ends requests and waiting.
  ///   - didWait: Called before each wait.
  ///   - transport: nil is libcurl.
  public static func open(
    _ vendor: Vendor, lake: Lake?, environment: [String: String], workingDirectory: String,
    rateLimit: RateLimit? = nil, version: String = "",
    isInterrupted: @escaping @Sendable () -> Bool = { false },
    didWait: @escaping @Sendable (HTTPWait) -> Void = { _ in },
    transport: (any HTTPTransport)? = nil
  ) throws(CatalogError) -> VendorAccess {
    if let lake { try ConfigTrust.require(vendor, in: lake, environment: environment) }
    let config = lake?.config.vendor(vendor)
    let key = try VendorKey.find(
      vendor, environment: environment, workingDirectory: workingDirectory, lakeRoot: lake?.root,
      config: config)
    var options =
      lake?.config.curlOptions(environment: environment)
      ?? CurlTransport.Options(environment: environment)
    if !version.isEmpty { options.userAgent = "lake/" + version }
    let limiter = (rateLimit ?? config?.rateLimit).map {
      RateLimiter($0, secret: key, environment: environment)
    }
    let http = HTTPClient(
      transport: transport ?? CurlTransport(options: options, isInterrupted: isInterrupted),
      policy: lake?.config.retryPolicy ?? RetryPolicy(), limiter: limiter, secrets: [key],
      isInterrupted: isInterrupted, didWait: didWait)
    return VendorAccess(
      vendor: vendor, key: key, baseURL: try baseURL(vendor, config, environment), http: http)
  }

  /// The address: from the environment or `lake.yaml`, else the vendor's own.
  private static func baseURL(
    _ vendor: Vendor, _ config: VendorConfig?, _ environment: [String: String]
  ) throws(CatalogError) -> String {
    if let config { return config.url }
    guard let text = environment[vendor.urlVariable], !text.isEmpty else {
      return vendor.standardURL
    }
    guard let url = HTTPURL(text), url.isEncrypted || url.isLoopback else {
      throw CatalogError(
        .badConfig,
        "'\(vendor.urlVariable)' is '\(AddressText.redacted(address: text))', expected an address like https://host",
        place: .init(path: "environment"), remedy: "unset \(vendor.urlVariable)")
    }
    return text
  }
}
