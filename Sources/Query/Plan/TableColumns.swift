import Columnar
import Parquet

/// Determines the meaning of a table's columns from names, types and properties.
enum TableColumns {
  /// What the table says about itself; nil if it says nothing.
  struct Hints {
    /// The index column.
    var index: String?
    /// The record kind.
    var kind: String?
    /// Columns of INT96 times.
    var int96: [String] = []
    /// The types of nested columns.
    var nested: [String: NestedType] = [:]
  }

  /// Time columns that order a table which does not name its index; the best first.
  private static let indexNames = ["ts_recv", "ts_event", "timestamp", "ts", "time", "datetime"]
  private static let symbolNames = ["symbol", "raw_symbol", "ticker"]
  /// Columns that are printed only on request.
  private static let bookkeepingNames: Set<String> = [
    "requested_symbol", "source_ordinal", "extra",
  ]

  /// Makes the columns of `table`: joins time pairs, and chooses index, symbol and default columns.
  ///
  /// - Parameters:
  ///   - fields: The columns in the table's order; nested ones are `json`.
  ///   - partitions: Names of partition columns.
  static func fill(
    _ table: inout QueryTable, fields: [Field], partitions: [String], hints: Hints
  ) {
    let byName = Dictionary(fields.map { ($0.name, $0) }) { first, _ in first }
    let int96 = Set(hints.int96)
    let isBars = ["ohlcv-", "bars-"].contains { hints.kind?.hasPrefix($0) ?? false }
    var plusNames: Set<String> = []
    table.columns = fields.map { field in
      let isPartition = partitions.contains(field.name)
      var column = QueryColumn(
        name: field.name, type: field.type,
        origin: isPartition ? .partition(field.name) : .file(field.name))
      if case .timestamp(let unit, _) = field.type {
        let plus = field.name + "_plus_ns"
        if unit == .microseconds, let beside = byName[plus], case .integer = beside.type {
          column.plusName = plus
          plusNames.insert(plus)
        } else if unit == .microseconds, int96.contains(field.name) {
          column.plusName = Int96Remainder.column(of: field.name)
        }
        column.digits = digits(unit, isPair: column.isPair, isBars: isBars)
      }
      column.nested = hints.nested[field.name].map { NestedReading(type: $0) }
      // Stored as a signed long with the same bits (order ids of market-by-order feeds).
      column.isUnsigned = hints.kind == "mbo" && field.name == "order_id" && field.type == .long
      return column
    }
    table.indexColumn = index(table.columns, hints)
    for name in symbolNames where table.symbolColumn == nil {
      table.symbolColumn = table.columns.firstIndex {
        $0.name.lowercased() == name && $0.isText
      }
    }
    if hints.kind != nil, let sequence = table.column(named: "sequence") {
      table.tieColumns = [sequence]
    }
    table.defaultColumns = defaults(table, plusNames, isLake: hints.kind != nil)
  }

  private static func digits(_ unit: TimeUnit, isPair: Bool, isBars: Bool) -> TimeDigits {
    if isPair { return .nanoseconds }
    // Nearly all bars start on whole seconds.
    return isBars ? .seconds : TimeDigits(unit)
  }

  private static func index(_ columns: [QueryColumn], _ hints: Hints) -> Int? {
    if let name = hints.index, let index = columns.firstIndex(where: { $0.name == name }) {
      return index
    }
    for name in indexNames {
      if let index = columns.firstIndex(where: { $0.name.lowercased() == name && $0.isTime }) {
        return index
      }
    }
    let times = columns.indices.filter { columns[$0].isTime }
    return times.count == 1 ? times[0] : nil
  }

  /// For a lake's table: time and symbol, then the others, without bookkeeping; for any other table all columns
  /// in stored order.
  private static func defaults(
    _ table: QueryTable, _ plusNames: Set<String>, isLake: Bool
  ) -> [Int] {
    let shown = table.columns.indices.filter { !plusNames.contains(table.columns[$0].name) }
    if !isLake { return shown }
    var first: [Int] = []
    if let index = table.indexColumn { first.append(index) }
    if let symbol = table.symbolColumn { first.append(symbol) }
    return first
      + shown.filter { index in
        let column = table.columns[index]
        if case .partition = column.origin { return false }
        return !first.contains(index) && !bookkeepingNames.contains(column.name)
      }
  }
}

extension TimeDigits {
  /// As many digits as the unit has.
  init(_ unit: TimeUnit) {
    switch unit {
    case .milliseconds: self = .milliseconds
    case .microseconds: self = .microseconds
    case .nanoseconds: self = .nanoseconds
    }
  }
}

extension QueryColumn {
  /// Whether it holds instants or local times.
  var isTime: Bool {
    if case .timestamp = type { return true }
    return false
  }
}
