import CSystem
import Glibc
import Synchronization

/// Remedies for missing or damaged data files of a Delta table, which differ from those for files that the user
/// named.
public enum LoggedFile {
  /// Most parent folders that are searched for a log: one for each partition column, and the table's.
  private static let depthMax = 8

  /// Whether a path lies in a table's folder, whether or not the file exists.
  public static func isOne(_ path: String) -> Bool { folder(of: path) != nil }

  /// The folder of the table that a path lies in; nil if it lies in none.
  private static func folder(of path: String) -> String? {
    var folder = path[...]
    for _ in 0..<depthMax {
      guard let slash = folder.utf8.lastIndex(of: 0x2F) else { return nil }
      folder = folder[..<slash]
      var status = stat()
      if lake_stat(folder + "/_delta_log", &status) == 0 { return String(folder) }
    }
    return nil
  }

  /// The folder of the lake that the command found, in which tables go by their names; none before.
  private static let lake = Mutex<String?>(nil)

  /// Tables of this lake are named in suggestions, others shown by their paths.
  public static func useNames(of root: String) { lake.withLock { $0 = root } }

  /// The table in a folder as commands take it: `raw.x` in the command's lake, else the path.
  public static func table(in folder: String) -> String {
    name(of: folder) ?? ShellText.path(folder)
  }

  /// The table of a data file as commands take it.
  public static func table(of path: String) -> String {
    table(in: folder(of: path) ?? String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
  }

  /// The name of a table in the command's lake; nil for a table elsewhere.
  private static func name(of folder: String) -> String? {
    guard let root = lake.withLock({ $0 }), folder.hasPrefix(root + "/") else { return nil }
    let parts = folder.dropFirst(root.utf8.count + 1).split(separator: "/")
    return parts.count == 2 ? ShellText.quoted(parts.joined(separator: ".")) : nil
  }

  /// Remedy for a missing data file.
  public static func missingRemedy(_ path: String) -> String {
    let folder = folder(of: path) ?? path
    let table = table(in: folder)
    return "the table's log names it: bring it back from a copy, or "
      + (name(of: folder) == nil
        ? "read a version without it: lake query \(table) --version N"
        : "go back to a version without it: lake restore \(table) --version N")
      + " (lake history \(table) lists them)"
  }

  /// Remedy for a damaged data file.
  public static func damagedRemedy(_ path: String) -> String {
    "the file is damaged: bring it back from a copy of the table; lake parquet \(ShellText.path(path)) --verify finds the places"
  }
}
