import Catalog
import CommandLineKit
import Platform

extension Context {
  /// The lake of the command: `--lake`, `LAKE_ROOT`, the nearest parent folder that is one, or `./lake`.
  func findLake() throws -> Lake {
    let lake = try Lake.find(
      flag: lakeFlag, environment: environment, workingDirectory: workingDirectory)
    // Users who share a lake within a group need not set the umask in every shell.
    UserMask.followGroup(of: lake.root)
    LoggedFile.useNames(of: lake.root)
    return lake
  }

  /// The lake, or nil if there is none; an explicitly named one must exist.
  func findLakeIfAny() throws -> Lake? {
    do {
      return try findLake()
    } catch let error as CatalogError where error.code == .noLake && lakeFlag == nil {
      return nil
    }
  }
}
