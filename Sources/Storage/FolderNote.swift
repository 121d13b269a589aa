import CSystem
import Glibc

/// Which folder it is, and when its entries last changed: an equal stamp means that no entry came or went,
/// but for what happened within one tick of the file system's clock.
public struct FolderStamp: Hashable, Sendable {
  /// The device that the folder lies on.
  public var device: UInt64
  /// The folder's number on its device.
  public var inode: UInt64
  /// Nanoseconds since 1970 UTC. Programs may set it, as those that restore backups do.
  public var modificationTime: Int64
  /// Nanoseconds since 1970 UTC. No program can set it.
  public var changeTime: Int64

  /// A stamp from the numbers of a status.
  public init(device: UInt64, inode: UInt64, modificationTime: Int64, changeTime: Int64) {
    self.device = device
    self.inode = inode
    self.modificationTime = modificationTime
    self.changeTime = changeTime
  }

  fileprivate init(_ status: stat) {
    // Only compared: that a time of another millennium wraps around does no harm.
    func nanoseconds(_ time: timespec) -> Int64 {
      Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    modificationTime = nanoseconds(status.st_mtim)
    changeTime = nanoseconds(status.st_ctim)
  }
}

/// A small file of a fixed size in which a folder's state is noted, in that folder.
///
/// It is overwritten in place, which leaves the folder's stamp as it is, and not synced: a reader must be able to
/// tell a torn or stale note from a good one.
extension DirectoryStorage {
  /// Reads a note of a folder, and the stamp that the folder has now.
  ///
  /// - Returns: nil where no file of that name and size is.
  public func readNote(
    _ path: String, byteCount: Int
  ) throws(StorageError) -> (bytes: [UInt8], folder: FolderStamp)? {
    let name = absolute(path)
    let descriptor = lake_open(name, Self.noteFlags | O_RDONLY, 0)
    guard descriptor >= 0 else {
      if lake_errno() == ENOENT { return nil }
      throw .system(lake_errno(), "open the file", name)
    }
    defer { lake_close(descriptor) }
    var status = stat()
    guard lake_fstat(descriptor, &status) == 0 else {
      throw .system(lake_errno(), "look at the file", name)
    }
    guard status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == byteCount else { return nil }
    let bytes = try Self.note(descriptor, byteCount, name)
    return (bytes, FolderStamp(try folderStatus(path)))
  }

  /// Writes a note of a folder, whose content is made from the stamp that the folder has once the note's file is
  /// there.
  public func writeNote(
    _ path: String, kind: [UInt8], _ content: (FolderStamp) -> [UInt8]
  ) throws(StorageError) {
    try StoragePath.check(path)
    let name = absolute(path)
    let descriptor = lake_open(name, Self.noteFlags | O_RDWR | O_CREAT, 0o666)
    guard descriptor >= 0 else { throw .system(lake_errno(), "write the file", name) }
    defer { lake_close(descriptor) }
    var status = stat()
    guard lake_fstat(descriptor, &status) == 0 else {
      throw .system(lake_errno(), "look at the file", name)
    }
    // Looked at only now: that the file was made has changed the folder.
    let folder = try folderStatus(path)
    let bytes = content(FolderStamp(folder))
    guard try Self.isNote(descriptor, status, bytes.count, kind, name) else {
      throw StorageError(
        code: .badPath, message: "something else lies where a note of the folder should be",
        path: name)
    }
    Self.share(descriptor, status, folder)
    let count = bytes.withUnsafeBytes { lake_pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    // A part of it is as good as none: its reader tells.
    if count < 0 { throw .system(lake_errno(), "write the file", name) }
  }

  /// A pipe is not waited for, and a link not followed.
  private static let noteFlags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC

  private func folderStatus(_ path: String) throws(StorageError) -> stat {
    let folder = absolute(StoragePath.parent(path))
    var status = stat()
    guard lake_stat(folder, &status) == 0 else {
      throw .system(lake_errno(), "look at the folder", folder)
    }
    return status
  }

  /// The first bytes of a file; fewer if it has not more.
  private static func note(
    _ descriptor: Int32, _ byteCount: Int, _ name: String
  ) throws(StorageError) -> [UInt8] {
    var got = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
      got = lake_pread(descriptor, buffer.baseAddress, byteCount, 0)
      count = Swift.max(0, got)
    }
    if got < 0 { throw .system(lake_errno(), "read the file", name) }
    return bytes
  }

  /// Whether a file may be overwritten: it is empty, or a note of this kind, or what a power failure left of one.
  private static func isNote(
    _ descriptor: Int32, _ status: stat, _ byteCount: Int, _ kind: [UInt8], _ name: String
  ) throws(StorageError) -> Bool {
    guard status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else { return false }
    if status.st_size == 0 { return true }
    guard Int(status.st_size) <= byteCount else { return false }
    let bytes = try note(descriptor, byteCount, name)
    return bytes.starts(with: kind) || bytes.allSatisfy { $0 == 0 }
  }

  /// Lets the folder's group write it too, as it may write the folder, where the umask did not.
  private static func share(_ descriptor: Int32, _ file: stat, _ folder: stat) {
    let group: mode_t = 0o060
    guard folder.st_mode & 0o020 != 0, file.st_mode & group != group, file.st_uid == geteuid(),
      file.st_gid == folder.st_gid
    else { return }
    lake_fchmod(descriptor, file.st_mode & 0o777 | group)
  }
}
