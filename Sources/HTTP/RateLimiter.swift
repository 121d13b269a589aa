import Bytes
import CSystem
import Glibc
import Synchronization

/// A sliding-window rate limiter: a request takes a token, which comes back one window later, so that no window
/// has more requests than the limit.
///
/// All threads and processes on this machine that use the same key share one limiter: a locked file, named by a
/// hash of the key, holds the times of the latest requests. A process that dies releases its lock with its
/// descriptor.
public final class RateLimiter: Sendable {
  /// The limit.
  public let limit: RateLimit
  /// The shared file; nil if there is no safe folder for it, so that only this process is limited.
  public let path: String?

  private let clock: HTTPClock
  private let times = Mutex<[Int64]>([])

  /// Percentage added to the window, since requests arrive less evenly than they are sent.
  private static let marginPercent: Int64 = 1
  /// Nanoseconds between two attempts to lock the file.
  private static let lockPause: Int64 = 2_000_000

  /// - Parameters:
  ///   - secret: The key whose requests share the limit.
  ///   - environment: `XDG_RUNTIME_DIR` is the file's folder, else `/tmp/lake-<user id>`.
  public init(
    _ limit: RateLimit, secret: Secret, environment: [String: String], clock: HTTPClock = .system
  ) {
    self.limit = limit
    self.clock = clock
    let digest = secret.withText { text in
      Array(("lake rate " + text).utf8).withUnsafeBytes { SHA256.hex(of: $0) }
    }
    path = RateFolder.find(environment).flatMap {
      RateFile.usable($0 + "/rate-" + digest.prefix(32))
    }
  }

  /// Takes a token, waiting for one if necessary.
  ///
  /// - Parameter willWait: Called once, with the seconds, if there is no token.
  /// - Returns: False if `isInterrupted` returned true.
  public func acquire(
    unless isInterrupted: () -> Bool, willWait: (Double) -> Void = { _ in }
  ) -> Bool {
    var isTold = false
    while !isInterrupted() {
      guard let wait = take(unless: isInterrupted) else { return false }
      if wait == 0 { return true }
      if !isTold { willWait(Double(wait) / 1e9) }
      isTold = true
      guard clock.wait(Double(wait) / 1e9, unless: isInterrupted) else { return false }
    }
    return false
  }

  /// Nanoseconds until the next token; 0 if one was taken; nil if interrupted.
  private func take(unless isInterrupted: () -> Bool) -> Int64? {
    guard let path, let file = RateFile(path) else {
      return times.withLock { take(from: &$0) }
    }
    while !file.lock() {
      if isInterrupted() { return nil }
      clock.sleep(Self.lockPause)
    }
    var kept = file.read()
    let found = kept
    let wait = take(from: &kept)
    if kept != found { file.write(kept) }
    return wait
  }

  private func take(from times: inout [Int64]) -> Int64 {
    let now = clock.now()
    // A time in the future comes from a clock that was set back, or from a damaged file. It is replaced by now
    // and stored, or it would stay in the future for ever.
    for index in times.indices where times[index] > now { times[index] = now }
    times.sort()
    let window = limit.window + limit.window / 100 * Self.marginPercent
    if times.count >= limit.count {
      let free = times[times.count - limit.count] + window
      if free > now { return free - now }
    }
    times.append(now)
    if times.count > RateLimit.countMax { times.removeFirst(times.count - RateLimit.countMax) }
    return 0
  }
}

/// The folder of the shared files, accessible to this user only.
public enum RateFolder {
  /// The default if the environment names none.
  public static var standard: String { "/tmp/lake-\(geteuid())" }

  /// nil if no folder is safe.
  static func find(_ environment: [String: String]) -> String? {
    if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/"),
      let path = made(runtime + "/lake")
    {
      return path
    }
    return made(standard)
  }

  /// Creates the folder if necessary and checks that nobody else can write to it.
  private static func made(_ path: String) -> String? {
    lake_mkdir(path, 0o700)
    var status = stat()
    guard lake_lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      status.st_uid == geteuid(), status.st_mode & 0o077 == 0
    else { return nil }
    return path
  }
}

/// The file of one limiter: 8 bytes per request, nanoseconds since 1970.
private struct RateFile: ~Copyable {
  private let descriptor: Int32

  init?(_ path: String) {
    descriptor = lake_open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    if descriptor < 0 { return nil }
  }

  deinit { lake_close(descriptor) }

  /// `path` if a file can be used there; else nil.
  static func usable(_ path: String) -> String? {
    let file = RateFile(path)
    return file == nil ? nil : path
  }

  /// False if another process holds the lock, which is released with the descriptor.
  func lock() -> Bool { lake_flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

  func read() -> [Int64] {
    var times = [Int64](repeating: 0, count: RateLimit.countMax)
    let count = times.withUnsafeMutableBytes { lake_pread(descriptor, $0.baseAddress, $0.count, 0) }
    times.removeLast(times.count - max(0, count) / 8)
    return times.filter { $0 > 0 }
  }

  /// A single write: a process that dies leaves either the old content or the new.
  func write(_ times: [Int64]) {
    _ = times.withUnsafeBytes { lake_pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    lake_ftruncate(descriptor, times.count * 8)
  }
}
