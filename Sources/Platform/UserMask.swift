import CSystem
import Glibc
import Synchronization

/// The umask with which the process was started, whatever `followGroup` made of it.
public enum UserMask {
  /// Read once, before it is changed.
  public static let value: mode_t = {
    let mask = umask(0o022)
    umask(mask)
    return mask
  }()

  private static let change = Atomic<Bool>(false)

  /// Whether the process's umask was changed.
  static var isChanged: Bool { change.load(ordering: .relaxed) }

  /// Makes files and folders created from now on group-writable exactly if `folder` is.
  ///
  /// Users who share a lake within a group need not set the umask in every shell.
  public static func followGroup(of folder: String) {
    var status = stat()
    guard lake_stat(folder, &status) == 0 else { return }
    let group: mode_t = 0o020
    let mask = status.st_mode & group == 0 ? value | group : value & ~group
    change.store(mask != value, ordering: .relaxed)
    umask(mask)
  }
}
