import Foundation

/// A vendor that is played by one of tools/standin, for as long as this lives.
final class StandIn {
  static let key = "st4ndin-key-0123456789"
  let url: String
  private let process = Process()
  private let input = Pipe()

  /// - Returns: nil where there is no Python for it, said loudly.
  init?(_ vendor: String, data: URL, _ flags: [String] = []) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      [
        "python3", root.appending(path: "tools/standin/\(vendor)").path, "--data", data.path,
        "--key", Self.key, "--stop-with-stdin",
      ] + flags
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
      print("SKIPPED: tools/standin/\(vendor) does not start: python3 3.10 and libzstd are needed")
      return nil
    }
    url = line[range.lowerBound...].trimmingCharacters(in: .newlines)
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Saved pages of Massive's, where the shared data are.
  static func massivePages() -> URL? {
    let environment = ProcessInfo.processInfo.environment["LAKE_SHARED"]
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let shared = environment.map { URL(filePath: $0) } ?? root.appending(path: "../shared")
    let pages = shared.appending(path: "data/derived/massive")
    if FileManager.default.fileExists(atPath: pages.path) { return pages }
    print("SKIPPED: no shared data; set LAKE_SHARED")
    return nil
  }
}
