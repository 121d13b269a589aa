import Foundation
import Synchronization

/// A pseudo-terminal: a program's stderr on one end, its output for the test on the other.
final class PseudoTerminal: Sendable {
  private let master: Int32
  private let drawn = Mutex(Data())
  private let ended = DispatchSemaphore(value: 0)
  /// The program's end.
  let programSide: FileHandle

  init(columns: Int) throws {
    // Uses Linux ioctls (TIOCSPTLCK, TIOCGPTN): Glibc hides posix_openpt from Swift.
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var locked: Int32 = 0
    var number: Int32 = -1
    guard master >= 0, ioctl(master, 0x4004_5431, &locked) == 0,
      ioctl(master, 0x8004_5430, &number) == 0
    else { throw POSIXError(.ENXIO) }
    let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    guard slave >= 0 else { throw POSIXError(.ENXIO) }
    programSide = FileHandle(fileDescriptor: slave, closeOnDealloc: false)
    resize(columns: columns)
    Thread.detachNewThread { self.collect() }
  }

  func resize(columns: Int) {
    var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  /// Everything drawn so far, with plain line ends.
  var text: String {
    drawn.withLock { String(decoding: $0, as: UTF8.self) }
      .replacingOccurrences(of: "\r\n", with: "\n")
  }

  /// Waits until a condition on the text holds; false on timeout.
  func wait(seconds: Double = 30, until holds: (String) -> Bool) -> Bool {
    let end = Date(timeIntervalSinceNow: seconds)
    while !holds(text) {
      if Date() > end { return false }
      usleep(10_000)
    }
    return true
  }

  /// Call after the program has ended: returns everything that it drew.
  func finish() -> String {
    close(programSide.fileDescriptor)
    ended.wait()
    close(master)
    return text
  }

  /// Reads until no program holds the other end.
  private func collect() {
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(master, &bytes, bytes.count)
      if count <= 0 { break }
      drawn.withLock { $0.append(contentsOf: bytes[..<count]) }
    }
    ended.signal()
  }
}
