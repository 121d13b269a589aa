import CSystem
import CommandLineKit
import Glibc
import Ingest
import Platform
import Query
import Storage
import Tables

/// Copies of a Delta table's files, as long as a command reads them.
final class DeltaCopies {
  private let run: StagingRun
  private var count = 0

  /// - Parameter root: The lake's root, in whose staging folder they lie.
  init(root: String) throws { run = try StagingRun(root: root) }

  deinit { run.finish() }

  /// The live files of a table as inputs: those that say all of their rows as they are, copies of the others.
  func inputs(of path: String, in context: Context) throws -> InputPaths {
    let table = try DeltaFiles(path: path)
    if !table.skippedColumns.isEmpty {
      context.warn(
        "columns of a form that no query reads are left out: "
          + table.skippedColumns.map { "'\($0)'" }.joined(separator: ", "))
    }
    var inputs = InputPaths(files: [])
    for file in table.files {
      if let own = file.path {
        inputs.append(own)
        continue
      }
      count += 1
      let copy = run.directory + "/\(count).parquet"
      if try !table.copy(file, to: copy, isInterrupted: { context.isInterrupted }) {
        throw Interrupted()
      }
      let isBelow = !file.name.hasPrefix("/") && !file.name.contains("://")
      inputs.append(copy, name: isBelow ? path + "/" + file.name : file.name)
    }
    return inputs
  }

  /// Whether a path is the folder of a Delta table.
  static func isTable(_ path: String) -> Bool {
    var info = stat()
    // What is wrong with any other path is told when it is opened.
    return lake_stat(path + "/_delta_log", &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
  }
}
