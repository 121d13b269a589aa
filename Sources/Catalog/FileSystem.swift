import Bytes
import CSystem
import Glibc

/// The few questions that the catalog asks of folders and small files.
enum FileSystem {
  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return lake_stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether a folder is the root of a table: its log has an entry. A run that died before its first
  /// commit leaves an empty log, which is no table.
  static func isTable(_ folder: String) -> Bool {
    !names(in: folder + "/_delta_log", limit: 1).isEmpty
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lake_lstat(path, &status) == 0
  }

  static func isFile(_ path: String) -> Bool {
    var status = stat()
    return lake_stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Names in a folder, sorted, without those that begin with a dot; empty where there is no folder.
  ///
  /// - Parameter limit: How many, whichever come first.
  static func names(in folder: String, limit: Int = .max) -> [String] {
    guard let stream = lake_opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < limit, let entry = lake_readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// A small text file; malformed UTF-8 is an error.
  static func text(_ path: String) throws(CatalogError) -> String {
    let descriptor = Waiting.openForReading(path)
    if descriptor < 0 { throw unreadable(path, lake_errno()) }
    defer { lake_close(descriptor) }
    let isFile = Waiting.isRegularFile(descriptor)
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Waiting.read(descriptor, &part, part.count, isFile: isFile)
      if count < 0 { throw unreadable(path, lake_errno()) }
      if count == 0 { break }
      bytes += part[..<count]
      if bytes.count > YAMLParser.byteCountMax { break }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CatalogError(.unreadable, "file is not UTF-8 text", place: .init(path: path))
    }
    return text
  }

  /// The path without `.`, `..`, links and a trailing slash; nil where it does not exist.
  static func resolved(_ path: String) -> String? {
    guard let raw = lake_realpath(path) else { return nil }
    defer { free(raw) }
    return String(cString: raw)
  }

  /// `path` seen from `directory`.
  static func absolute(_ path: String, in directory: String) -> String {
    path.hasPrefix("/") ? path : directory + "/" + path
  }

  /// Makes a folder, and those above it, that nobody else can look into.
  static func makePrivateFolder(_ path: String) throws(CatalogError) {
    if isDirectory(path) { return }
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makePrivateFolder(String(path[..<slash]))
    }
    if lake_mkdir(path, 0o700) == 0 || lake_errno() == EEXIST { return }
    throw CatalogError(
      .unwritable, "folder cannot be made: " + String(cString: strerror(lake_errno())),
      place: .init(path: path))
  }

  private static func unreadable(_ path: String, _ number: Int32) -> CatalogError {
    CatalogError(
      .unreadable, "file cannot be read: " + String(cString: strerror(number)),
      place: .init(path: path))
  }
}
