import CSystem
import Glibc
import Platform

/// Finds the files below a folder, each once however many names it has.
///
/// Hidden files and those that engines leave unfinished (`.x`, `_x`) are no data; `_key=value` is a partition. Links are
/// followed, and what is reached a second time is left out, so that a cycle of links ends and doubles nothing.
public struct FolderWalk {
  /// Limits: files below the folder, and levels of folders.
  public static let fileCountMax = 1_000_000
  /// Levels of folders.
  public static let depthMax = 64

  private let root: String
  private let isWanted: (_ path: String, _ name: String) throws -> Bool
  private let takesHidden: (_ path: String, _ name: String) -> Bool
  private let failed: ((_ path: String, _ error: StorageError) -> Void)?
  private var paths: [String] = []
  /// Folders and files that were listed, by device and inode.
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
  ///
  /// - Parameters:
  ///   - hidden: Whether a file or folder is taken though its name hides it; nil for none.
  ///   - failed: Takes the folders below `root` that can't be listed, which are then left out; nil to stop there, so that
  ///     rows never miss unnoticed.
  ///   - isWanted: Whether a file is one of those that are looked for; asked once for each.
  /// - Throws: `StorageError` where a folder cannot be listed and `failed` is nil, or it is `root`;
  ///   where it is a Delta table, whose log says which files count; and past the limits.
  public static func files(
    below root: String, hidden: ((_ path: String, _ name: String) -> Bool)? = nil,
    failed: ((_ path: String, _ error: StorageError) -> Void)? = nil,
    where isWanted: (_ path: String, _ name: String) throws -> Bool
  ) throws -> [String] {
    try withoutActuallyEscaping(isWanted) { isWanted in
      var walk = FolderWalk(
        root: root, isWanted: isWanted, takesHidden: hidden ?? { _, _ in false }, failed: failed)
      try walk.list(root, depth: 0)
      while let next = walk.linkedFolders.popLast() {
        try walk.listBelow(next.path, depth: next.depth)
      }
      for link in walk.linkedFiles.sorted(by: { $0.path < $1.path }) {
        var info = stat()
        // A dangling link is reported when it is opened.
        let identity = lake_stat(link.path, &info) == 0 ? Identity(info) : nil
        try walk.add(link.path, link.name, identity)
      }
      return walk.paths.sorted()
    }
  }

  private init(
    root: String, isWanted: @escaping (String, String) throws -> Bool,
    takesHidden: @escaping (String, String) -> Bool,
    failed: ((String, StorageError) -> Void)?
  ) {
    self.failed = failed
    self.takesHidden = takesHidden
    self.root = root
    self.isWanted = isWanted
  }

  /// Lists a folder below the root: one that can't be is told where somebody takes that.
  private mutating func listBelow(_ folder: String, depth: Int) throws {
    do {
      try list(folder, depth: depth)
    } catch let error as StorageError where error.path == folder && error.code != .tooLarge {
      guard let failed else { throw error }
      // Between looking at it and listing it, it was removed.
      var info = stat()
      if lake_stat(folder, &info) != 0, lake_errno() == ENOENT { return }
      failed(folder, error)
    }
  }

  private mutating func list(_ folder: String, depth: Int) throws {
    if depth > Self.depthMax {
      throw StorageError(
        code: .badPath, message: "folders more than \(Self.depthMax) levels deep", path: folder,
        remedy: "name a folder further down")
    }
    var info = stat()
    if lake_stat(folder, &info) != 0 {
      throw StorageError.system(lake_errno(), "list the folder", folder)
    }
    guard seen.insert(Identity(info)).inserted else { return }
    var folders: [String] = []
    for name in try Self.names(in: folder) {
      if name == "_delta_log" {
        throw StorageError(
          code: .badPath, message: "'\(root)' holds a Delta table in '\(folder)'", path: root,
          remedy: "name that folder: what its files hold is for its log to say")
      }
      let isHidden = name.hasPrefix(".") || name.hasPrefix("_")
      let path = folder == "/" ? "/" + name : folder + "/" + name
      if isHidden && !(name.hasPrefix("_") && name.contains("=")), !takesHidden(path, name) {
        continue
      }
      try sort(path, name, depth: depth, &folders)
    }
    for path in folders { try listBelow(path, depth: depth + 1) }
  }

  /// What a folder holds, in the order of the bytes; what each entry is, is looked at one by one.
  private static func names(in folder: String) throws -> [String] {
    var names: [String] = []
    try DirectoryStorage(root: folder).visit("", followsLinks: false) { name, _ in
      names.append(String(decoding: name, as: UTF8.self))
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private mutating func sort(
    _ path: String, _ name: String, depth: Int, _ folders: inout [String]
  ) throws {
    var entry = stat()
    // An entry that cannot be examined is reported when it is opened.
    let isThere = lake_lstat(path, &entry) == 0
    switch entry.st_mode & S_IFMT {
    case S_IFDIR where isThere: folders.append(path)
    case S_IFLNK where isThere:
      var target = stat()
      let isFound = lake_stat(path, &target) == 0
      if !isFound, lake_errno() != ENOENT {
        let error = StorageError.system(lake_errno(), "follow the link", path)
        guard let failed else { throw error }
        failed(path, error)
      } else if isFound, target.st_mode & S_IFMT == S_IFDIR {
        linkedFolders.append((path, depth + 1))
      } else {
        linkedFiles.append((path, name))
      }
    default: try add(path, name, isThere ? Identity(entry) : nil)
    }
  }

  /// Adds a file, once however many names it has.
  private mutating func add(_ path: String, _ name: String, _ identity: Identity?) throws {
    guard try isWanted(path, name) else { return }
    if let identity, !seen.insert(identity).inserted { return }
    paths.append(path)
    if paths.count > Self.fileCountMax {
      throw StorageError(
        code: .tooLarge, message: "more than \(Self.fileCountMax) files below '\(root)'",
        path: root, remedy: "name a folder further down")
    }
  }
}
