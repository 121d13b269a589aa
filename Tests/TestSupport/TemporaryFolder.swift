import Glibc

/// A temporary folder for one test; deallocation removes it.
public final class TemporaryFolder: Sendable {
  public let path: String

  public init(_ name: String = "lake-test") {
    path = "/tmp/\(name)-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    mkdir(path, 0o700)
  }

  deinit { Self.remove(path) }

  /// Deletes a folder with its content.
  public static func remove(_ path: String) {
    guard let stream = opendir(path) else {
      unlink(path)
      return
    }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      var status = stat()
      let child = path + "/" + name
      if lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        remove(child)
      } else {
        unlink(child)
      }
    }
    closedir(stream)
    rmdir(path)
  }
}
