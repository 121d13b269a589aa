import CSystem
import Glibc

/// Checks whether a large allocation would succeed: a failed allocation aborts the process, while a failed
/// check can be reported as an error.
public enum MemoryRoom {
  /// Allocations up to this size are not checked.
  public static let unquestionedByteCount = 64 << 20

  /// Whether `byteCount` bytes can be allocated now. Another thread may still take them first.
  public static func has(_ byteCount: Int) -> Bool {
    if byteCount <= unquestionedByteCount { return true }
    // mmap instead of malloc: a compiler may elide a malloc that is freed at once.
    let mapping = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapping, mapping != UnsafeMutableRawPointer(bitPattern: -1) else { return false }
    munmap(mapping, byteCount)
    return true
  }
}

/// Reports running out of memory: at that point nothing can be thrown or allocated.
///
/// Swift's runtime and the C++ library abort if an allocation fails. The handler turns such an abort into an
/// error message and the exit status of a failure; any other abort proceeds as usual.
public enum MemoryEnd {
  // Written once, before the handler is installed: a signal handler must not allocate.
  nonisolated(unsafe) private static var text = UnsafeRawBufferPointer(start: nil, count: 0)
  nonisolated(unsafe) private static var before = sigaction()
  private static let probedByteCount = 8 << 20
  private static let failedStatus: Int32 = 2

  /// Installs the handler: when an allocation fails, it writes `text` to stderr and exits with the status of a
  /// failure.
  ///
  /// Call it once, before other threads are started.
  public static func install(_ text: String) {
    // Allocated for the lifetime of the process.
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
    bytes.copyBytes(from: text.utf8)
    self.text = UnsafeRawBufferPointer(bytes)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { MemoryEnd.didAbort($0) }
    // Any other abort is re-raised from within the handler.
    action.sa_flags = Int32(SA_NODEFER)
    sigemptyset(&action.sa_mask)
    sigaction(SIGABRT, &action, &before)
  }

  private static func didAbort(_ number: Int32) {
    if lake_errno() == ENOMEM || !hasRoom() {
      var at = text.baseAddress
      var left = text.count
      while left > 0, let from = at {
        let count = lake_write(STDERR_FILENO, from, left)
        if count <= 0 { break }
        at = from + count
        left -= count
      }
      _exit(failedStatus)
    }
    sigaction(SIGABRT, &before, nil)
    raise(number)
  }

  private static func hasRoom() -> Bool {
    let room = mmap(
      nil, probedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let room, room != UnsafeMutableRawPointer(bitPattern: -1) else { return false }
    munmap(room, probedByteCount)
    return true
  }
}
