import Bytes
import CSystem
import Columnar
import DeltaLog
import Glibc
import Storage

/// The folder in which one run makes its data files before any table knows them.
///
/// `staging/<run>/` holds `lock` (held for as long as the process lives), the files being written and,
/// once files are about to be moved into a table, `intent`: where they go, one path a line. A run
/// whose lock is free is dead; the next command that writes removes what it left: its folder, and
/// those of its intended files that no table version names.
public final class StagingRun {
  public let id: String
  public let directory: String
  private let root: String
  var lakeRoot: String { root }
  private let lock: Int32
  private var intended: [String] = []
  /// Leaves it to the next command that writes whether the intended files are in a table.
  private var keepsIntent = false

  /// - Parameter root: The lake's root.
  public init(root: String) throws {
    self.root = root
    let storage = DirectoryStorage(root: root)
    id = Self.makeID()
    try storage.createDirectory("staging/" + id)
    directory = root + "/staging/" + id
    let path = directory + "/lock"
    lock = lake_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard lock >= 0 else { throw PassError.system("open", path: path) }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw PassError.system("lock", path: path)
    }
  }

  deinit { close(lock) }

  /// Moves staged files into partitions of a table, and commits them there. Where they are not
  /// committed, they are back in staging.
  ///
  /// - Parameter moves: Staged path, and path relative to the lake's root.
  func publish(
    _ moves: [(from: String, to: String)], commit: () throws -> CommitOutcome
  ) throws -> CommitOutcome {
    func takeBack() { for move in moves { rename(root + "/" + move.to, move.from) } }
    do {
      try publish(moves)
      let outcome = try commit()
      if case .committed = outcome { return outcome }
      takeBack()
      return outcome
    } catch {
      if (error as? DeltaError)?.code == .unknownOutcome {
        // The next command that writes finds out, and removes what no version names.
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
      guard rename(move.from, root + "/" + move.to) == 0 else {
        throw PassError.system("rename", path: move.to)
      }
    }
    // The disk is what takes time here: a few folders at once.
    try Parallel.forEach(folders.count, width: Self.syncWidth) { index in
      try storage.syncDirectory(folders[index])
    }
  }

  private static let syncWidth = 4

  /// Whether a run is still at work: it holds its lock for as long as its process lives.
  static func isAlive(_ id: String, root: String) -> Bool {
    let lock = lake_open(root + "/staging/" + id + "/lock", O_RDWR | O_CLOEXEC, 0)
    if lock < 0 { return false }
    defer { close(lock) }
    return flock(lock, LOCK_EX | LOCK_NB) != 0
  }

  /// Removes the folder.
  public func finish() {
    Self.remove(directory, but: keepsIntent ? ["intent", "lock"] : [])
  }

  private static func remove(_ directory: String, but kept: Set<String> = []) {
    let storage = DirectoryStorage(root: directory)
    // What cannot be removed now is left for the next command that writes.
    for entry in (try? storage.list("")) ?? [] where !kept.contains(entry.name) {
      unlink(directory + "/" + entry.name)
    }
    rmdir(directory)
  }

  /// Time first, so that folders sort by age; then the process, and a random part.
  private static func makeID() -> String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let seconds = TimeText.iso(nanoseconds: Int64(now.tv_sec) * 1_000_000_000, digits: 0)
    let stamp = seconds.filter { $0 != "-" && $0 != ":" }
    return "\(stamp)-\(getpid())-\(String(UInt32.random(in: 0...(.max)), radix: 16))"
  }
}

extension StagingRun {
  /// Removes what dead runs left behind.
  ///
  /// - Parameter isKnown: Whether any version of a table names the file at a path relative to the
  ///   root. Files that are named stay. nil where it cannot be told now: then the file stays, and what the
  ///   run intended, for a command that can tell.
  /// - Returns: Runs that were cleaned.
  @discardableResult
  public static func cleanDead(root: String, isKnown: (String) throws -> Bool?) throws -> Int {
    let storage = DirectoryStorage(root: root)
    var cleaned = 0
    // Where it cannot be listed nothing is removed, and a run of our own cannot be begun either.
    for entry in (try? storage.list("staging")) ?? [] where entry.isDirectory {
      let directory = root + "/staging/" + entry.name
      let lock = lake_open(directory + "/lock", O_RDWR | O_CLOEXEC, 0)
      // No lock file: the run died before it had one, or is being born this instant.
      if lock < 0 { continue }
      defer { close(lock) }
      guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { continue }
      let intent: [UInt8]
      do throws(StorageError) {
        intent = try storage.read("staging/\(entry.name)/intent")
      } catch {
        // Without it nobody would ever find the files that the run moved: the next command tries again.
        if error.code != .notFound { continue }
        intent = []
      }
      var isUndecided = false
      for line in String(decoding: intent, as: UTF8.self).split(separator: "\n") {
        let path = String(line)
        guard try storage.exists(path) else { continue }
        switch try isKnown(path) {
        case true?: break
        case false?: _ = try storage.delete(path)
        case nil: isUndecided = true
        }
      }
      remove(directory, but: isUndecided ? ["intent", "lock"] : [])
      cleaned += 1
    }
    return cleaned
  }
}
