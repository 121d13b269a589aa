import CSystem
import Glibc

/// Renames a finished temporary file to a name that must not exist yet.
enum Publication {
  enum Outcome { case created, exists }

  /// Moves `temporary` to `target` unless that exists: by link(2), or by renameat2(RENAME_NOREPLACE) on file
  /// systems without hard links.
  static func publish(_ temporary: String, as target: String) throws(StorageError) -> Outcome {
    if lake_link(temporary, target) == 0 { return .created }
    let number = errno
    // A network file system may report a failure for an operation that succeeded.
    if linkCount(temporary) == 2 { return .created }
    switch number {
    case EEXIST: return .exists
    case EPERM, ENOTSUP, ENOSYS, EMLINK, EXDEV, EACCES: break
    default: throw .system(number, "create the file", target)
    }
    return try renameWithoutReplacing(temporary, target)
  }

  /// For file systems without hard links.
  static func renameWithoutReplacing(
    _ temporary: String, _ target: String
  ) throws(StorageError) -> Outcome {
    if lake_rename_noreplace(temporary, target) == 0 { return .created }
    let number = errno
    switch number {
    case EEXIST: return .exists
    case EINVAL, ENOSYS, ENOTSUP:
      throw StorageError(
        code: .unsupported,
        message: "this file system has neither hard links nor RENAME_NOREPLACE, so that two "
          + "writers could overwrite each other",
        path: target, remedy: "keep the lake on a local file system such as ext4, xfs or btrfs")
    default: throw .system(number, "create the file", target)
    }
  }

  private static func linkCount(_ path: String) -> Int {
    var status = stat()
    return lake_stat(path, &status) == 0 ? Int(status.st_nlink) : 0
  }
}

/// Capabilities of a folder's file system, found by testing.
public struct StorageCapabilities: Hashable, Sendable {
  /// link(2) works and refuses an existing name.
  public var hasExclusiveLink: Bool
  /// renameat2(RENAME_NOREPLACE) works and refuses an existing name.
  public var hasExclusiveRename: Bool
  /// fsync works on folders.
  public var syncsDirectories: Bool

  /// Whether concurrent commits cannot overwrite each other.
  public var canCommit: Bool { hasExclusiveLink || hasExclusiveRename }
}

extension DirectoryStorage {
  /// Tests in the root, which must exist, the operations that commits depend on. Leaves no files.
  public func probe() throws(StorageError) -> StorageCapabilities {
    let first = try writeTemporary(beside: "probe", [1])
    defer { lake_unlink(first) }
    let second = try writeTemporary(beside: "probe", [2])
    defer { lake_unlink(second) }
    let target = first + ".target"
    defer { lake_unlink(target) }

    var result = StorageCapabilities(
      hasExclusiveLink: false, hasExclusiveRename: false, syncsDirectories: false)
    if lake_link(first, target) == 0 {
      result.hasExclusiveLink = lake_link(second, target) != 0 && errno == EEXIST
    }
    lake_unlink(target)
    if lake_rename_noreplace(first, target) == 0 {
      result.hasExclusiveRename = lake_rename_noreplace(second, target) != 0 && errno == EEXIST
    }
    let descriptor = lake_open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    if descriptor >= 0 {
      result.syncsDirectories = lake_fsync(descriptor) == 0
      lake_close(descriptor)
    }
    return result
  }

  /// Throws for a folder in which two writers could overwrite each other's commits.
  public func requireSafeCommits() throws(StorageError) {
    if try probe().canCommit { return }
    throw StorageError(
      code: .unsupported,
      message: "this file system cannot create a file only if it is absent, so that two writers "
        + "could overwrite each other's commits",
      path: root, remedy: "keep the lake on a local file system such as ext4, xfs or btrfs")
  }
}
