/// Tables whose log is missing.
extension Lake {
  /// Levels of folders below a table's that are searched for data files.
  private static let depthMax = 4

  /// Refuses a table's folder that has data files but no log to say which rows the table has: a new table made
  /// over them would hide them all.
  public func requireLog(of table: TableName) throws(CatalogError) {
    let folder = path(of: table)
    if FileSystem.isTable(folder) { return }
    // A table being made has data files before its first commit, but the folder of its log is made before.
    let isNewborn = try FileSystem.exists(folder + "/_delta_log")
    let runs = isNewborn ? Set(try FileSystem.names(in: stagingPath)) : []
    guard let file = try Self.dataFile(in: folder, runs: runs, depth: 0) else { return }
    // It may just have got its first commit.
    if FileSystem.isTable(folder) { return }
    throw CatalogError(
      .lostLog,
      "the folder of table '\(table)' holds data files, and its log '_delta_log' "
        + (isNewborn ? "is empty" : "is missing"), place: .init(path: file),
      remedy:
        "put '\(folder)/_delta_log' back from a backup, or move the folder away and fill the table anew"
    )
  }

  /// A Parquet file that is not from a run which is at work, or died.
  private static func dataFile(
    in folder: String, runs: Set<String>, depth: Int
  ) throws(CatalogError) -> String? {
    var folders: [String] = []
    for name in try FileSystem.names(in: folder) where name != "_delta_log" {
      let path = folder + "/" + name
      if try FileSystem.isDirectory(path) {
        folders.append(path)
      } else if name.hasSuffix(".parquet"), !runs.contains(where: { name.contains($0) }) {
        return path
      }
    }
    if depth >= depthMax { return nil }
    for folder in folders {
      if let file = try dataFile(in: folder, runs: runs, depth: depth + 1) { return file }
    }
    return nil
  }
}
