import Catalog
import CommandLineKit
import Platform

extension Context {
  /// The lake that the command works on: `--lake`, `LAKE_ROOT`, the nearest upward, `./lake`.
  func findLake() throws -> Lake {
    let lake = try Lake.find(
      flag: lakeFlag, environment: environment, workingDirectory: workingDirectory)
    // Who shares a lake with a group need not think of it in every shell.
    UserMask.followGroup(of: lake.root)
    return lake
  }

  /// The lake, or nil where there is none; one that is named must be one.
  func findLakeIfAny() throws -> Lake? {
    do {
      return try findLake()
    } catch let error as CatalogError where error.code == .noLake && lakeFlag == nil {
      return nil
    }
  }
}
