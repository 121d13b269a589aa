import CSystem
import Catalog
import CommandLineKit
import Glibc
import Ingest
import Ledger
import Platform
import RowSources
import Tables

/// A lake in a temporary folder, into which a command reads files that it works on: so that it takes all that
/// `lake ingest` takes, and reads it in the same way.
final class ScratchLake {
  /// Memory for rows and encoders, in bytes.
  private static let memoryByteCount = 64 << 20

  private let command: String
  private let interval: String?
  private let timeZone: String?
  private let context: Context
  private var folders: [String] = []

  /// - Parameters:
  ///   - command: Name of the command, for messages.
  ///   - interval: Of bars; nil: as files say, or else some length.
  ///   - timeZone: Of times without one; nil: as files say, or else UTC.
  init(command: String, interval: String? = nil, timeZone: String? = nil, context: Context) {
    self.command = command
    self.interval = interval
    self.timeZone = timeZone
    self.context = context
  }

  /// Whether an operand is a file, and no table or folder.
  static func isFile(_ operand: String) -> Bool {
    var info = stat()
    return lake_stat(operand, &info) == 0 && info.st_mode & S_IFMT != S_IFDIR
  }

  /// A new lake with the rows of some files, and its tables.
  func lake(of paths: [String]) throws -> (lake: Lake, tables: [TableName]) {
    let lake = try makeLake()
    for path in paths { try read(path, into: lake) }
    return (lake, try lake.tableNames(layer: "raw"))
  }

  /// A new lake without tables.
  func makeLake() throws -> Lake {
    let root = try makeFolder() + "/lake"
    try LakeInit(directory: root, workingDirectory: "/").apply()
    return try Lake(root: root)
  }

  /// Reads a file. What it does not say, and does not matter here, is supplied: the symbol by its name, the zone as UTC, and
  /// some length of bars.
  private func read(_ path: String, into lake: Lake) throws {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let isDBN = [".dbn", ".dbn.zst", ".dbn.gz"].contains { name.hasSuffix($0) }
    let symbol = String(name.prefix { $0 != "." })
    var failure: (any Error)?
    for supplied in 0..<8 {
      var options = IngestOptions()
      options.interval = interval ?? (supplied & 4 == 0 ? nil : "1m")
      options.timeZone = timeZone ?? (supplied & 2 == 0 ? nil : "UTC")
      options.symbol = supplied & 1 == 0 ? nil : symbol
      options.badRowShareMax = 1
      options.memoryByteCount = Self.memoryByteCount
      options.commandWords = [command]
      if !isDBN { options.table = try TableName(parsing: "raw.rows") }
      let pass = try IngestPass(lake: lake, options: options, observer: Stopper(context: context))
      defer { pass.run.finish() }
      let report = try pass.ingest(InputPaths(files: [path]))
      if report.isInterrupted { throw Interrupted() }
      guard let file = report.files.first else { break }
      if case .failed(let error) = file.state {
        failure = failure ?? error
        let cause = (error as? Located)?.cause ?? error
        guard let question = cause as? SourceError, question.isQuestion else { throw error }
        continue
      }
      if file.quarantineCount > 0 {
        context.warn(
          "\(file.quarantineCount) rows cannot be read, and are left out", place: path,
          remedy: "lake validate \(ShellText.path(path)) tells which")
      }
      return
    }
    if let failure { throw failure }
  }

  /// Stops when the user does. What goes wrong is thrown, and said once.
  private struct Stopper: PassObserver {
    let context: Context
    var isInterrupted: Bool { context.isInterrupted }
    func begin(_ name: String) {}
    func didRead(byteCount: Int) {}
    func didProcess(rowCount: Int) {}
    func didFail(_ error: any Error) {}
    func warn(_ error: PassError) {
      context.warn(error.message, place: error.placeText, remedy: error.remedy)
    }
  }

  private func makeFolder() throws -> String {
    let base = context.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var path = Array((base + "/lake-files-XXXXXX").utf8CString)
    let isMade = path.withUnsafeMutableBufferPointer { $0.baseAddress.map { mkdtemp($0) } != nil }
    guard isMade, path.last == 0, !path.starts(with: (base + "/lake-files-XXXXXX").utf8CString)
    else {
      throw PassError.system("make a folder in", path: base)
    }
    let made = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    folders.append(made)
    return made
  }

  /// Removes all temporary folders.
  func remove() {
    for folder in folders { Self.remove(folder) }
    folders = []
  }

  /// Removes a folder and all below it; a link is removed, and not followed. What cannot be removed is left to the system, in whose
  /// folder for temporary files it is.
  private static func remove(_ folder: String) {
    if let stream = lake_opendir(folder) {
      while let entry = lake_readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
          tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name == "." || name == ".." { continue }
        let path = folder + "/" + name
        var info = stat()
        let isFolder = lake_lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
        if isFolder { remove(path) } else { lake_unlink(path) }
      }
      closedir(stream)
    }
    lake_rmdir(folder)
  }
}
