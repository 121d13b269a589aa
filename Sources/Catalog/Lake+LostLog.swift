/// Tables whose log is gone.
extension Lake {
  /// Levels of folders below a table's that are looked through for data files.
  private static let depthMax = 4

  /// Refuses a table's folder that holds data files and no log to say which of their rows the table has: a new table
  /// made over them would hide them all.
  public func requireLog(of table: TableName) throws(CatalogError) {
    let folder = path(of: table)
    if FileSystem.isTable(folder) { return }
    // Files of a table that is being made come before its first commit, but behind the folder of its log.
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

  /// Some Parquet file that no run which is at work, or died, has there.
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
