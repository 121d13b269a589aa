import Bytes
import CSystem
import Glibc

/// Finds the Parquet files below a folder.
struct FolderListing {
  /// Most files that a folder may have, and levels of folders below it.
  static let fileCountMax = 1_000_000
  static let depthMax = 64

  /// Suffixes of Parquet files.
  private static let suffixes = [".parquet", ".parq", ".pq"]
  private static let magic: UInt32 = 0x3152_4150  // PAR1

  private let root: String
  private var paths: [String] = []
  /// Folders that were listed, by device and inode: one that is reached again, by a link, holds nothing new.
  private var seen: Set<[UInt64]> = []
  /// Folders that links lead to. They come after all others, so that a folder goes by its own name.
  private var linked: [(path: String, depth: Int)] = []

  /// The files in the order of their paths.
  static func files(in root: String) throws -> [String] {
    var listing = FolderListing(root: root)
    try listing.list(root, depth: 0)
    while let next = listing.linked.popLast() { try listing.list(next.path, depth: next.depth) }
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
    guard seen.insert([UInt64(info.st_dev), UInt64(info.st_ino)]).inserted else { return }
    var folders: [String] = []
    for name in try names(in: folder) {
      if name == "_delta_log" {
        throw QueryError(
          .badTable, "'\(root)' holds a Delta table in '\(folder)'",
          remedy: "name that folder: what its files hold is for its log to say")
      }
      let path = folder + "/" + name
      // Hidden files and those that engines leave half done are no data; `_key=value` is a partition.
      let isHidden = name.hasPrefix(".") || name.hasPrefix("_")
      if isHidden && !(name.hasPrefix("_") && name.contains("=")) { continue }
      if FolderTable.isFolder(path) {
        if Self.isLink(path) { linked.append((path, depth + 1)) } else { folders.append(path) }
      } else if try isParquet(path, name) {
        paths.append(path)
        if paths.count > Self.fileCountMax {
          throw QueryError(
            .badTable, "more than \(Self.fileCountMax) Parquet files below '\(folder)'")
        }
      }
    }
    for path in folders { try list(path, depth: depth + 1) }
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
    // The order of a folder's entries is nobody's.
    return names.sorted()
  }

  /// Whether a file is Parquet by its name; without a suffix, as Hive and Impala write files, or with a
  /// number for one, by how it begins.
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

  private static func isLink(_ path: String) -> Bool {
    var info = stat()
    return lake_lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFLNK
  }

  /// What its files hold would be left out of the answer unnoticed.
  private func unlistable(_ folder: String, _ number: Int32) -> QueryError {
    QueryError(
      .badTable, "cannot list the folder: " + String(cString: strerror(number)).lowercased(),
      at: folder, remedy: "check the owner and mode of the folder")
  }
}
