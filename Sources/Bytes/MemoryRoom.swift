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
