import Catalog
import Columnar
import Market
import Tables

extension RowPlan {
  /// The plan for rows of `layout` into tables of `schema`.
  ///
  /// - Parameters:
  ///   - zone: Zone of the table's dates.
  ///   - filled: Names of the columns that the source has; nil: all that the layout has.
  /// - Throws: `PassError` when the rows lack the symbol or the index timestamp.
  init(
    schema: TableSchema, layout: RowLayout, zone: TimeZoneRules, filled: Set<String>? = nil
  ) throws {
    func field(_ column: SchemaColumn) -> RowField? {
      column.source.flatMap { layout.field(named: $0) } ?? layout.field(named: column.name)
    }
    guard let symbol = schema.column(named: "symbol").flatMap(field), symbol.form == .text,
      let indexColumn = schema.column(named: schema.indexColumn), let index = field(indexColumn)
    else {
      throw PassError(
        .input,
        "the input has no column for 'symbol' or '\(schema.indexColumn)' of '\(schema.kind)'"
      )
    }
    var columns: [PhysicalColumn] = []
    for column in schema.columns {
      let source = field(column)
      if source == nil, column.name == ExtraTime.column, let time = ExtraTime.field(layout, schema)
      {
        columns.append(PhysicalColumn(field: column.field, extra: time))
        continue
      }
      var physical = PhysicalColumn(field: column.field, source: source)
      physical.isFilled = filled?.contains(column.name) ?? true
      columns.append(physical)
      if column.hasNanoseconds {
        var remainder = PhysicalColumn(
          field: Field(column.nanosecondsName, .short), source: source, isRemainder: true)
        remainder.isFilled = physical.isFilled
        columns.append(remainder)
      }
    }
    let others = schema.sortColumns.filter {
      $0 != "symbol" && $0 != schema.indexColumn && $0 != "source_ordinal"
    }
    let sequence = others.first.flatMap { schema.column(named: $0) }.flatMap(field)
    let sequenceForms: [RowFieldForm] = [.uint16, .uint32, .uint64, .int64]
    self.init(
      layout: layout,
      order: RowOrder(
        indexOffset: index.offset,
        sequence: sequence.flatMap { sequenceForms.contains($0.form) ? $0 : nil }),
      columns: columns, symbolOffset: symbol.offset,
      keyFields: schema.keyColumns.isEmpty
        ? nil : schema.keyColumns.compactMap { schema.column(named: $0).flatMap(field) },
      dates: PartitionDates(period: schema.period, zone: zone))
  }
}

extension RowPlan {
  /// The columns of a segment.
  var fileFields: [Field] { columns.map(\.field) + (dates.field.map { [$0] } ?? []) }

  /// Where the index timestamps are among `columns`.
  var indexColumn: Int? {
    columns.firstIndex { column in
      guard case .microseconds(let field) = column.origin else { return false }
      return field.offset == order.indexOffset
    }
  }
}
