import Catalog
import CommandLineKit
import DeltaLog

/// A table named on the command line.
struct FoundTable {
  let table: LakeTable
  /// nil for a table outside any lake.
  let lake: Lake?
}

extension Context {
  /// The operand TABLE of commands that read: a name in the lake, or the path of any Delta table.
  func findTable(_ text: String) throws -> FoundTable {
    if let (table, lake) = try LakeTable.atPath(
      text, workingDirectory: workingDirectory, environment: environment)
    {
      return FoundTable(table: table, lake: lake)
    }
    // Table names contain no slash: this is a path.
    if text.contains("/") {
      throw CatalogError(
        .unknownTable, "'\(text)' is no Delta table: there is no folder '_delta_log' in it",
        remedy: "name a folder that holds '_delta_log', or a table: lake tables")
    }
    let lake = try findLake()
    return FoundTable(table: try lake.table(named: text), lake: lake)
  }
}

/// The flags of commands that read a version of a table.
struct VersionChoice {
  static let flags: [FlagSpec] = [
    .option("version", "N", help: "The table as it was at version N."),
    .option(
      "as-of", "T",
      help: "The table as it was at a time like 2024-01-02T14:30:00Z; a date means its end, UTC."),
  ]

  let version: Int?
  let asOf: Int64?

  init(_ arguments: inout Arguments) throws(UsageError) {
    try arguments.requireAtMostOne(of: ["version", "as-of"])
    version = try arguments.integer("version", in: 0...Int.max)
    do throws(CatalogError) {
      asOf = try arguments.value("as-of").map { text throws(CatalogError) in
        try LakeTable.asOfMilliseconds(text)
      }
    } catch {
      throw UsageError(
        .badValue, "flag '--as-of': " + error.message, remedy: error.remedy,
        command: arguments.spec.name)
    }
  }

  func snapshot(of table: LakeTable) throws -> Snapshot {
    // Of these, only `restore` goes on to the data files, and loads the table again.
    try table.snapshot(version: version, asOf: asOf, applies: .allFeatures)
  }
}
