import DeltaLog
import Parquet

/// How the columns of a table are found in its data files, where these have them under other names than the table's.
///
/// - Spec: Delta PROTOCOL.md, "Column Mapping".
package struct StoredNames: Sendable {
  /// By the table's names: the files' names.
  private var names: [String: String] = [:]
  /// By the table's names: field ids of the files; nil where columns are found by name.
  private var ids: [String: Int32]?

  /// nil where files have the table's own names.
  package init?(_ snapshot: Snapshot) {
    guard let mapping = snapshot.columnMapping else { return nil }
    for field in snapshot.schema.fields { names[field.name] = field.physicalName }
    if mapping == .id {
      var ids: [String: Int32] = [:]
      for field in snapshot.schema.fields { ids[field.name] = field.columnID }
      self.ids = ids
    } else if names.allSatisfy({ $0.key == $0.value }) {
      return nil
    }
  }

  /// The leaves of a file by the table's names.
  func leaves(of file: ParquetReader) -> [String: Int] {
    var found: [String: Int] = [:]
    guard let ids else {
      for (name, stored) in names { found[name] = file.leafIndex(named: stored) }
      return found
    }
    var byID: [Int32: String] = [:]
    for child in file.schema.children {
      if let id = child.element.fieldID { byID[id] = child.element.name }
    }
    for (name, id) in ids { found[name] = byID[id].flatMap { file.leafIndex(named: $0) } }
    return found
  }
}
