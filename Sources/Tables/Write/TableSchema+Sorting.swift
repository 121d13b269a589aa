import Catalog
import Parquet

extension TableSchema {
  /// Order of the rows in a segment, for its footer: the first `count` of the sort columns.
  package func sortingColumns(_ count: Int) -> [SortingColumn] {
    let names = fileFields.map(\.name)
    var order: [SortingColumn] = []
    for name in sortColumns.prefix(count) where name != "source_ordinal" {
      for part in [name, name + RemainderColumns.suffix] {
        guard let index = names.firstIndex(of: part) else { continue }
        order.append(
          SortingColumn(columnIndex: Int32(index), isDescending: false, nullsFirst: true))
      }
    }
    return order
  }
}
