import CSystem
import Glibc

/// Remedies for missing or damaged data files of a Delta table, which differ from those for files that the user
/// named.
public enum LoggedFile {
  /// Most parent folders that are searched for a log: one for each partition column, and the table's.
  private static let depthMax = 8

  /// Whether a path lies in a table's folder, whether or not the file exists.
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

  /// Remedy for a missing data file.
  public static let missingRemedy =
    "the table's log names it: bring it back from a copy, or go back to a version without it: lake restore TABLE --version N "
    + "(lake history TABLE lists them)"
  /// Remedy for a damaged data file.
  public static let damagedRemedy =
    "the file is damaged: bring it back from a copy of the table; lake parquet FILE --verify finds the places"
}
