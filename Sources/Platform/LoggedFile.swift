import CSystem
import Glibc

/// Files of a table with a log: what helps where one is gone or damaged is another thing than for a file
/// that somebody named.
public enum LoggedFile {
  /// Folders above a file that are looked at: the table's, below it one for each partition column.
  private static let depthMax = 8

  /// Whether a path lies in the folder of such a table, be the file there or not.
  public static func isOne(_ path: String) -> Bool {
    var folder = path[...]
    for _ in 0..<depthMax {
      guard let slash = folder.utf8.lastIndex(of: 0x2F) else { return false }
      folder = folder[..<slash]
      var status = stat()
      if lake_stat(folder + "/_delta_log", &status) == 0 { return true }
    }
    return false
  }

  /// What to do about a file of a table that is gone.
  public static let missingRemedy =
    "the table's log names it: bring it back from a copy, or go back to a version without it: lake restore TABLE --version N "
    + "(lake history TABLE lists them)"
  /// What to do about a file of a table whose bytes are wrong.
  public static let damagedRemedy =
    "the file is damaged: bring it back from a copy of the table; lake parquet FILE --verify finds the places"
}
