import Catalog
import DeltaLog

extension IngestPass {
  /// The record kind of a table that exists; nil where there is none, or it is another program's.
  func kind(of name: TableName) throws -> String? {
    if targets[name] == nil, snapshots[name] == nil {
      // Kept for whoever writes into the table, so that its log is read once.
      snapshots[name] = try Snapshot.loadIfPresent(lake.table(name).storage)
    }
    let snapshot = targets[name]?.snapshot ?? snapshots[name]
    return snapshot?.configuration[TableProperty.schema]
  }

  /// Notes a file that holds no rows, and is no mistake.
  func skip(_ path: String, _ words: String) {
    observer.begin(path)
    inputs.append(IngestInput(path: "", options: options))
    var file = IngestFileReport(path: path)
    file.state = .skipped(words)
    report.files.append(file)
  }
}
