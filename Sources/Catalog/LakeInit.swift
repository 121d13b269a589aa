import CSystem
import Glibc
import Platform
import Storage

/// Makes a folder a lake: planned first, then applied.
public struct LakeInit: Sendable {
  /// Absolute path of the folder.
  public let root: String
  /// Whether the folder has to be made.
  public let makesFolder: Bool
  /// The lake that contains the folder, which is allowed but rarely intended.
  public let surroundingLake: String?
  /// Files to write, by their names in the folder.
  public let files: [(name: String, text: String)]

  /// Examines a folder, and refuses one that is a lake already.
  public init(directory: String, workingDirectory: String) throws(CatalogError) {
    let given = FileSystem.absolute(directory, in: workingDirectory)
    let path = try FileSystem.resolved(given) ?? Self.normalized(given)
    root = path
    makesFolder = try !FileSystem.exists(path)
    if !makesFolder, try !FileSystem.isDirectory(path) {
      throw CatalogError(
        .notALake, "'\(directory)' is no folder", place: .init(path: path),
        remedy: DanglingLink.remedy(path) ?? "name a folder that is new or empty")
    }
    let configuration = path + "/" + Lake.configurationName
    if try FileSystem.exists(configuration) {
      throw CatalogError(
        .alreadyALake, "'\(directory)' is a lake already", place: .init(path: configuration),
        remedy: "lake --lake \(ShellText.path(directory)) config show")
    }
    surroundingLake = try Self.lake(above: path)
    let others = [
      (".gitignore", Self.ignoreText), (".env.example", EmbeddedSchemas.environmentExample),
    ]
    // An existing file is somebody's, and is not replaced.
    var files = [(name: Lake.configurationName, text: EmbeddedSchemas.configuration)]
    for other in others where try !FileSystem.exists(path + "/" + other.0) {
      files.append((other.0, other.1))
    }
    self.files = files
  }

  /// Makes the lake; `lake.yaml` last, so that a folder becomes a lake when everything else exists.
  public func apply() throws {
    if makesFolder { try makeFolder() }
    UserMask.followGroup(of: root)
    let storage = DirectoryStorage(root: root)
    do {
      try storage.requireSafeCommits()
    } catch {
      if makesFolder { lake_rmdir(root) }
      throw error
    }
    for file in files.reversed() {
      guard try storage.putIfAbsent(file.name, Array(file.text.utf8)) else {
        throw CatalogError(
          .alreadyALake, "'\(file.name)' came into being meanwhile",
          place: .init(path: root + "/" + file.name), remedy: "run it again")
      }
    }
  }

  /// Makes the folder and missing ones above it.
  private func makeFolder() throws(CatalogError) {
    var missing: [String] = []
    var folder = root
    while try !FileSystem.exists(folder), let slash = folder.lastIndex(of: "/") {
      missing.append(folder)
      folder = String(folder[..<slash])
      if folder.isEmpty { break }
    }
    for path in missing.reversed() where lake_mkdir(path, 0o777) != 0 && lake_errno() != EEXIST {
      throw CatalogError(
        .unwritable, "folder cannot be made: " + String(cString: strerror(lake_errno())),
        place: .init(path: path), remedy: "name a folder that you may write to")
    }
  }

  private static func lake(above path: String) throws(CatalogError) -> String? {
    var folder = path
    while let slash = folder.lastIndex(of: "/") {
      folder = String(folder[..<slash])
      if try FileSystem.isFile(folder + "/" + Lake.configurationName) { return folder }
    }
    return nil
  }

  /// The path without `.`, `..` and double slashes, by its spelling alone: nothing exists yet.
  private static func normalized(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  static let ignoreText = """
    # Data, keys and what is made from data stay out of version control; lake.yaml and schemas/ belong in it.
    /*
    !/.gitignore
    !/.env.example
    !/lake.yaml
    !/schemas/

    """
}
