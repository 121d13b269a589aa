import Parquet

/// The columns of a file that are read: `--map 'legs=-'` leaves out all that is nested in `legs`, lists too, and
/// `--map 'legs.side=-'` one field of it.
struct ParquetLeaves {
  /// Places in the file.
  let indexes: [Int]
  let columns: [LeafColumn]
  /// The mappings that are about these.
  let columnMap: [ColumnMapping]

  init(_ leaves: [LeafColumn], _ columnMap: [ColumnMapping]) throws(SourceError) {
    var omitted: Set<Int> = []
    self.columnMap = columnMap.filter { mapping in
      // A flat column is looked for with all the others.
      if mapping.ours != "-" || leaves.contains(where: { $0.isFlat && $0.name == mapping.theirs }) {
        return true
      }
      let nested = leaves.indices.filter { leaves[$0].isPart(of: mapping.theirs) }
      omitted.formUnion(nested)
      return nested.isEmpty
    }
    indexes = leaves.indices.filter { !omitted.contains($0) }
    columns = indexes.map { leaves[$0] }
    guard let list = columns.first(where: { !$0.isFlat }) else { return }
    throw SourceError(
      .unsupported, "the column holds lists, and rows of a table are flat",
      place: .init(column: list.name), remedy: "leave it out: --map '\(list.path[0])=-'")
  }
}

extension LeafColumn {
  fileprivate var isFlat: Bool { maxRepetitionLevel == 0 }

  /// Whether a name is that of the column, or of a group above it.
  fileprivate func isPart(of name: String) -> Bool {
    path.indices.contains { path[...$0].joined(separator: ".") == name }
  }
}
