import CSystem
import Glibc
import Platform
import Synchronization

/// The folder of a table, in which all its data files must be.
///
/// Anyone who may write to the table writes its log, and anyone who opens it reads the files that the log
/// names. So a path that leaves the folder (by `..`, an absolute path or a symbolic link) is followed only on
/// request: a shallow clone names files of the table that it was cloned from.
public final class DataFolder: Sendable {
  /// As given by the caller.
  public let root: String
  private let allowsOutside: Bool
  /// Folders below the root whose paths have no symbolic link.
  private let plainFolders = Mutex<Set<String>>([])

  /// - Parameter allowsOutside: Whether paths may leave the folder.
  public init(root: String, allowsOutside: Bool = false) {
    self.root = root
    self.allowsOutside = allowsOutside
  }

  /// The path of a data file.
  ///
  /// - Throws: `refused` if it is outside the folder; `unsupported` if it is in another store.
  public func path(of file: AddFile) throws(DeltaError) -> String {
    try path(of: file.filePath, "data file")
  }

  /// The path of a file of deletion vectors.
  ///
  /// - Parameter path: Relative to the table, or absolute; not encoded.
  /// - Throws: As `path(of:)`.
  func path(ofVector path: String) throws(DeltaError) -> String {
    try self.path(of: path, "deletion vector")
  }

  /// - Parameter kind: What the file is, for errors.
  func path(of filePath: String, _ kind: String) throws(DeltaError) -> String {
    let path = try nominalPath(of: filePath, kind)
    if allowsOutside { return path }
    if Self.isBelow(filePath) && !hasLink(filePath) { return path }
    guard let resolved = Self.resolved(path) else {
      // A file may be missing; but only a path that is textually below the folder may be probed.
      if Self.isBelow(filePath) && !isLink(path) { return path }
      throw outside(filePath, kind)
    }
    guard let folder = Self.resolved(root), Self.isWithin(resolved, folder) else {
      throw outside(filePath, kind)
    }
    return path
  }

  /// The path of a data file, by its spelling alone.
  ///
  /// - Throws: `refused` if the path leaves the folder by its spelling; `unsupported` if it is in another
  ///   store.
  public func nominalPath(of file: AddFile) throws(DeltaError) -> String {
    try nominalPath(of: file.filePath, "data file")
  }

  private func nominalPath(of path: String, _ kind: String) throws(DeltaError) -> String {
    // The common case: no escape, scheme or dot segment, and relative.
    if !path.isEmpty && DataPath.isPlain(path) && !path.utf8.contains(0) {
      return root + "/" + path
    }
    if DataPath.hasScheme(path) {
      throw DeltaError(
        .unsupported, "the \(kind) '\(path)' lies in another store", path: root,
        remedy: "copy the table here with the program that wrote it")
    }
    if path.utf8.contains(0) || path.isEmpty {
      throw DeltaError(
        .corrupt, "the log has a \(kind) whose path is none: '\(DataPath.encoded(path))'",
        path: root)
    }
    if !allowsOutside && path.utf8.first != 0x2F && !Self.isBelow(path) {
      throw outside(path, kind)
    }
    return path.utf8.first == 0x2F ? path : root + "/" + path
  }

  private func outside(_ path: String, _ kind: String) -> DeltaError {
    DeltaError(
      .refused, "the \(kind) '\(path)' lies outside its table", path: root,
      remedy: "if you trust who wrote the log, as that of a shallow clone: "
        + "lake query \(LoggedFile.table(in: root)) --allow-outside")
  }

  // MARK: - Paths

  /// Whether a path is relative and never rises above where it begins.
  static func isBelow(_ path: String) -> Bool {
    if path.utf8.first == 0x2F { return false }
    // Most paths have no dot segment at all.
    var depth = 0
    for part in path.utf8.split(separator: 0x2F) {
      if part.elementsEqual(".".utf8) { continue }
      depth += part.elementsEqual("..".utf8) ? -1 : 1
      if depth < 0 { return false }
    }
    return true
  }

  private static func isWithin(_ path: String, _ folder: String) -> Bool {
    path.hasPrefix(folder == "/" ? folder : folder + "/")
  }

  private static func resolved(_ path: String) -> String? {
    guard let raw = lake_realpath(path) else { return nil }
    defer { free(raw) }
    return String(cString: raw)
  }

  /// Whether the path, which is below the root, contains a symbolic link, or `..`, which after a link does not
  /// lead back.
  private func hasLink(_ path: String) -> Bool {
    let parts = path.utf8.split(separator: 0x2F)
    if parts.contains(where: { $0.elementsEqual("..".utf8) }) { return true }
    if let name = parts.last, parts.count > 1 {
      let folder = String(path[..<name.startIndex])
      if !(plainFolders.withLock { $0.contains(folder) }) {
        var prefix = root
        for part in parts.dropLast() {
          prefix += "/" + String(decoding: part, as: UTF8.self)
          if isLink(prefix) { return true }
        }
        plainFolders.withLock { _ = $0.insert(folder) }
      }
    }
    return isLink(root + "/" + path)
  }

  private func isLink(_ path: String) -> Bool {
    var status = stat()
    return lake_lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }
}

extension AddFile {
  /// The path of the file of a table in the folder `root`.
  ///
  /// - Throws: As `DataFolder.path(of:)`, which is faster for many files of one table.
  public func localPath(in root: String) throws(DeltaError) -> String {
    do throws(DeltaError) {
      return try DataFolder(root: root).path(of: self)
    } catch {
      if error.code != .refused { throw error }
      // Callers of this work on the table itself, and no flag lets them leave the folder.
      var refused = error
      refused.remedy =
        "move the file, or its partition's folder, back into the table, or the whole lake to where there is room: "
        + "a table is worked on in its own folder alone; lake query \(LoggedFile.table(in: root)) --allow-outside reads it as it is"
      throw refused
    }
  }
}
