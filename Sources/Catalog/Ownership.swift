import CSystem
import Glibc

/// Whether a file belongs to the user who runs the program, and nobody else can have written it.
enum Ownership {
  /// Why somebody else could have changed `path`; nil if nobody could.
  ///
  /// - Parameter isFolder: Whether the folder's entries matter too: then the sticky bit is not enough.
  static func fault(_ path: String) -> String? {
    var status = stat()
    guard lake_stat(path, &status) == 0 else {
      return "cannot be looked at: " + String(cString: strerror(lake_errno()))
    }
    if status.st_uid != geteuid() { return "belongs to \(userName(status.st_uid)), not to you" }
    if status.st_mode & 0o002 != 0 { return "can be written by everybody" }
    if status.st_mode & 0o020 != 0, !isPrivateGroup(status.st_gid) {
      return "can be written by the group \(groupName(status.st_gid))"
    }
    return nil
  }

  /// Why somebody else could have replaced the folder at `path`, which has no links: a folder above lets others
  /// rename entries. nil if none does.
  static func faultAbove(_ path: String) -> String? {
    var folder = path
    while let slash = folder.lastIndex(of: "/"), folder != "/" {
      folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
      var status = stat()
      guard lake_stat(folder, &status) == 0 else {
        return "lies in '\(folder)', which cannot be looked at"
      }
      if status.st_uid != 0 && status.st_uid != geteuid() {
        return "lies in '\(folder)', which belongs to \(userName(status.st_uid))"
      }
      // In a folder with the sticky bit, such as /tmp, users can rename only their own entries.
      if status.st_mode & S_ISVTX != 0 { continue }
      let isShared =
        status.st_mode & 0o002 != 0
        || status.st_mode & 0o020 != 0 && !(status.st_uid == 0 && status.st_gid == 0)
          && !isPrivateGroup(status.st_gid)
      if isShared { return "lies in '\(folder)', which others can write to" }
    }
    return nil
  }

  /// Whether a link itself was made by the user who runs the program.
  static func isOwnName(_ path: String) -> Bool {
    var status = stat()
    return lake_lstat(path, &status) == 0 && status.st_uid == geteuid()
  }

  static func owner(_ path: String) -> uid_t? {
    var status = stat()
    return lake_stat(path, &status) == 0 ? status.st_uid : nil
  }

  /// Whether a group is a user-private group, as many systems make them: named like the user, without other
  /// members. `umask 002` is usual then, and group write permission gives nobody anything.
  private static func isPrivateGroup(_ id: gid_t) -> Bool {
    guard let user = getpwuid(geteuid()), user.pointee.pw_gid == id,
      let name = user.pointee.pw_name.map({ String(cString: $0) }), let group = getgrgid(id),
      group.pointee.gr_name.map({ String(cString: $0) }) == name
    else { return false }
    var member = group.pointee.gr_mem
    while let entry = member?.pointee {
      if String(cString: entry) != name { return false }
      member = member?.successor()
    }
    return true
  }

  static func userName(_ id: uid_t) -> String {
    getpwuid(id).map { "user '\(String(cString: $0.pointee.pw_name))'" } ?? "user \(id)"
  }

  private static func groupName(_ id: gid_t) -> String {
    getgrgid(id).map { "'\(String(cString: $0.pointee.gr_name))'" } ?? "\(id)"
  }
}
