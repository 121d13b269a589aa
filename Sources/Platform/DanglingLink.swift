import CSystem
import Glibc

/// Links that lead nowhere: what is missing is not the name that was given.
public enum DanglingLink {
  /// What to do about a path that could not be found, where it is such a link; nil for any other.
  public static func remedy(_ path: String) -> String? {
    target(path).map {
      "it is a link to '\($0)', where nothing is: make that, or remove the link"
    }
  }

  /// Where a link leads, if nothing is there.
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
