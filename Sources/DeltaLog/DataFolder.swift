import CSystem
import Glibc
import Synchronization

/// The folder of a table, in which all its data files must be.
///
/// A log is written by whoever may write to the table; what it names is read by whoever opens it. So
/// a path that leaves the folder, by `..`, as an absolute path or through a symbolic link, is only
/// followed where that is asked for: a shallow clone names the files of the table it was made of.
public final class DataFolder: Sendable {
  /// As it was given.
  public let root: String
  private let allowsOutside: Bool
  /// Folders below the root in whose paths no symbolic link was found.
  private let plainFolders = Mutex<Set<String>>([])

  /// Paths of files below a table's folder; `allowsOutside` lets others pass.
  public init(root: String, allowsOutside: Bool = false) {
    self.root = root
    self.allowsOutside = allowsOutside
  }

  /// Where a data file lies.
  ///
  /// - Throws: `refused` if that is outside the folder; `unsupported` if it is in another store.
  public func path(of file: AddFile) throws(DeltaError) -> String {
    let path = try nominalPath(of: file)
    if allowsOutside { return path }
    if Self.isBelow(file.filePath) && !hasLink(file.filePath) { return path }
    guard let resolved = Self.resolved(path) else {
      // Only what does not leave the folder by its mere spelling may be looked for, and not found.
      if Self.isBelow(file.filePath) && !isLink(path) { return path }
      throw outside(file)
    }
    guard let folder = Self.resolved(root), Self.isWithin(resolved, folder) else {
      throw outside(file)
    }
    return path
  }

  /// Where a data file lies by its path alone.
  ///
  /// - Throws: `refused` if the path leaves the folder whatever lies there; `unsupported` if it is in
  ///   another store.
  public func nominalPath(of file: AddFile) throws(DeltaError) -> String {
    let path = file.filePath
    // Nearly all are: no escape, no scheme, no segment of dots, and relative.
    if !path.isEmpty && DataPath.isPlain(path) && !path.utf8.contains(0) {
      return root + "/" + path
    }
    if DataPath.hasScheme(path) {
      throw DeltaError(
        .unsupported, "the data file '\(path)' lies in another store", path: root,
        remedy: "copy the table here with the program that wrote it")
    }
    if path.utf8.contains(0) || path.isEmpty {
      throw DeltaError(
        .corrupt, "the log has a data file whose path is none: '\(file.path)'", path: root)
    }
    if !allowsOutside && path.utf8.first != 0x2F && !Self.isBelow(path) { throw outside(file) }
    return path.utf8.first == 0x2F ? path : root + "/" + path
  }

  private func outside(_ file: AddFile) -> DeltaError {
    DeltaError(
      .refused, "the data file '\(file.filePath)' lies outside its table", path: root,
      remedy: "if you trust who wrote the log, as that of a shallow clone: "
        + "lake query TABLE --allow-outside")
  }

  // MARK: - Paths

  /// Whether a path is relative and never rises above where it begins.
  static func isBelow(_ path: String) -> Bool {
    if path.utf8.first == 0x2F { return false }
    // Most paths have no segment of dots at all.
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

  /// Whether the path, which is below the root, has a symbolic link in it, or `..`, which is no way
  /// back behind one.
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
  /// Where the file of a table in the folder `root` lies.
  ///
  /// - Throws: As `DataFolder.path(of:)`; many files of one table are asked of one `DataFolder`.
  public func localPath(in root: String) throws(DeltaError) -> String {
    do throws(DeltaError) {
      return try DataFolder(root: root).path(of: self)
    } catch {
      if error.code != .refused { throw error }
      // Whoever asks here works on the table, and no flag lets it leave the folder.
      var refused = error
      refused.remedy =
        "move the file, or its partition's folder, back into the table, or the whole lake to where there is room: "
        + "a table is worked on in its own folder alone; lake query TABLE --allow-outside reads it as it is"
      throw refused
    }
  }
}
