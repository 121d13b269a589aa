import Bytes
import CSystem
import Glibc
import Platform

/// Finds the Parquet files below a folder.
struct FolderListing {
  /// Limits: files below the folder, and levels of folders.
  static let fileCountMax = 1_000_000
  static let depthMax = 64

  /// Suffixes of Parquet files.
  private static let suffixes = [".parquet", ".parq", ".pq"]
  private static let magic: UInt32 = 0x3152_4150  // PAR1

  private let root: String
  private var paths: [String] = []
  /// Folders and files that were listed, by device and inode: what is reached a second time, by a link, is
  /// skipped.
  private var seen: Set<Identity> = []
  /// Link targets, listed last, so that everything is listed under its own name if it has one.
  private var linkedFolders: [(path: String, depth: Int)] = []
  private var linkedFiles: [(path: String, name: String)] = []

  private struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64

    init(_ info: stat) {
      device = UInt64(info.st_dev)
      inode = UInt64(info.st_ino)
    }
  }

  /// The files in the order of their paths.
  static func files(in root: String) throws -> [String] {
    var listing = FolderListing(root: root)
    try listing.list(root, depth: 0)
    while let next = listing.linkedFolders.popLast() {
      try listing.list(next.path, depth: next.depth)
    }
    for link in listing.linkedFiles.sorted(by: { $0.path < $1.path }) {
      var info = stat()
      // A dangling link is reported when it is opened.
      let identity = lake_stat(link.path, &info) == 0 ? Identity(info) : nil
      try listing.add(link.path, link.name, identity)
    }
    return listing.paths.sorted()
  }

  private init(root: String) { self.root = root }

  private mutating func list(_ folder: String, depth: Int) throws {
    if depth > Self.depthMax {
      throw QueryError(
        .badTable, "folders more than \(Self.depthMax) levels deep", at: folder,
        remedy: "name a folder further down")
    }
    var info = stat()
    if lake_stat(folder, &info) != 0 { throw unlistable(folder, lake_errno()) }
    guard seen.insert(Identity(info)).inserted else { return }
    var folders: [String] = []
    for name in try names(in: folder) {
      if name == "_delta_log" {
        throw QueryError(
          .badTable, "'\(root)' holds a Delta table in '\(folder)'",
          remedy: "name that folder: what its files hold is for its log to say")
      }
      let path = folder + "/" + name
      // Hidden files, and those that engines leave unfinished, are no data; `_key=value` is a partition.
      let isHidden = name.hasPrefix(".") || name.hasPrefix("_")
      if isHidden && !(name.hasPrefix("_") && name.contains("=")) { continue }
      var entry = stat()
      // An entry that cannot be examined is reported when it is opened.
      let isThere = lake_lstat(path, &entry) == 0
      switch entry.st_mode & S_IFMT {
      case S_IFDIR where isThere: folders.append(path)
      case S_IFLNK where isThere:
        if FolderTable.isFolder(path) {
          linkedFolders.append((path, depth + 1))
        } else {
          linkedFiles.append((path, name))
        }
      default: try add(path, name, isThere ? Identity(entry) : nil)
      }
    }
    for path in folders { try list(path, depth: depth + 1) }
  }

  /// Adds a file, once however many names it has.
  private mutating func add(_ path: String, _ name: String, _ identity: Identity?) throws {
    guard try isParquet(path, name) else { return }
    if let identity, !seen.insert(identity).inserted { return }
    paths.append(path)
    if paths.count > Self.fileCountMax {
      throw QueryError(
        .badTable, "more than \(Self.fileCountMax) Parquet files below '\(root)'")
    }
  }

  private func names(in folder: String) throws -> [String] {
    guard let handle = lake_opendir(folder) else { throw unlistable(folder, lake_errno()) }
    defer { closedir(handle) }
    var names: [String] = []
    while true {
      guard let entry = lake_readdir(handle) else {
        if lake_errno() == 0 { break }
        throw unlistable(folder, lake_errno())
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    // The order of a folder's entries is arbitrary.
    return names.sorted()
  }

  /// Whether a file is Parquet by its name. Files without a suffix, as Hive and Impala write them, or with a
  /// numeric one, are recognized by their first bytes.
  private func isParquet(_ path: String, _ name: String) throws -> Bool {
    let lower = name.lowercased()
    if Self.suffixes.contains(where: { lower.hasSuffix($0) }) { return true }
    let suffix = name.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last
    guard suffix.map({ $0.allSatisfy(\.isNumber) }) ?? true else { return false }
    let descriptor = Waiting.openForReading(path)
    if descriptor < 0 {
      throw QueryError(
        .badTable, "cannot read: " + String(cString: strerror(lake_errno())).lowercased(), at: path,
        remedy: "check the owner and mode of the file")
    }
    defer { lake_close(descriptor) }
    if !Waiting.isRegularFile(descriptor) { return false }
    var word: UInt32 = 0
    let count = withUnsafeMutableBytes(of: &word) { bytes in
      bytes.baseAddress.map { Waiting.read(descriptor, $0, 4, isFile: true) } ?? 0
    }
    return count == 4 && UInt32(littleEndian: word) == Self.magic
  }

  /// An error: otherwise the rows of its files would be missing from the answer unnoticed.
  private func unlistable(_ folder: String, _ number: Int32) -> QueryError {
    QueryError(
      .badTable, "cannot list the folder: " + String(cString: strerror(number)).lowercased(),
      at: folder, remedy: "check the owner and mode of the folder")
  }
}
