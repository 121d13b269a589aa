import Platform

/// A lake: a folder with a `lake.yaml`.
public struct Lake: Sendable {
  /// The file that makes a folder a lake.
  public static let configurationName = "lake.yaml"
  /// The environment variable that names a lake's folder, if `--lake` does not.
  public static let rootVariable = "LAKE_ROOT"

  /// Absolute path of the folder, without links and a trailing slash.
  public let root: String
  /// Every value in effect, from `lake.yaml` and the environment.
  public let config: LakeConfig
  /// Whether the user named the lake, rather than it being found from the working folder.
  public private(set) var isNamed = false

  /// Opens the lake in a folder.
  ///
  /// - Parameter environment: Variables that override the configuration.
  public init(root: String, environment: [String: String] = [:]) throws(CatalogError) {
    self.root = root
    config = try LakeConfig(
      path: root + "/" + Self.configurationName, environment: environment)
  }

  /// Finds the lake that a command works on: `--lake`, else `LAKE_ROOT`, else the nearest folder upward with a
  /// `lake.yaml`, else `./lake` if it has one.
  public static func find(
    flag: String?, environment: [String: String], workingDirectory: String
  ) throws(CatalogError) -> Lake {
    let root = try findRoot(
      flag: flag, environment: environment, workingDirectory: workingDirectory)
    var lake = try Lake(root: root, environment: environment)
    lake.isNamed = flag != nil || environment[rootVariable]?.isEmpty == false
    return lake
  }

  /// The root that `find` would open, without reading its configuration.
  public static func findRoot(
    flag: String?, environment: [String: String], workingDirectory: String
  ) throws(CatalogError) -> String {
    if let flag {
      return try named(flag, workingDirectory, by: "--lake")
    }
    if let variable = environment[rootVariable], !variable.isEmpty {
      return try named(variable, workingDirectory, by: rootVariable)
    }
    var folder = try FileSystem.resolved(workingDirectory) ?? workingDirectory
    while true {
      if try holdsLake(folder) { return folder.isEmpty ? "/" : folder }
      guard let slash = folder.lastIndex(of: "/"), folder != "/" else { break }
      folder = String(folder[..<slash])
      if folder.isEmpty { break }
    }
    if let inside = try FileSystem.resolved(workingDirectory + "/lake"), try holdsLake(inside) {
      return inside
    }
    throw CatalogError(
      .noLake, "no lake here: no 'lake.yaml' in this folder, above it, or in './lake'",
      place: .init(path: workingDirectory),
      remedy: "lake init mylake && cd mylake, or name a lake with --lake DIR")
  }

  private static func named(_ path: String, _ workingDirectory: String, by origin: String)
    throws(CatalogError) -> String
  {
    guard let root = try FileSystem.resolved(FileSystem.absolute(path, in: workingDirectory)) else {
      throw CatalogError(
        .noLake, "\(origin) names '\(path)', which does not exist", place: .init(path: path),
        remedy: DanglingLink.remedy(path) ?? "lake init \(ShellText.path(path))"
          + (origin == rootVariable ? ", or unset LAKE_ROOT" : ""))
    }
    guard try FileSystem.isDirectory(root) else {
      throw CatalogError(
        .notALake, "\(origin) names '\(path)', which is no folder", place: .init(path: path),
        remedy: root.hasSuffix("/" + configurationName)
          ? "name the folder that holds it" : "name a folder that holds '\(configurationName)'")
    }
    guard try holdsLake(root) else {
      throw CatalogError(
        .notALake, "'\(path)' is no lake: it holds no '\(configurationName)'",
        place: .init(path: root), remedy: "lake init \(ShellText.path(path))")
    }
    return root
  }

  private static func holdsLake(_ folder: String) throws(CatalogError) -> Bool {
    try FileSystem.isFile(folder + "/" + configurationName)
  }

  // MARK: - Paths

  /// Folder of a table, whether it exists or not.
  public func path(of table: TableName) -> String { root + "/" + table.layer + "/" + table.name }

  /// Where runs keep files before they are part of a table.
  public var stagingPath: String { root + "/staging" }

  /// The ledgers' tables: what the program records about the lake.
  public var ledgerPath: String { root + "/ledger" }

  /// Events that are not merged into the ledgers' tables yet.
  public var journalPath: String { ledgerPath + "/journal" }

  /// Names of all tables, by layer and name: folders with a Delta log, readable or not.
  ///
  /// - Throws: `unreadable` if a layer cannot be listed.
  public func tableNames() throws(CatalogError) -> [TableName] {
    var names: [TableName] = []
    for layer in TableName.layers { names += try tableNames(layer: layer) }
    return names
  }

  /// The same for the layers that can be listed.
  ///
  /// - Parameter failed: Called for each layer that cannot, with the reason.
  public func tableNames(failed: (CatalogError) -> Void) -> [TableName] {
    var names: [TableName] = []
    for layer in TableName.layers {
      do throws(CatalogError) {
        names += try tableNames(layer: layer)
      } catch {
        failed(error)
      }
    }
    return names
  }

  /// The same for one layer: others need not be readable.
  public func tableNames(layer: String) throws(CatalogError) -> [TableName] {
    let folder = root + "/" + layer
    return try FileSystem.names(in: folder).filter { FileSystem.isTable(folder + "/" + $0) }
      // A folder with a name that is invalid for tables is not ours.
      .compactMap { try? TableName(layer: layer, name: $0) }.sorted()
  }

  /// Whether there is a table of that name, readable or not.
  public func hasTable(_ name: TableName) -> Bool {
    FileSystem.isTable(path(of: name))
  }

  /// Checks that a table exists; the error suggests similar names.
  public func requireTable(named text: String) throws(CatalogError) -> TableName {
    // An invalid name is reported as unknown below.
    if let name = try? TableName(parsing: text) {
      // Other tables need not be readable.
      if hasTable(name) { return name }
      try requireLog(of: name)
    }
    let known = try tableNames()
    if known.isEmpty {
      throw CatalogError(
        .unknownTable, "unknown table '\(text)': this lake has no tables yet",
        place: .init(path: root), remedy: "lake ingest FILE…")
    }
    let names = known.map(\.description)
    let sameName = known.filter { $0.name == text }.map(\.description)
    let remedy =
      sameName.first.map { "did you mean '\($0)'?" } ?? NearestNames.question(text, among: names)
    throw CatalogError(
      .unknownTable, "unknown table '\(text)'", place: .init(path: root),
      remedy: remedy ?? "lake tables")
  }
}
