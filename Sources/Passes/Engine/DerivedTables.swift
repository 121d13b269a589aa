import Catalog
import DeltaLog
import Tables

/// A derived table of a lake: configured, existing, or both.
public struct DerivedTable: Sendable {
  /// The derived table.
  public let table: TableName
  /// The pass that fills it: as configured, else as the table's properties say.
  public let pass: ConfiguredPass
  /// Whether `lake.yaml` names it: then `lake run` brings it up to date.
  public let isConfigured: Bool

  /// All of them, by name.
  ///
  /// - Parameter failed: Called with the reason why a table, or a whole layer, cannot be read.
  public static func all(
    in lake: Lake, configured: [ConfiguredPass], kinds: [PassKind],
    failed: (any Error) -> Void
  ) -> [DerivedTable] {
    var found: [DerivedTable] = []
    for pass in configured {
      found += pass.outputs.map { DerivedTable(table: $0, pass: pass, isConfigured: true) }
    }
    let known = Set(found.map(\.table))
    for name in lake.tableNames(failed: failed) where !known.contains(name) {
      do {
        let properties = try lake.table(name).snapshot(applies: .allFeatures).configuration
        guard let kind = kinds.first(where: { $0.name == properties[TableProperty.pass] }),
          let request = kind.request(properties, name)
        else { continue }
        let pass = ConfiguredPass(kind: kind, request: request, line: nil, outputs: [name])
        found.append(DerivedTable(table: name, pass: pass, isConfigured: false))
      } catch {
        failed(error)
      }
    }
    return found.sorted { $0.table < $1.table }
  }
}
