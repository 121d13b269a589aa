import CSystem
import Glibc

/// Memory of this process.
public enum ProcessMemory {
  /// Bytes resident now; 0 where the system does not say.
  public static var residentByteCount: Int {
    let descriptor = lake_open("/proc/self/statm", O_RDONLY | O_CLOEXEC, 0)
    if descriptor < 0 { return 0 }
    defer { lake_close(descriptor) }
    return withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer in
      let count = lake_read(descriptor, buffer.baseAddress, buffer.count)
      if count <= 0 { return 0 }
      let words = buffer[..<count].split(separator: UInt8(ascii: " "))
      guard words.count > 1 else { return 0 }
      var pages = 0
      for byte in words[1] {
        guard byte >= 48, byte <= 57 else { return 0 }
        pages = pages &* 10 &+ Int(byte &- 48)
      }
      return pages &* sysconf(Int32(_SC_PAGESIZE))
    }
  }

  /// The most bytes that were ever resident.
  ///
  /// From `VmHWM`: `ru_maxrss` would be that of a large parent which forked this process.
  public static var peakByteCount: Int {
    let descriptor = lake_open("/proc/self/status", O_RDONLY | O_CLOEXEC, 0)
    if descriptor < 0 { return 0 }
    defer { lake_close(descriptor) }
    return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      let count = lake_read(descriptor, buffer.baseAddress, buffer.count)
      let text = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
      guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
        let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
      else { return 0 }
      return (Int(kilobytes) ?? 0) * 1024
    }
  }
}
