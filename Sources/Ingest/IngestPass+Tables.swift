import Catalog
import DeltaLog
import RowSources
import Tables

extension IngestPass {
  /// The record kind of an existing table; nil if there is none, or another program made it.
  func kind(of name: TableName) throws -> String? {
    try snapshot(of: name)?.configuration[TableProperty.schema]
  }

  /// The columns that a table has wider than its kind says; nil where there is no table yet.
  func wideColumns(of name: TableName) throws -> Set<String>? {
    try snapshot(of: name).map { snapshot in
      Set(
        snapshot.schema.fields.filter { $0.type.columnType == TableSchema.wideType }.map(\.name))
    }
  }

  /// Makes columns of a table that does not exist yet wider, since the rows of some input need that.
  ///
  /// - Returns: The inputs that wait for the table's first commit: they must be read again.
  func widen(_ need: NeedsWiderColumns) -> [Int] {
    widths[need.table, default: []].formUnion(need.names)
    guard let target = targets[need.table] else { return [] }
    let dropped = target.drop(Set(target.pendingInputs.map(\.appId))).compactMap(\.index)
    for index in dropped { quarantine.drop(sha256: report.files[index].sha256) }
    return dropped
  }

  /// The zone of a table's partition dates; nil if there is no table.
  func timeZone(of name: TableName) throws -> String? {
    if let target = targets[name] { return target.timeZone }
    return try snapshot(of: name)?.configuration[TableProperty.partitionTimezone]
  }

  private func snapshot(of name: TableName) throws -> Snapshot? {
    if targets[name] == nil, snapshots[name] == nil {
      // Kept for writing into the table, so that its log is read once.
      snapshots[name] = try Snapshot.loadIfPresent(lake.table(name).storage)
    }
    return targets[name]?.snapshot ?? snapshots[name]
  }

  /// The table for rows of a kind.
  func target(
    _ name: TableName, schema: TableSchema, dataset: String, setting: TableSetting? = nil
  ) throws -> TableTarget {
    // Where nothing is in it yet, its columns can become wider.
    if let empty = targets[name], empty.snapshot == nil, empty.pendingInputs.isEmpty,
      empty.schema != schema.forLayer(name.layer)
    {
      targets[name] = nil
    }
    if let known = try targets[name]?.caughtUp() {
      try known.requireSame(schema, properties: setting?.properties ?? [:])
      return known
    }
    let setting = setting ?? TableSetting()
    let target = try TableTarget(
      name: name, schema: schema, lake: lake, dataset: dataset, timeZone: setting.timeZone,
      properties: setting.properties, snapshot: snapshots[name])
    if target.snapshot == nil, name == options.table {
      try NameClaim(name).check(
        kind: schema.kind,
        isAdjusted: setting.properties[TableProperty.adjusted].map { $0 == "true" })
    }
    targets[name] = target
    return target
  }

  /// Notes an input that cannot even be looked at.
  func fail(_ path: String, _ error: any Error) {
    observer.begin(path)
    inputs.append(IngestInput(path: "", options: options))
    var file = IngestFileReport(path: path)
    file.state = .failed(error)
    report.files.append(file)
    observer.didFail(error)
  }

  /// Notes a file without rows that is no mistake.
  func skip(_ path: String, _ words: String) {
    observer.begin(path)
    inputs.append(IngestInput(path: "", options: options))
    var file = IngestFileReport(path: path)
    file.state = .skipped(words)
    report.files.append(file)
  }

  /// Whether a file lacks what another one lacks too, and one command line says it for both.
  func isRepeatedRefusal(_ error: any Error) -> Bool {
    guard options.fileSet != nil, let refusal = error as? SourceError,
      refusal.code == .needsMore, let remedy = refusal.remedy
    else { return false }
    toldRemedies[remedy, default: -1] += 1
    return toldRemedies[remedy] != 0
  }

  /// Says of how many files nothing was said for that reason.
  func tellRepeatedRefusals() {
    for (remedy, count) in toldRemedies.sorted(by: { $0.key < $1.key }) where count > 0 {
      observer.warn(
        PassError(
          .input, "\(count) other \(count == 1 ? "file lacks" : "files lack") the same",
          remedy: remedy))
    }
  }
}
