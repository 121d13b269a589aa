import CSystem
import Glibc
import Synchronization

/// Ctrl-C and requests to end: a flag that jobs poll, and a descriptor that wakes whoever waits for others.
public enum Interruption {
  private static let flag = Atomic<Bool>(false)
  /// The ends of a pipe that becomes readable with the flag and stays so; -1 before `install`.
  private static let wakeReader = Atomic<Int32>(-1)
  private static let wakeWriter = Atomic<Int32>(-1)

  /// Whether the process was asked to end.
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Catches SIGINT and SIGTERM once each (a second one kills), and ignores SIGPIPE and SIGXFSZ so that a closed
  /// pipe, and a file that may not grow, are seen as a failed write.
  public static func install() {
    // All that a handler touches must exist before: making it is no work for a handler.
    flag.store(false, ordering: .relaxed)
    var ends: [Int32] = [-1, -1]
    if wakeReader.load(ordering: .relaxed) < 0, pipe(&ends) == 0 {
      // What is written is never read, so that it wakes everybody; nor may the writing ever wait.
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
      wakeReader.store(ends[0], ordering: .relaxed)
      wakeWriter.store(ends[1], ordering: .relaxed)
    }
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in Interruption.request() }
    // Restarted calls: no read or sync fails because of a signal. Who waits for others polls the
    // descriptor beside theirs, on whatever thread the signal arrives.
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
    sigemptyset(&action.sa_mask)
    sigaction(SIGINT, &action, nil)
    sigaction(SIGTERM, &action, nil)
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Sets the flag, as the signals do.
  public static func request() {
    let number = errno
    flag.store(true, ordering: .relaxed)
    var byte: UInt8 = 0
    let writer = wakeWriter.load(ordering: .relaxed)
    if writer >= 0 { lake_write(writer, &byte, 1) }
    errno = number
  }

  /// Waits until a descriptor is ready, for as long as that takes.
  ///
  /// - Parameter events: `POLLIN`, `POLLOUT`.
  /// - Returns: False when the process is asked to end before.
  static func wait(_ descriptor: Int32, for events: Int32) -> Bool {
    // One that is none would never become ready: its reading says what is wrong.
    if descriptor < 0 { return true }
    var watched = [
      pollfd(fd: descriptor, events: Int16(events), revents: 0),
      pollfd(fd: wakeReader.load(ordering: .relaxed), events: Int16(POLLIN), revents: 0),
    ]
    while !isRequested {
      if poll(&watched, 2, -1) >= 0 {
        if watched[1].revents != 0 { return false }
        return true
      }
      // An error of another kind is one of the descriptor, which its reading will report.
      if lake_errno() != EINTR && lake_errno() != EAGAIN { return true }
    }
    return false
  }

  /// Clears the flag: for tests.
  package static func reset() {
    flag.store(false, ordering: .relaxed)
    var bytes: [UInt8] = [0, 0, 0, 0]
    while lake_read(wakeReader.load(ordering: .relaxed), &bytes, bytes.count) > 0 {}
  }
}
