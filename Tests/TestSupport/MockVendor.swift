import Foundation

/// A mock server of `tools/standin` that implements a vendor's protocol; deallocation stops it.
public final class MockVendor {
  /// The accepted key, unless flags set another.
  public static let key = "st4ndin-key-0123456789"
  /// The address, such as `http://127.0.0.1:28765`.
  public let url: String
  private let process = Process()
  private let input = Pipe()

  /// - Returns: nil, with a message, if Python is missing.
  public convenience init?(
    _ vendor: String, data: URL, key: String = MockVendor.key, _ flags: [String] = []
  ) throws {
    try self.init(
      script: "tools/standin/" + vendor, ["--data", data.path, "--key", key] + flags)
  }

  /// - Parameters:
  ///   - script: The path of the script, relative to the checkout as in the README.
  ///   - folder: The working directory, to which paths in `arguments` are relative.
  public init?(script: String, _ arguments: [String], in folder: URL? = nil) throws {
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["python3", Self.root.appending(path: script).path, "--stop-with-stdin"] + arguments
    if let folder { process.currentDirectoryURL = folder }
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var line = ""
    while !line.hasSuffix("\n") {
      let byte = output.fileHandleForReading.readData(ofLength: 1)
      if byte.isEmpty { break }
      line += String(decoding: byte, as: UTF8.self)
    }
    guard let range = line.range(of: "http://") else {
      print("SKIPPED: \(script) does not start: python3 3.10 and libzstd are needed")
      return nil
    }
    url = line[range.lowerBound...].trimmingCharacters(in: .newlines)
  }

  deinit { stop() }

  /// Stops the server and waits until it has ended.
  public func stop() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../..").standardizedFileURL

  /// A folder of the shared data, such as `derived/dbn`; nil, with a message, if it is missing.
  public static func shared(_ path: String) -> URL? {
    let named = ProcessInfo.processInfo.environment["LAKE_SHARED"].map { URL(filePath: $0) }
    let shared = named ?? root.appending(path: "../shared")
    let folder = shared.appending(path: "data/" + path).standardizedFileURL
    if FileManager.default.fileExists(atPath: folder.path) { return folder }
    print("SKIPPED: no shared data; set LAKE_SHARED")
    return nil
  }
}
