import CSystem
import Glibc

/// Blocking I/O on files, pipes and devices that ends if the process is asked to terminate.
///
/// Calls return -1 on failure with the number in `errno`; EINTR means exactly that the process is asked to
/// terminate.
public enum Waiting {
  /// Opens a file for reading. A pipe is opened even without a writer: the first `read` waits for it.
  public static func openForReading(_ path: String) -> Int32 {
    let flags = O_RDONLY | O_NOCTTY | O_CLOEXEC
    let descriptor = lake_open(path, flags | O_NONBLOCK, 0)
    // Another machine holds a lease of the file, which a blocking open revokes.
    return descriptor < 0 && lake_errno() == EWOULDBLOCK ? lake_open(path, flags, 0) : descriptor
  }

  /// Opens a pipe or a device for writing, waiting for a reader.
  public static func openForWriting(_ path: String) -> Int32 {
    while true {
      let descriptor = lake_open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0)
      // ENXIO: a pipe without a reader.
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

  /// Whether a descriptor is a regular file, which never blocks.
  public static func isRegularFile(_ descriptor: Int32) -> Bool {
    var status = stat()
    return lake_fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Reads the available bytes, waiting for the first one.
  ///
  /// - Parameter isFile: Whether it is a regular file, which needs no polling.
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

  /// Writes at least one byte.
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
