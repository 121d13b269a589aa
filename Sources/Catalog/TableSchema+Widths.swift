import Columnar
import DeltaLog

extension TableSchema {
  /// The type of a column that is as wide as decimals get.
  public static let wideType = ColumnType.decimal(precision: 38, scale: 18)

  /// Whether a table may have a column wider than its kind says: prices and quantities.
  private func isWidenable(_ column: SchemaColumn) -> Bool {
    if case .decimal(let precision, _) = column.type { return precision < 38 }
    return column.type == .long && column.unit == "quantity"
  }

  /// The columns that may be wider.
  public var widenableColumns: Set<String> {
    Set(columns.filter { isWidenable($0) }.map(\.name))
  }

  /// The schema of a table whose columns of these names hold `decimal(38,18)`.
  public func widened(_ names: Set<String>) -> TableSchema {
    if names.isEmpty { return self }
    var schema = self
    for index in columns.indices where names.contains(columns[index].name) {
      if isWidenable(columns[index]) { schema.columns[index].type = Self.wideType }
    }
    return schema
  }

  /// The names of its columns that are as wide as decimals get.
  public var wideColumnNames: Set<String> {
    Set(columns.filter { $0.type == Self.wideType }.map(\.name))
  }

  /// The names of the columns that a table has wider than its kind says.
  public func wideColumns(of snapshot: Snapshot) -> Set<String> {
    let names = widenableColumns
    return Set(
      snapshot.schema.fields.filter {
        names.contains($0.name) && $0.type.columnType == Self.wideType
      }.map(\.name))
  }
}
