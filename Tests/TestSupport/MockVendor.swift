import Foundation

/// A mock server of `tools/standin` that speaks a vendor's protocol; it stops with this object.
public final class MockVendor {
  /// The only key that it accepts, unless flags say another.
  public static let key = "st4ndin-key-0123456789"
  /// Like `http://127.0.0.1:28765`.
  public let url: String
  private let process = Process()
  private let input = Pipe()

  /// - Returns: nil where there is no Python for it, said loudly.
  public convenience init?(
    _ vendor: String, data: URL, key: String = MockVendor.key, _ flags: [String] = []
  ) throws {
    try self.init(
      script: "tools/standin/" + vendor, ["--data", data.path, "--key", key] + flags)
  }

  /// - Parameters:
  ///   - script: As the README names it.
  ///   - folder: That paths in `arguments` are relative to.
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

  /// Ends the server, and waits for that.
  public func stop() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../..").standardizedFileURL

  /// A folder of the shared data, like `derived/dbn`; nil where they are not, said loudly.
  public static func shared(_ path: String) -> URL? {
    let named = ProcessInfo.processInfo.environment["LAKE_SHARED"].map { URL(filePath: $0) }
    let shared = named ?? root.appending(path: "../shared")
    let folder = shared.appending(path: "data/" + path).standardizedFileURL
    if FileManager.default.fileExists(atPath: folder.path) { return folder }
    print("SKIPPED: no shared data; set LAKE_SHARED")
    return nil
  }
}
