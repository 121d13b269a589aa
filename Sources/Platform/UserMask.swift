import CSystem
import Glibc
import Synchronization

/// The process's umask as the person set it, whatever a lake's rights made of it since.
public enum UserMask {
  /// Read once, before anything changes it.
  public static let value: mode_t = {
    let mask = umask(0o022)
    umask(mask)
    return mask
  }()

  private static let change = Atomic<Bool>(false)

  /// Whether the process's umask is another now.
  static var isChanged: Bool { change.load(ordering: .relaxed) }

  /// Lets files and folders made from now on have the group's right to write exactly if `folder` has it.
  ///
  /// Whoever shares a lake with a group need not think of it in every shell.
  public static func followGroup(of folder: String) {
    var status = stat()
    guard lake_stat(folder, &status) == 0 else { return }
    let group: mode_t = 0o020
    let mask = status.st_mode & group == 0 ? value | group : value & ~group
    change.store(mask != value, ordering: .relaxed)
    umask(mask)
  }
}
