import CSystem
import Glibc

/// Reads and writes that go on until all bytes are moved, however few the system takes at once.
///
/// Where one fails, the number is in `errno`.
public enum Transfer {
  /// Some file systems refuse more in one call.
  private static let byteCountMax = 1 << 30

  /// Writes all bytes, in order; a pipe or a device is waited for until the process is asked to end.
  ///
  /// - Returns: Whether all were written.
  public static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    move(bytes.count) { done, count in
      Waiting.write(descriptor, bytes.baseAddress.map { $0 + done }, count)
    }
  }

  /// Writes all bytes at an offset of a file.
  ///
  /// - Returns: Whether all were written.
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
  /// - Returns: Bytes read, fewer than the target has where the file ends before; -1 on failure.
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

  /// Reads from where the descriptor is to its end.
  ///
  /// - Parameters:
  ///   - byteCountMax: Reading ends as soon as there are more; a few more may be returned.
  ///   - isFile: A regular file, which needs no waiting.
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
