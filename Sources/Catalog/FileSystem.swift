import CSystem
import Glibc
import Platform

/// What the catalog needs to know about folders and small files.
///
/// Only what the system reports as non-existent is absent. Any other failure, like missing permissions or too
/// many open files, is an error: taken for absence, it would make a lake forget what it holds.
enum FileSystem {
  static func isDirectory(_ path: String) throws(CatalogError) -> Bool {
    try kind(path) == S_IFDIR
  }

  /// Whether a folder is the root of a table: its log has an entry. A run that died before its first commit
  /// leaves an empty log, which is no table. A log that cannot be listed counts as a table's, and reading the
  /// table reports why.
  static func isTable(_ folder: String) -> Bool {
    do throws(CatalogError) {
      return try !names(in: folder + "/_delta_log", limit: 1).isEmpty
    } catch {
      return true
    }
  }

  /// Whether there is anything of that name, even a dangling link.
  static func exists(_ path: String) throws(CatalogError) -> Bool {
    var status = stat()
    if lake_lstat(path, &status) == 0 { return true }
    if isAbsence(lake_errno()) { return false }
    throw unreadable("cannot look at the file", path, lake_errno())
  }

  static func isFile(_ path: String) throws(CatalogError) -> Bool {
    try kind(path) == S_IFREG
  }

  /// Names in a folder, sorted, without hidden ones; empty if there is no folder.
  ///
  /// - Parameter limit: Names returned at most, an arbitrary selection.
  static func names(in folder: String, limit: Int = .max) throws(CatalogError) -> [String] {
    guard let stream = lake_opendir(folder) else {
      if isAbsence(lake_errno()) { return [] }
      throw unreadable("cannot list the folder", folder, lake_errno())
    }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < limit {
      guard let entry = lake_readdir(stream) else {
        if lake_errno() == 0 { break }
        throw unreadable("cannot list the folder", folder, lake_errno())
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// The file type of what a path leads to; nil for a dangling link or nothing.
  private static func kind(_ path: String) throws(CatalogError) -> mode_t? {
    var status = stat()
    if lake_stat(path, &status) == 0 { return status.st_mode & S_IFMT }
    if isAbsence(lake_errno()) { return nil }
    throw unreadable("cannot look at the file", path, lake_errno())
  }

  /// Whether a call failed because nothing has that name.
  private static func isAbsence(_ number: Int32) -> Bool {
    number == ENOENT || number == ENOTDIR
  }

  /// A small text file; malformed UTF-8 is an error.
  static func text(_ path: String) throws(CatalogError) -> String {
    let descriptor = Waiting.openForReading(path)
    if descriptor < 0 { throw unreadable("file cannot be read", path, lake_errno()) }
    defer { lake_close(descriptor) }
    // A pipe that nobody writes to would block every command.
    guard Waiting.isRegularFile(descriptor) else {
      throw CatalogError(.unreadable, "it is no file", place: .init(path: path))
    }
    guard
      let bytes = Transfer.readToEnd(
        descriptor, byteCountMax: YAMLParser.byteCountMax, isFile: true)
    else { throw unreadable("file cannot be read", path, lake_errno()) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CatalogError(.unreadable, "file is not UTF-8 text", place: .init(path: path))
    }
    return text
  }

  /// The path without `.`, `..`, links and a trailing slash; nil if it does not exist.
  static func resolved(_ path: String) throws(CatalogError) -> String? {
    guard let raw = lake_realpath(path) else {
      if isAbsence(lake_errno()) { return nil }
      throw unreadable("cannot look at the path", path, lake_errno())
    }
    defer { free(raw) }
    return String(cString: raw)
  }

  /// `path` relative to `directory`, unless absolute.
  static func absolute(_ path: String, in directory: String) -> String {
    path.hasPrefix("/") ? path : directory + "/" + path
  }

  /// Makes a folder, and missing ones above it, that nobody else can access.
  static func makePrivateFolder(_ path: String) throws(CatalogError) {
    if try isDirectory(path) { return }
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makePrivateFolder(String(path[..<slash]))
    }
    if lake_mkdir(path, 0o700) == 0 || lake_errno() == EEXIST { return }
    throw CatalogError(
      .unwritable, "folder cannot be made: " + String(cString: strerror(lake_errno())),
      place: .init(path: path))
  }

  private static func unreadable(
    _ what: String, _ path: String, _ number: Int32
  ) -> CatalogError {
    let remedy: String? =
      switch number {
      case EACCES, EPERM: "check the owner and mode of it, and of the folders above it"
      case EMFILE, ENFILE: "close other programs, or allow more open files: ulimit -n 1024"
      case ELOOP: "remove the link that leads back to itself"
      default: nil
      }
    return CatalogError(
      .unreadable, what + ": " + String(cString: strerror(number)), place: .init(path: path),
      remedy: remedy)
  }
}
