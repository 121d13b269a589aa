import CSystem
import Glibc
import Platform
import Storage

/// The inputs that a command names: files, and the data files below folders.
public struct InputPaths: Sendable {
  /// In the order given; those of a folder in the order of their paths.
  public private(set) var files: [String] = []
  /// Files below folders that are not taken: no suffix tells them as data, they are hidden, or no regular files.
  public private(set) var others: [String] = []
  /// Folders that could not be listed, and why.
  public private(set) var failures: [(path: String, error: any Error)] = []

  /// What files are called that are copies, by path.
  public private(set) var names: [String: String] = [:]

  /// Suffixes of files that are taken from a folder, without that of their compression.
  private static let suffixes: Set<String> = [
    "csv", "tsv", "txt", "json", "jsonl", "ndjson", "parquet", "parq", "pq", "dbn", "dbz", "frag",
  ]
  private static let compressions: Set<String> = ["gz", "zst", "zstd", "zip"]

  /// Whether folders were given.
  public private(set) var hasFolders = false

  /// Files, none of them looked at.
  public init(files: [String]) {
    self.files = files
  }

  /// Adds a file.
  ///
  /// - Parameter name: What it is called where its path says nothing to the user.
  public mutating func append(_ path: String, name: String? = nil) {
    files.append(path)
    if let name { names[path] = name }
  }

  /// Adds a folder whose files cannot be read.
  public mutating func append(failure: any Error, of path: String) {
    failures.append((path, failure))
  }

  /// Adds the inputs of other paths.
  public mutating func append(_ inputs: InputPaths) {
    files += inputs.files
    others += inputs.others
    failures += inputs.failures
    names.merge(inputs.names) { $1 }
    if inputs.hasFolders { hasFolders = true }
  }

  /// Looks which paths are folders, and lists these.
  public init(_ paths: [String]) {
    for path in paths {
      var info = stat()
      guard path != "-", lake_stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
        // What is wrong with any other path is told when it is opened.
        files.append(path)
        continue
      }
      hasFolders = true
      do {
        var others: [String] = []
        var hidden: [String] = []
        var unlisted: [(path: String, error: any Error)] = []
        // `_SPX.csv` is somebody's index; what a dot hides, or a folder of an engine's, is left out and said.
        func isTaken(_ path: String, _ name: String) -> Bool {
          let isFile = !Self.isFolder(path)
          if isFile && name.hasPrefix("_") && Self.isData(name) { return true }
          if isFile ? Self.isData(name) : name.hasPrefix("_") { hidden.append(path) }
          return false
        }
        func isWanted(_ path: String, _ name: String) -> Bool {
          let isData = Self.isData(name) && Self.isRegular(path)
          if !isData { others.append(path) }
          return isData
        }
        files += try withoutActuallyEscaping(isTaken) { isTaken in
          try FolderWalk.files(
            below: Self.withoutEnd(path), hidden: isTaken, failed: { unlisted.append(($0, $1)) },
            where: isWanted)
        }
        failures += unlisted
        self.others += others + hidden
      } catch {
        failures.append((path, error))
      }
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var info = stat()
    return lake_stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether it can be read to an end: no pipe, socket or device. What cannot be looked at is told when it is opened.
  private static func isRegular(_ path: String) -> Bool {
    var info = stat()
    return lake_stat(path, &info) != 0 || info.st_mode & S_IFMT == S_IFREG
  }

  private static func withoutEnd(_ path: String) -> String {
    var path = path
    while path.utf8.count > 1, path.utf8.last == 0x2F { path.removeLast() }
    return path
  }

  /// Whether a file's name ends as those of data do: `x.csv`, `x.csv.gz`, `x.zip`.
  static func isData(_ name: String) -> Bool {
    var parts = name.lowercased().split(separator: ".").dropFirst().map(String.init)
    var isPacked = false
    while let last = parts.last, compressions.contains(last) {
      isPacked = true
      parts.removeLast()
    }
    return parts.last.map { suffixes.contains($0) } ?? isPacked
  }
}
