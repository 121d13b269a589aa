import CSystem
import Glibc

/// Dangling symbolic links: the missing file is the link's target, not the given path.
public enum DanglingLink {
  /// The remedy for a path that was not found because it is a dangling link; nil for any other path.
  public static func remedy(_ path: String) -> String? {
    target(path).map {
      "it is a link to '\($0)', where nothing is: make that, or remove the link"
    }
  }

  /// The target of a dangling link; nil if the path is no link or the target exists.
  public static func target(_ path: String) -> String? {
    var status = stat()
    if lake_stat(path, &status) == 0 { return nil }
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = lake_readlink(path, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(
      decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
