import Catalog
import DeltaLog
import Tables

extension StoredInput: DeriveInput {}

/// A table of the lake that a pass fills with segments from its staging folder.
package final class StagedTarget: DeriveTarget {
  package let definition: TableDefinition
  package var name: TableName { definition.name }
  private let table: TableWriter
  private let staging: StagingSession

  /// - Throws: `CatalogError` where the table was made by another pass or with other parameters.
  package init(_ definition: TableDefinition, lake: Lake, staging: StagingSession) throws {
    self.definition = definition
    self.staging = staging
    table = TableWriter(definition.name, lake: lake)
    try reload()
  }

  private func reload() throws {
    try table.load()
    try table.requireMatch(definition)
  }

  package func knownUnits() throws -> [String: KnownUnit] {
    Dictionary(grouping: try table.snapshot?.files ?? []) {
      $0.partitionValue(TableSchema.partitionColumn) ?? ""
    }.mapValues { KnownUnit(files: $0) }
  }

  package func isKnownEmpty(_ derivation: Derivation, date: String) -> Bool {
    table.snapshot?.txns[derivation.emptyAppId(date: date)] != nil
  }

  package func commit(
    _ units: [DerivedUnit<StagedSegment>], parameters: [(name: String, value: String)]
  ) throws -> Bool {
    if units.isEmpty { return true }
    let run = try staging.run()
    var change = TableChange(.replace(units.map { PartitionKey(date: $0.date) }))
    change.parameters = [("mode", "Overwrite")] + parameters + [("run", run.id)]
    for unit in units {
      if let segment = unit.product {
        change.segments.append(segment.placed(definition.schema, tags: unit.derivation.tags))
      } else if !isKnownEmpty(unit.derivation, date: unit.date) {
        // A partition that is emptied again, for the same reason as before, is remembered already: what
        // goes with this commit are its files, and it is no repetition.
        change.applications.append((unit.derivation.emptyAppId(date: unit.date), 1))
      }
    }
    let outcome = try table.commit(change, definition, run: run)
    try reload()
    if case .committed = outcome { return true }
    return false
  }
}
