import Foundation
import Synchronization

/// A terminal without a screen: a program's standard error on one side, what it drew on the other.
final class PseudoTerminal: Sendable {
  private let master: Int32
  private let drawn = Mutex(Data())
  private let ended = DispatchSemaphore(value: 0)
  /// The side that the program gets.
  let programSide: FileHandle

  init(columns: Int) throws {
    // Linux's own way (TIOCSPTLCK, TIOCGPTN): Glibc hides posix_openpt from Swift.
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

  /// All that was drawn so far, with plain ends of lines.
  var text: String {
    drawn.withLock { String(decoding: $0, as: UTF8.self) }
      .replacingOccurrences(of: "\r\n", with: "\n")
  }

  /// Waits until something holds of the text; false after the seconds.
  func wait(seconds: Double = 30, until holds: (String) -> Bool) -> Bool {
    let end = Date(timeIntervalSinceNow: seconds)
    while !holds(text) {
      if Date() > end { return false }
      usleep(10_000)
    }
    return true
  }

  /// Call when the program has ended: returns all that it drew.
  func finish() -> String {
    close(programSide.fileDescriptor)
    ended.wait()
    close(master)
    return text
  }

  /// Reads until no program holds the other side.
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
