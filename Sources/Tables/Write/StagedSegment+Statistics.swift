import Catalog
import Columnar
import DeltaLog
import Parquet

extension StagedSegment {
  /// Statistics of the symbol, index and key columns for the log.
  package func logStatistics(_ schema: TableSchema) -> FileStatistics {
    logStatistics(of: schema.statisticsColumns, fields: schema.tableFields)
  }

  /// Statistics of some columns for the log.
  package func logStatistics(of names: [String], fields: [Field]) -> FileStatistics {
    var statistics = FileStatistics(rowCount: Int64(rowCount))
    for name in names {
      guard let field = fields.first(where: { $0.name == name }),
        let column = file.columns.first(where: { $0.field == name })
      else { continue }
      statistics.set(
        name, type: field.type,
        ColumnBounds(
          minimum: column.bounds.flatMap { StatValue($0.min, field.type) },
          maximum: column.bounds.flatMap { StatValue($0.max, field.type) },
          nullCount: Int64(column.nullCount)))
    }
    return statistics
  }
}

extension StatValue {
  /// nil if the log has no use for the bound.
  init?(_ value: StatisticsValue, _ type: ColumnType) {
    switch (value, type) {
    case (.integer(let value), .decimal): self = .decimal(Int128(value))
    case (.integer(let value), _): self = .integer(value)
    case (.wide(let value), _): self = .decimal(value)
    case (.double(let value), _): self = .double(value)
    case (.bytes(let bytes), .string):
      guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
      self = .string(text)
    case (.bytes, _): return nil
    }
  }
}
