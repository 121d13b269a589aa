import Catalog
import Glibc
import Platform

/// Resolves a query's TABLE: a table of the lake, a folder, or a file.
enum TableSource {
  /// - Parameters:
  ///   - lake: Finds the lake's root; called only if TABLE is a table name.
  static func open(
    _ name: String, version: Int?, asOf: Int64?, allowsOutside: Bool,
    verifiesChecksums: Bool = true,
    lake: () throws -> Lake
  ) throws -> QueryTable {
    let isPath = name.contains("/") || name.hasSuffix(".parquet") || FolderTable.exists(name)
    if !isPath {
      return try DeltaTable.open(
        lake().table(named: name), version: version, asOf: asOf, allowsOutside: allowsOutside,
        verifiesChecksums: verifiesChecksums)
    }
    guard FolderTable.exists(name) else {
      throw QueryError(
        .badTable, "'\(name)' does not exist",
        remedy: DanglingLink.remedy(name) ?? patternRemedy(name)
          ?? "check the path; tables of a lake go by name, and 'lake tables' shows them")
    }
    var path = name
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    if FolderTable.isFolder(path), FolderTable.isFolder(path + "/_delta_log") {
      return try DeltaTable.open(
        LakeTable(name: nil, path: path), version: version, asOf: asOf,
        allowsOutside: allowsOutside, verifiesChecksums: verifiesChecksums)
    }
    if version != nil || asOf != nil {
      throw QueryError(
        .badTable, "'\(name)' is no Delta table: it has no versions",
        remedy: "leave out --version and --as-of")
    }
    return try FolderTable.open(
      path, isFolder: FolderTable.isFolder(path), verifiesChecksums: verifiesChecksums)
  }

  /// Help for a path that looks like a pattern.
  private static func patternRemedy(_ name: String) -> String? {
    guard name.contains(where: { "*?[".contains($0) }) else { return nil }
    return "patterns are not expanded: name the folder, whose files are read together"
  }
}
