import Glibc
import Synchronization

/// Ctrl-C and requests to end, as a flag that commands poll.
public enum Interruption {
  private static let flag = Atomic<Bool>(false)

  /// Whether the process was asked to end.
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Catches SIGINT and SIGTERM once each (a second one kills), and ignores SIGPIPE so that a closed
  /// pipe is seen as a failed write.
  public static func install() {
    // The flag must exist before a handler can touch it: making it is no work for a handler.
    flag.store(false, ordering: .relaxed)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in Interruption.request() }
    // Restarted calls: no read or sync fails because of a signal, the flag alone is seen.
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
    sigemptyset(&action.sa_mask)
    sigaction(SIGINT, &action, nil)
    sigaction(SIGTERM, &action, nil)
    signal(SIGPIPE, SIG_IGN)
  }

  /// Sets the flag, as the signals do.
  public static func request() { flag.store(true, ordering: .relaxed) }

  /// Clears the flag: for tests.
  static func reset() { flag.store(false, ordering: .relaxed) }
}
