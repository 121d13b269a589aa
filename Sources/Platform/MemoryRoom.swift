import CSystem
import Glibc

/// Whether the system would give memory, asked before a large piece of it is taken: a request that
/// fails ends the process, and a question that fails becomes an error with a name.
public enum MemoryRoom {
  /// Pieces up to this size are not worth the question.
  public static let unquestionedByteCount = 64 << 20

  /// Whether `byteCount` bytes could be had now. Another thread may take them meanwhile.
  public static func has(_ byteCount: Int) -> Bool {
    if byteCount <= unquestionedByteCount { return true }
    // Not malloc: a compiler may leave out what is freed at once.
    let mapping = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapping, mapping != UnsafeMutableRawPointer(bitPattern: -1) else { return false }
    munmap(mapping, byteCount)
    return true
  }
}

/// What a process says when the system gives it no more memory: nothing can be thrown then, and nothing made.
///
/// Swift's runtime aborts where an allocation fails, and so does the C++ library. An abort for want of memory ends with
/// an error and the status of a failure; any other as it would without this.
public enum MemoryEnd {
  // Written once, before the handler is there to read them: making anything is no work for a handler.
  nonisolated(unsafe) private static var text = UnsafeRawBufferPointer(start: nil, count: 0)
  nonisolated(unsafe) private static var before = sigaction()
  private static let probedByteCount = 8 << 20
  private static let failedStatus: Int32 = 2

  /// Has `text` written to standard error, and the process end as one that failed, where an allocation fails.
  ///
  /// Call it once, before other threads are made.
  public static func install(_ text: String) {
    // For the rest of the process.
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
    bytes.copyBytes(from: text.utf8)
    self.text = UnsafeRawBufferPointer(bytes)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { MemoryEnd.didAbort($0) }
    // An abort that is none of these is sent on from within the handler.
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
