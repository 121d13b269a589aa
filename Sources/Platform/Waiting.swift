import CSystem
import Glibc

/// Files, pipes and devices that others fill and empty: waiting for them ends when the process is asked to
/// end.
///
/// Calls return -1 with the number in `errno`, which is EINTR for that reason alone.
public enum Waiting {
  /// Opens a file for reading. A pipe is opened whether somebody writes to it yet or not: the first
  /// `read` waits for that.
  public static func openForReading(_ path: String) -> Int32 {
    let flags = O_RDONLY | O_NOCTTY | O_CLOEXEC
    let descriptor = lake_open(path, flags | O_NONBLOCK, 0)
    // A file that another machine has a lease of: it gives it back when somebody waits for it.
    return descriptor < 0 && lake_errno() == EWOULDBLOCK ? lake_open(path, flags, 0) : descriptor
  }

  /// Opens a pipe or a device for writing, waiting for its reader.
  public static func openForWriting(_ path: String) -> Int32 {
    while true {
      let descriptor = lake_open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0)
      // A pipe that nobody reads.
      if descriptor >= 0 || lake_errno() != ENXIO || !isPipe(path) { return descriptor }
      if Interruption.isRequested {
        errno = EINTR
        return -1
      }
      var pause = pollfd()
      poll(&pause, 0, 20)
    }
  }

  private static func isPipe(_ path: String) -> Bool {
    var status = stat()
    let isPipe = lake_stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    errno = ENXIO
    return isPipe
  }

  /// Whether a descriptor is a regular file, for which nobody waits.
  public static func isRegularFile(_ descriptor: Int32) -> Bool {
    var status = stat()
    return lake_fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Reads what is there, waiting for a first byte.
  ///
  /// - Parameter isFile: A regular file, which needs no waiting.
  public static func read(
    _ descriptor: Int32, _ target: UnsafeMutableRawPointer?, _ count: Int, isFile: Bool
  ) -> Int {
    while true {
      if !isFile, !Interruption.wait(descriptor, for: POLLIN) {
        errno = EINTR
        return -1
      }
      let done = lake_read(descriptor, target, count)
      if done >= 0 || lake_errno() != EAGAIN || isFile { return done }
    }
  }

  /// Writes some bytes, at least one.
  public static func write(
    _ descriptor: Int32, _ source: UnsafeRawPointer?, _ count: Int
  ) -> Int {
    while true {
      let done = lake_write(descriptor, source, count)
      if done >= 0 || lake_errno() != EAGAIN { return done }
      if !Interruption.wait(descriptor, for: POLLOUT) {
        errno = EINTR
        return -1
      }
    }
  }
}
