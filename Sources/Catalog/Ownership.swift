import CSystem
import Glibc

/// Whether a file is of the person who runs the program, and nobody else can have written it.
enum Ownership {
  /// Why somebody else may have a hand in `path`; nil where nobody has.
  ///
  /// - Parameter isFolder: The names in it count too, so that one with the sticky bit is not enough.
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

  /// Why somebody else may have put another folder in the place of `path`, which has no links: a folder
  /// above it lets others move what is in it. nil where none does.
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
      // In a folder with the sticky bit, such as /tmp, everybody moves only what is theirs.
      if status.st_mode & S_ISVTX != 0 { continue }
      let isShared =
        status.st_mode & 0o002 != 0
        || status.st_mode & 0o020 != 0 && !(status.st_uid == 0 && status.st_gid == 0)
          && !isPrivateGroup(status.st_gid)
      if isShared { return "lies in '\(folder)', which others can write to" }
    }
    return nil
  }

  /// Whether a link itself was made by the person who runs the program.
  static func isOwnName(_ path: String) -> Bool {
    var status = stat()
    return lake_lstat(path, &status) == 0 && status.st_uid == geteuid()
  }

  static func owner(_ path: String) -> uid_t? {
    var status = stat()
    return lake_stat(path, &status) == 0 ? status.st_uid : nil
  }

  /// Whether a group is the one that many systems make for each user: of the user's name, with nobody
  /// else in it. There `umask 002` is usual, and a group's right to write gives nobody anything.
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
