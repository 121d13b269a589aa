import CSystem
import Glibc
import JSON
import Platform
import Storage

/// Folders whose configuration the user trusts though somebody else can change it.
///
/// The list is the user's own file, `$XDG_CONFIG_HOME/lake/trusted` or `~/.config/lake/trusted`, one JSON
/// object per line: the folder's real path, and hashes of the trusted settings and their owner. If they change,
/// they must be trusted again.
public struct TrustedFolders: Sendable {
  /// What was trusted of one folder.
  public struct Entry: Hashable, Sendable {
    /// The folder's real path: absolute, without links.
    public var path: String
    /// Hashes of the trusted settings, by `ConfigTrust.Part`.
    public var digests: [String: String]
  }

  /// Bytes of the file that are read at most.
  static let byteCountMax = 16 << 20

  /// Path of the list.
  public let path: String
  /// One per folder, in the order of the file.
  public private(set) var entries: [Entry]

  /// Reads the list; empty if there is none.
  ///
  /// - Throws: `unsafeKey` if others could have written it.
  public init(environment: [String: String]) throws(CatalogError) {
    path = try Self.path(environment)
    entries = []
    let descriptor = lake_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0)
    if descriptor < 0 {
      if lake_errno() == ENOENT || lake_errno() == ENOTDIR { return }
      throw unreadable(String(cString: strerror(lake_errno())))
    }
    lake_close(descriptor)
    if let fault = Ownership.fault(path) {
      throw CatalogError(
        .unsafeKey, "the list of trusted folders \(fault)", place: .init(path: path),
        remedy: "look at it, then chmod 600 \(path)")
    }
    let text = try FileSystem.text(path)
    for (index, line) in text.split(separator: "\n").enumerated() {
      // Invalid JSON is reported with its line number.
      guard let json = try? JSONValue(parsing: Array(line.utf8)), let folder = json["path"]?.string
      else {
        throw CatalogError(
          .unreadable, "the list of trusted folders is damaged",
          place: .init(path: path, line: index + 1), remedy: "remove that line")
      }
      var digests: [String: String] = [:]
      for part in ConfigTrust.Part.allCases {
        digests[part.rawValue] = json[part.rawValue]?.string
      }
      entries.append(Entry(path: folder, digests: digests))
    }
  }

  private static func path(_ environment: [String: String]) throws(CatalogError) -> String {
    if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
      return folder + "/lake/trusted"
    }
    if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.config/lake/trusted" }
    throw CatalogError(
      .unreadable, "there is no place for a list of trusted folders: HOME is not set",
      remedy: "export HOME=… or XDG_CONFIG_HOME=…")
  }

  private func unreadable(_ reason: String) -> CatalogError {
    CatalogError(
      .unreadable, "the list of trusted folders cannot be read: " + reason,
      place: .init(path: path))
  }

  /// Trusts a folder in its present state, replacing its earlier entry.
  public mutating func add(_ entry: Entry) throws {
    entries.removeAll { $0.path == entry.path }
    entries.append(entry)
    try write()
  }

  /// - Returns: Whether the folder was trusted.
  public mutating func remove(_ folder: String) throws -> Bool {
    let count = entries.count
    entries.removeAll { $0.path == folder }
    if entries.count == count { return false }
    try write()
    return true
  }

  private func write() throws {
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    try FileSystem.makePrivateFolder(folder)
    let file = try OutputFile(path: path, replaces: true)
    lake_fchmod(file.descriptor, 0o600)
    for entry in entries {
      var members: [(String, JSONValue)] = [("path", .string(entry.path))]
      for part in ConfigTrust.Part.allCases {
        if let digest = entry.digests[part.rawValue] {
          members.append((part.rawValue, .string(digest)))
        }
      }
      let line = JSONValue.object(JSONObject(members)).description + "\n"
      try Array(line.utf8).withUnsafeBytes { try file.write($0) }
    }
    try file.publish()
  }
}
