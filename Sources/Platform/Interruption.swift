import CSystem
import Glibc
import Synchronization

/// SIGINT and SIGTERM: a flag that jobs poll, and a descriptor that wakes blocking waits.
public enum Interruption {
  private static let flag = Atomic<Bool>(false)
  /// The ends of a pipe that becomes readable when the flag is set, and stays so; -1 before `install`.
  private static let wakeReader = Atomic<Int32>(-1)
  private static let wakeWriter = Atomic<Int32>(-1)

  /// Whether the process was asked to terminate.
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Handles SIGINT and SIGTERM once each (a second one kills the process), and ignores SIGPIPE and SIGXFSZ, so
  /// that a closed pipe and an exceeded file-size limit show up as failed writes.
  public static func install() {
    // Initialised before the handlers are installed: a signal handler must not initialise globals.
    flag.store(false, ordering: .relaxed)
    var ends: [Int32] = [-1, -1]
    if wakeReader.load(ordering: .relaxed) < 0, pipe(&ends) == 0 {
      // The pipe is never read, so that it wakes every waiter; writing to it must not block.
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
      wakeReader.store(ends[0], ordering: .relaxed)
      wakeWriter.store(ends[1], ordering: .relaxed)
    }
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in Interruption.request() }
    // SA_RESTART: no read or sync fails because of a signal. Waiters poll the pipe beside their own descriptor,
    // whichever thread the signal arrives on.
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

  /// Waits, without a timeout, until a descriptor is ready.
  ///
  /// - Parameter events: `POLLIN`, `POLLOUT`.
  /// - Returns: False if the process is asked to terminate first.
  static func wait(_ descriptor: Int32, for events: Int32) -> Bool {
    // An invalid descriptor would never become ready: the following read reports the error.
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
      // Any other error concerns the descriptor and is reported by the following read.
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
