import Catalog
import DeltaLog
import Tables

extension StoredInput: DeriveInput {}

/// A table of the lake that a pass fills with segments from its staging folder.
package final class StagedTarget: DeriveTarget {
  /// With the table's own period, if it exists.
  package private(set) var definition: TableDefinition
  /// The table that is filled.
  package var name: TableName { definition.name }
  private let table: TableWriter
  private let staging: StagingSession
  /// Files made by this object so far.
  private var fileCount = 0

  /// - Throws: `CatalogError` if the table was made by another pass or with other parameters.
  package init(
    _ definition: TableDefinition, lake: Lake, staging: StagingSession, snapshots: SnapshotCache
  ) throws {
    self.definition = definition
    self.staging = staging
    table = TableWriter(
      definition.name, lake: lake, snapshot: try snapshots.newest(lake.table(definition.name)))
    if table.snapshot == nil { try table.load() }
    try check()
  }

  private func check() throws {
    if let snapshot = table.snapshot {
      definition = definition.partitioned(by: try snapshot.partitionPeriod())
    }
    try table.requireMatch(definition)
  }

  /// By date. Cost: in a table by month or year, files without the tag of their dates are read.
  package func knownUnits() throws -> [String: KnownUnit] {
    var units: [String: KnownUnit] = [:]
    for file in try table.snapshot?.files ?? [] {
      guard definition.schema.period != .date else {
        units[file.partitionValue(TableSchema.dateColumn) ?? "", default: KnownUnit()]
          .origins.append(UnitOrigin(file))
        continue
      }
      let held = try SegmentUnits(file, root: table.root, fields: definition.schema.rowFields)
      for (date, unit) in held.byDate {
        units[date, default: KnownUnit()].origins.append(UnitOrigin(file, inputs: unit.inputs))
      }
    }
    return units
  }

  /// Whether the table has the `txn` that records an empty result of these inputs.
  package func isKnownEmpty(_ derivation: Derivation, date: String) -> Bool {
    table.snapshot?.txns[derivation.emptyAppId(date: date)] != nil
  }

  /// Commits units, whole; a `txn` records each unit without rows.
  ///
  /// - Returns: Whether it was committed; false after a lost race, once the table was read again.
  /// - Throws: `PassError.conflict` if the table got another partition period since the run began.
  package func commit(
    _ units: [DerivedUnit<StagedSegment>], parameters: [(name: String, value: String)]
  ) throws -> Bool {
    if units.isEmpty { return true }
    let run = try staging.run()
    let period = definition.schema.period
    var change =
      period == .date
      ? replacePartitions(units) : try replaceUnits(units, run)
    change.parameters = [("mode", "Overwrite")] + parameters + [("run", run.id)]
    for unit in units where unit.product == nil && !isKnownEmpty(unit.derivation, date: unit.date) {
      // A unit that is emptied again for the same reason is recorded already: this commit removes its rows and
      // is no repetition of the earlier one.
      change.applications.append((unit.derivation.emptyAppId(date: unit.date), 1))
    }
    let outcome = try table.commit(change, definition, run: run)
    try table.load()
    try check()
    if case .committed = outcome { return true }
    guard definition.schema.period == period else {
      throw PassError(
        .conflict, "the table is kept by \(definition.schema.period) since the run began",
        place: table.root, remedy: "run the command again")
    }
    return false
  }

  /// In a table by date, a unit is a partition.
  private func replacePartitions(_ units: [DerivedUnit<StagedSegment>]) -> TableChange {
    var change = TableChange(.replace(units.map { PartitionKey(date: $0.date) }))
    change.segments = units.compactMap { unit in
      unit.product?.placed(definition.schema, tags: unit.derivation.tags)
    }
    return change
  }

  private func replaceUnits(
    _ units: [DerivedUnit<StagedSegment>], _ run: StagingRun
  ) throws -> TableChange {
    var periods = DerivedPeriods(
      table.snapshot, root: table.root, schema: definition.schema, directory: run.directory
    ) { what in
      self.fileCount += 1
      return "part-\(run.id)-\(what)-\(self.fileCount)" + SegmentWriter.suffix
    }
    try periods.replace(
      units.map {
        DerivedPeriods.Unit(date: $0.date, derivation: $0.derivation, segment: $0.product)
      })
    return periods.change
  }
}
