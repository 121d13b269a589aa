import Catalog
import Tables

extension StoredInput: DeriveInput {}

/// A table of the lake that a pass fills with segments from its staging folder.
package final class StagedTarget: DeriveTarget {
  private let table: DerivedTarget
  private let staging: StagingSession
  package var definition: TableDefinition { table.definition }
  package var name: TableName { table.definition.name }

  /// - Throws: `CatalogError` where the table was made by another pass or with other parameters.
  package init(_ definition: TableDefinition, lake: Lake, staging: StagingSession) throws {
    table = try DerivedTarget(definition, lake: lake)
    self.staging = staging
  }

  package func knownUnits() throws -> [String: KnownUnit] {
    try table.filesByDate().mapValues { KnownUnit(files: $0) }
  }

  package func isKnownEmpty(_ derivation: Derivation, date: String) -> Bool {
    table.isKnownEmpty(derivation, date: date)
  }

  package func commit(
    _ units: [DerivedUnit<StagedSegment>], parameters: [(name: String, value: String)]
  ) throws -> Bool {
    let run = try staging.run()
    let results = units.map {
      DerivedTarget.Result(date: $0.date, derivation: $0.derivation, segment: $0.product)
    }
    let lost = try table.commit(
      results, run: run, parameters: parameters + [("run", run.id)])
    if lost == nil { return true }
    try table.reload()
    return false
  }
}
