import CSystem
import Glibc

/// Identity and time of a folder: an equal stamp means that no entry was added or removed, except within one
/// tick of the file system's clock.
public struct FolderStamp: Hashable, Sendable {
  /// The folder's device number.
  public var device: UInt64
  /// The folder's inode number.
  public var inode: UInt64
  /// Nanoseconds since 1970 UTC. Programs can set it; restored backups do.
  public var modificationTime: Int64
  /// Nanoseconds since 1970 UTC. Programs cannot set it.
  public var changeTime: Int64

  /// A stamp from the fields of `stat`.
  public init(device: UInt64, inode: UInt64, modificationTime: Int64, changeTime: Int64) {
    self.device = device
    self.inode = inode
    self.modificationTime = modificationTime
    self.changeTime = changeTime
  }

  fileprivate init(_ status: stat) {
    // Only compared: wrapping on overflow is harmless.
    func nanoseconds(_ time: timespec) -> Int64 {
      Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    modificationTime = nanoseconds(status.st_mtim)
    changeTime = nanoseconds(status.st_ctim)
  }
}

/// A note is a small file of fixed size in a folder that caches that folder's state.
///
/// It is overwritten in place, which does not change the folder's stamp, and not synced: a reader must be able
/// to detect a torn or stale note.
extension DirectoryStorage {
  /// Reads a folder's note and the folder's current stamp.
  ///
  /// - Returns: nil if there is no file of that name and size.
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

  /// Writes a folder's note, with a content made from the folder's stamp after the note's file was created.
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
    // Read only now, since creating the file changed the folder.
    let folder = try folderStatus(path)
    let bytes = content(FolderStamp(folder))
    guard try Self.isNote(descriptor, status, bytes.count, kind, name) else {
      throw StorageError(
        code: .badPath, message: "something else lies where a note of the folder should be",
        path: name)
    }
    Self.share(descriptor, status, folder)
    let count = bytes.withUnsafeBytes { lake_pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    // A partial write is harmless: readers detect a torn note.
    if count < 0 { throw .system(lake_errno(), "write the file", name) }
  }

  /// Neither blocks on a pipe nor follows a link.
  private static let noteFlags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC

  private func folderStatus(_ path: String) throws(StorageError) -> stat {
    let folder = absolute(StoragePath.parent(path))
    var status = stat()
    guard lake_stat(folder, &status) == 0 else {
      throw .system(lake_errno(), "look at the folder", folder)
    }
    return status
  }

  /// The first bytes of a file; fewer if it is shorter.
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

  /// Whether a file may be overwritten: it is empty, a note of this kind, or the remains of one after a power
  /// failure.
  private static func isNote(
    _ descriptor: Int32, _ status: stat, _ byteCount: Int, _ kind: [UInt8], _ name: String
  ) throws(StorageError) -> Bool {
    guard status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else { return false }
    if status.st_size == 0 { return true }
    guard Int(status.st_size) <= byteCount else { return false }
    let bytes = try note(descriptor, byteCount, name)
    return bytes.starts(with: kind) || bytes.allSatisfy { $0 == 0 }
  }

  /// Makes the note group-writable if the folder is, whatever the umask.
  private static func share(_ descriptor: Int32, _ file: stat, _ folder: stat) {
    let group: mode_t = 0o060
    guard folder.st_mode & 0o020 != 0, file.st_mode & group != group, file.st_uid == geteuid(),
      file.st_gid == folder.st_gid
    else { return }
    lake_fchmod(descriptor, file.st_mode & 0o777 | group)
  }
}
