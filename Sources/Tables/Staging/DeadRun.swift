import CSystem
import Glibc
import Platform
import Storage

/// What a run that ended before it could clean up left in staging.
///
/// Its intent file may come from another program, or from somebody who wants files removed: only a file that
/// could be a table's, in a real folder of this lake, is ever deleted. Anything odd is reported and left as it
/// is, and stops nobody from writing.
struct DeadRun {
  fileprivate let name: String
  fileprivate let path: String
  fileprivate let lake: FolderHandle
  fileprivate let staging: FolderHandle
  fileprivate let folder: FolderHandle
  fileprivate let lock: Int32

  /// Bad lines of an intent that are reported one by one.
  private static let findingMax = 5

  /// What a folder in staging turns out to be.
  enum Found {
    case dead(DeadRun)
    case odd(PassError)
    /// It may be alive, or has been removed.
    case notOurs
  }

  /// Takes the lock of a run's folder.
  static func open(
    _ name: String, lake: FolderHandle, staging: FolderHandle, root: String
  ) -> Found {
    let path = root + "/staging/" + name
    guard let folder = staging.folder(name) else {
      guard staging.kind(name) == S_IFLNK else { return .notOurs }
      return .odd(odd("is a link, where a run's folder should be", path))
    }
    var lock = folder.open("lock", O_RDWR)
    // Others' files may be read only, which is enough for a lock.
    if lock < 0, lake_errno() == EACCES || lake_errno() == EROFS {
      lock = folder.open("lock", O_RDONLY)
    }
    // Its removal was cut short. Creating the lock again keeps two processes from continuing it at once.
    if lock < 0, lake_errno() == ENOENT { lock = folder.open("lock", O_RDWR | O_CREAT) }
    if lock < 0 { return .notOurs }
    guard lake_flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      lake_close(lock)
      return .notOurs
    }
    return .dead(
      DeadRun(
        name: name, path: path, lake: lake, staging: staging, folder: folder, lock: lock))
  }

  private static func odd(_ what: String, _ path: String) -> PassError {
    PassError(
      .input, "what a run that died left behind \(what); it is left alone", place: path,
      remedy: "look at it, and remove the folder if nobody needs it")
  }

  /// Removes intended files that no table names, then the folder.
  ///
  /// - Returns: Whether the folder was removed.
  func clean(
    isKnown: (String) throws -> Bool, report: (PassError) -> Void
  ) -> Bool {
    defer { lake_close(lock) }
    guard removeIntended(isKnown, report) else { return false }
    if folder.removeFiles(but: ["lock"]), folder.remove("lock"), staging.removeFolder(name) {
      return true
    }
    report(PassError.system("remove what a run that died left behind", path: path))
    return false
  }

  // MARK: - Intent

  /// - Returns: Whether nothing was odd.
  private func removeIntended(
    _ isKnown: (String) throws -> Bool, _ report: (PassError) -> Void
  ) -> Bool {
    let file = folder.open("intent", O_RDONLY)
    if file < 0 {
      if lake_errno() == ENOENT { return true }
      report(PassError.system("read the intent of a dead run", path: path))
      return false
    }
    defer { lake_close(file) }
    guard Waiting.isRegularFile(file) else {
      report(Self.odd("has an intent that is no file", path))
      return false
    }
    var badCount = 0
    var lines = IntentLines(file)
    do {
      while let line = try lines.next(path: path) {
        guard let fault = try remove(line, isKnown) else { continue }
        badCount += 1
        if badCount <= Self.findingMax {
          report(Self.odd("intends '\(line.text)', which \(fault)", path))
        }
      }
    } catch {
      // A table that cannot be read stops only those who need it; its files are left to a later command.
      let known = error as? any LakeError
      report(
        PassError(
          .system, "a dead run is not cleaned up: " + (known?.message ?? "\(error)"),
          place: known?.placeText ?? path, remedy: known?.remedy))
      return false
    }
    if badCount > Self.findingMax {
      report(Self.odd("intends \(badCount - Self.findingMax) more files like that", path))
    }
    return badCount == 0
  }

  /// Removes an intended file, unless a table names it.
  ///
  /// - Returns: What is wrong with the line; nil if nothing is.
  private func remove(_ line: IntentLines.Line, _ isKnown: (String) throws -> Bool) throws
    -> String?
  {
    guard let parts = line.parts else { return "is no path of a table's file" }
    var parent = lake
    for part in parts.dropLast() {
      guard let next = parent.folder(part) else {
        if lake_errno() == ENOENT { return nil }
        if parent.kind(part) == S_IFLNK { return "leads through a link" }
        throw PassError.system("open the folder of an intended file", path: line.text)
      }
      parent = next
    }
    let name = parts[parts.count - 1]
    guard let kind = parent.kind(name) else {
      if lake_errno() == ENOENT { return nil }
      throw PassError.system("look at an intended file", path: line.text)
    }
    if kind != S_IFREG { return "is no regular file" }
    if try isKnown(line.text) { return nil }
    if !parent.remove(name) { throw PassError.system("remove a file", path: line.text) }
    return nil
  }
}

extension StagingRun {
  /// Removes what dead runs left behind.
  ///
  /// - Parameters:
  ///   - isKnown: Whether any version of a table names the file at a path relative to the root. Files
  ///     that are named stay.
  ///   - report: Called for what could not be cleaned up: it stays, and stops nothing else.
  /// - Returns: Runs that were cleaned.
  @discardableResult
  public static func cleanDead(
    root: String, isKnown: (String) throws -> Bool, report: (PassError) -> Void = { _ in }
  ) throws -> Int {
    let names = try runNames(root)
    if names.isEmpty { return 0 }
    // The root may be named by a link, and what is in it not.
    guard let lake = FolderHandle(path: root + "/.") else {
      throw PassError.system("open the folder", path: root)
    }
    guard let staging = lake.folder("staging") else {
      report(
        PassError(
          .input,
          "the folder of unfinished work is a link: what runs that died left there is left alone",
          place: root + "/staging", remedy: "make it a folder of the lake"))
      return 0
    }
    var cleaned = 0
    for name in names {
      switch DeadRun.open(name, lake: lake, staging: staging, root: root) {
      case .dead(let run): if run.clean(isKnown: isKnown, report: report) { cleaned += 1 }
      case .odd(let finding): report(finding)
      case .notOurs: break
      }
    }
    return cleaned
  }

  /// Names of all runs' folders in staging.
  private static func runNames(_ root: String) throws -> [String] {
    do {
      return try DirectoryStorage(root: root).list("staging").map(\.name).filter(isID)
    } catch {
      if error.code == .notFound { return [] }
      throw error
    }
  }
}
