import CSystem
import Glibc

/// An open folder, whose entries are reached through it and never through a link: anyone may have put entries
/// into a lake's folders.
final class FolderHandle {
  let descriptor: Int32

  /// nil with the reason in `errno`; a link is ELOOP or ENOTDIR.
  convenience init?(path: String) { self.init(opened: lake_open(path, Self.flags, 0)) }

  private init?(opened: Int32) {
    // Before the property is set: `deinit` of a complete handle would close it, which would overwrite `errno`.
    if opened < 0 { return nil }
    descriptor = opened
  }

  deinit { lake_close(descriptor) }

  private static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

  /// A folder in this one.
  func folder(_ name: String) -> FolderHandle? {
    FolderHandle(opened: lake_openat(descriptor, name, Self.flags, 0))
  }

  /// Opens a file in this folder; negative with the reason in `errno`.
  func open(_ name: String, _ flags: Int32) -> Int32 {
    lake_openat(descriptor, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o666)
  }

  /// What an entry is, itself and not what it links to: `S_IFREG`, `S_IFDIR`, …; nil with `errno`.
  func kind(_ name: String) -> mode_t? {
    var status = stat()
    guard lake_fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    return status.st_mode & S_IFMT
  }

  /// Removes a file; true where there is none.
  func remove(_ name: String) -> Bool {
    lake_unlinkat(descriptor, name, 0) == 0 || lake_errno() == ENOENT
  }

  /// Removes an empty folder; true where there is none.
  func removeFolder(_ name: String) -> Bool {
    lake_unlinkat(descriptor, name, AT_REMOVEDIR) == 0 || lake_errno() == ENOENT
  }

  /// Removes all files but some; false with `errno` where one stays.
  func removeFiles(but kept: Set<String>) -> Bool {
    guard let names = names() else { return false }
    return names.filter { !kept.contains($0) }.allSatisfy(remove)
  }

  /// Names of all entries; nil with `errno`.
  private func names() -> [String]? {
    // A duplicate: the stream closes it, and starts at the first entry.
    let copy = lake_openat(descriptor, ".", Self.flags, 0)
    guard copy >= 0, let stream = fdopendir(copy) else {
      if copy >= 0 { lake_close(copy) }
      return nil
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = lake_readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return lake_errno() == 0 ? names : nil
  }
}
