import CSystem
import Glibc

/// Reads and writes that are repeated until all bytes are transferred.
///
/// On failure the error number is in `errno`.
public enum Transfer {
  /// Per call, since some file systems refuse more.
  private static let byteCountMax = 1 << 30

  /// Writes all bytes; on a pipe or a device it blocks until the process is asked to terminate.
  ///
  /// - Returns: Whether all bytes were written.
  public static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    move(bytes.count) { done, count in
      Waiting.write(descriptor, bytes.baseAddress.map { $0 + done }, count)
    }
  }

  /// Writes all bytes at an offset of a file.
  ///
  /// - Returns: Whether all bytes were written.
  public static func write(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int
  ) -> Bool {
    move(bytes.count) { done, count in
      lake_pwrite(descriptor, bytes.baseAddress.map { $0 + done }, count, offset + done)
    }
  }

  private static func move(_ byteCount: Int, _ call: (_ done: Int, _ count: Int) -> Int) -> Bool {
    var done = 0
    while done < byteCount {
      let count = call(done, min(byteCount - done, byteCountMax))
      if count < 0 { return false }
      if count == 0 {
        errno = EIO
        return false
      }
      done += count
    }
    return true
  }

  /// Reads at an offset of a file until the target is full or the file ends.
  ///
  /// - Returns: Number of bytes read, less than the target's size only at the end of the file; -1 on failure.
  public static func read(
    _ descriptor: Int32, into target: UnsafeMutableRawBufferPointer, at offset: Int
  ) -> Int {
    var done = 0
    while done < target.count {
      let count = lake_pread(
        descriptor, target.baseAddress.map { $0 + done }, min(target.count - done, byteCountMax),
        offset + done)
      if count < 0 { return -1 }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Reads from the descriptor's current offset to its end.
  ///
  /// - Parameters:
  ///   - byteCountMax: Reading stops once there are more; slightly more may be returned.
  ///   - isFile: Whether it is a regular file, which needs no polling.
  /// - Returns: nil on failure.
  public static func readToEnd(
    _ descriptor: Int32, byteCountMax: Int, isFile: Bool
  ) -> [UInt8]? {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: min(64 << 10, byteCountMax + 1))
    while bytes.count <= byteCountMax {
      let count = part.withUnsafeMutableBytes {
        Waiting.read(descriptor, $0.baseAddress, $0.count, isFile: isFile)
      }
      if count < 0 { return nil }
      if count == 0 { break }
      bytes += part[..<count]
    }
    return bytes
  }
}
