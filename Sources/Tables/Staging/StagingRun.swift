import CSystem
import Columnar
import DeltaLog
import Glibc
import Platform
import Storage

/// The folder in which one run writes its data files before any table knows them.
///
/// `staging/<run>/` holds `lock` (held as long as the process lives), the files being written and, once files
/// are about to be moved into a table, `intent`: their targets, one path per line. A run whose lock is free is
/// dead; the next writing command removes what it left (`DeadRun`).
///
/// Invariants:
/// - Only the holder of the lock changes the folder, and `lock` is removed last: so a folder without a lock is
///   one whose removal was cut short.
/// - A run holds the lock of the file at its path. A run whose folder was cleaned while it was being made
///   notices before it writes anything, and makes another folder under another name.
public final class StagingRun {
  /// Time first, so that folders sort by age; then the process, and a random part.
  public let id: String
  /// The run's own folder in `_staging`.
  public let directory: String
  private let root: String
  /// The lake's root, above `staging`.
  package var lakeRoot: String { root }
  private let lock: Int32
  private var intended: [String] = []
  /// Whether the next writing command must find out which intended files are in a table.
  private var keepsIntent = false

  /// How often the new folder may be cleaned by others before this gives up.
  private static let birthMax = 100

  /// - Parameter root: The lake's root.
  public init(root: String) throws {
    self.root = root
    let storage = DirectoryStorage(root: root)
    for _ in 0..<Self.birthMax {
      let id = Self.makeID()
      try storage.createDirectory("staging/" + id)
      let directory = root + "/staging/" + id
      guard let lock = try Self.lock(directory) else { continue }
      (self.id, self.directory, self.lock) = (id, directory, lock)
      return
    }
    throw PassError(
      .conflict, "other commands clean up again and again what this one makes",
      place: root + "/staging", remedy: "run the command again when fewer are at work")
  }

  /// Takes the lock of a new folder; nil if another process took the folder for a dead run's.
  private static func lock(_ directory: String) throws -> Int32? {
    let path = directory + "/lock"
    let lock = lake_open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o666)
    if lock < 0 {
      if lake_errno() == ENOENT { return nil }
      throw PassError.system("open", path: path)
    }
    if lake_flock(lock, LOCK_EX | LOCK_NB) != 0 {
      let isTaken = lake_errno() == EWOULDBLOCK
      let error = PassError.system("lock", path: path)
      lake_close(lock)
      if isTaken { return nil }
      throw error
    }
    var (held, named) = (stat(), stat())
    if lake_fstat(lock, &held) == 0, lake_lstat(path, &named) == 0,
      held.st_ino == named.st_ino, held.st_dev == named.st_dev
    {
      return lock
    }
    lake_close(lock)
    return nil
  }

  deinit { lake_close(lock) }

  /// Moves staged files into partitions of a table and commits them there. If they are not committed, they are
  /// moved back.
  ///
  /// - Parameter moves: Staged path, and path relative to the lake's root.
  package func publish(
    _ moves: [(from: String, to: String)], commit: () throws -> CommitOutcome
  ) throws -> CommitOutcome {
    func takeBack() { for move in moves { lake_rename(root + "/" + move.to, move.from) } }
    do {
      try publish(moves)
      let outcome = try commit()
      if case .committed = outcome { return outcome }
      takeBack()
      return outcome
    } catch {
      if (error as? DeltaError)?.code == .unknownOutcome {
        // The next writing command finds out, and removes files that no version names.
        keepsIntent = true
      } else {
        takeBack()
      }
      throw error
    }
  }

  /// Moves staged files into partitions of a table, durably.
  private func publish(_ moves: [(from: String, to: String)]) throws {
    let storage = DirectoryStorage(root: root)
    intended.append(contentsOf: moves.map(\.to))
    let text = intended.map { $0 + "\n" }.joined()
    try storage.writeDurably("staging/\(id)/intent", Array(text.utf8))
    let folders = Set(
      moves.map { $0.to.split(separator: "/").dropLast().joined(separator: "/") }
    ).sorted()
    try storage.createDirectories(folders)
    for move in moves {
      guard lake_rename(move.from, root + "/" + move.to) == 0 else {
        throw PassError.system("rename", path: move.to)
      }
    }
    // Syncing is slow: several folders at once.
    try Parallel.forEach(folders.count, width: Self.syncWidth) { index in
      try storage.syncDirectory(folders[index])
    }
  }

  private static let syncWidth = 4

  /// Whether a run may still be at work: only one whose lock is free is dead. If the lock cannot be checked,
  /// such as another user's, the run counts as alive.
  package static func isAlive(_ id: String, root: String) -> Bool {
    let path = root + "/staging/" + id + "/lock"
    // Opened for reading: that is enough for a lock, and other users' files allow no more.
    let lock = lake_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0)
    if lock < 0 { return lake_errno() != ENOENT }
    defer { lake_close(lock) }
    return lake_flock(lock, LOCK_SH | LOCK_NB) != 0
  }

  /// Removes the folder.
  public func finish() {
    guard let folder = FolderHandle(path: directory) else { return }
    _ = folder.removeFiles(but: keepsIntent ? ["intent", "lock"] : ["lock"])
    if keepsIntent { return }
    _ = folder.remove("lock")
    lake_rmdir(directory)
  }

  /// Time first, so that folders sort by age; then the process, and a random part.
  private static func makeID() -> String {
    let seconds = TimeText.iso(nanoseconds: Clock.nanoseconds(), digits: 0)
    let stamp = seconds.filter { $0 != "-" && $0 != ":" }
    return "\(stamp)-\(getpid())-\(String(UInt32.random(in: 0...(.max)), radix: 16))"
  }

  /// Whether a folder's name is a run's: `20240102T143000Z-…`.
  static func isID(_ name: String) -> Bool {
    let stamp = Array(name.utf8.prefix(17))
    return stamp.count == 17
      && stamp.enumerated().allSatisfy { index, byte in
        switch index {
        case 8: byte == 0x54
        case 15: byte == 0x5A
        case 16: byte == 0x2D
        default: (0x30...0x39).contains(byte)
        }
      }
  }
}
