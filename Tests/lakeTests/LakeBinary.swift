import Foundation

/// The built program, run as a user runs it.
struct LakeBinary {
  /// The result of a run.
  struct Run {
    let status: Int32
    let output: String
    let talk: String
  }

  /// `LAKE_BINARY`, else the binary built with the tests.
  static let path: String = {
    if let path = ProcessInfo.processInfo.environment["LAKE_BINARY"] { return path }
    let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(filePath: tests ?? "").deletingLastPathComponent().appending(path: "lake").path
  }()

  /// Runs it in a folder with empty standard input, and waits for its end.
  ///
  /// stdout and stderr are redirected to files: a full pipe would block the program.
  static func run(
    _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:],
    input: Data = Data()
  ) throws -> Run {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    let files = try ["out", "err", "in"].map { name in
      let file = scratch.url.appending(path: name)
      try (name == "in" ? input : Data()).write(to: file)
      return try FileHandle(forUpdating: file)
    }
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.currentDirectoryURL = folder ?? scratch.url
    var all = ProcessInfo.processInfo.environment
    all["LAKE_ROOT"] = nil
    process.environment = all.merging(environment) { $1 }
    process.standardOutput = files[0]
    process.standardError = files[1]
    process.standardInput = files[2]
    try process.run()
    process.waitUntilExit()
    func text(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: scratch.url.appending(path: name)), as: UTF8.self)
    }
    return Run(
      status: process.terminationStatus, output: try text("out"), talk: try text("err"))
  }
}

/// A temporary folder.
struct ScratchFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "lake-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(at: url) }
}

/// The real market data beside the checkout; nil if it is missing.
let sharedData: URL? = {
  let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
  let named = ProcessInfo.processInfo.environment["LAKE_SHARED"].map { URL(filePath: $0) }
  let folder = (named ?? root.appending(path: "shared")).appending(path: "data")
  return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
}()
