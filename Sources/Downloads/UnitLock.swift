import CSystem
import Glibc
import Tables

/// The lock on fetching a unit: one process has it at a time, so that two downloads of the same data do not
/// both pay.
///
/// It is an OFD lock on one byte of `staging/claims`, at an offset made from the unit's id, and ends with the
/// process that holds it. Units whose ids give the same offset merely wait for each other.
final class UnitLock: Sendable {
  private let descriptor: Int32

  /// Waits until no other process has it; nil if the job is stopped meanwhile.
  init?(_ unit: DownloadUnit, root: String, isStopped: () -> Bool) throws {
    let path = root + "/staging/claims"
    descriptor = lake_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    if descriptor < 0 {
      var error = PassError.system("open", path: path)
      if lake_errno() == EACCES {
        error.remedy = "whoever made it lets the group use it: chmod g+w \(path)"
      }
      throw error
    }
    Self.share(descriptor, root: root)
    // 60 bits of the id: an offset that every file system takes.
    let offset = Int64(unit.id.prefix(15), radix: 16) ?? 0
    while true {
      var range = flock()
      range.l_type = Int16(F_WRLCK)
      range.l_whence = Int16(SEEK_SET)
      range.l_start = off_t(offset)
      range.l_len = 1
      // The lock belongs to the open file, not the process, so that workers of one process exclude each other
      // too.
      if lake_fcntl_lock(descriptor, Self.setOpenFileLock, &range) == 0 { break }
      let reason = lake_errno()
      // If this fails, `deinit` closes the file.
      guard reason == EAGAIN || reason == EACCES else {
        throw PassError.system("lock", path: path)
      }
      if isStopped() { return nil }
      var pause = pollfd()
      poll(&pause, 0, 100)
    }
  }

  deinit { lake_close(descriptor) }

  /// Lets the lake's group lock the file too, if the umask did not.
  private static func share(_ descriptor: Int32, root: String) {
    var (file, folder) = (stat(), stat())
    let group: mode_t = 0o060
    guard lake_fstat(descriptor, &file) == 0, lake_stat(root, &folder) == 0,
      folder.st_mode & 0o020 != 0, file.st_mode & group != group, file.st_uid == geteuid()
    else { return }
    lake_fchmod(descriptor, file.st_mode & 0o777 | group)
  }

  /// `F_OFD_SETLK` of Linux.
  private static let setOpenFileLock: Int32 = 37
}
