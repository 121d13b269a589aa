import Columnar

/// Some rows of a data file by column, read value by value: slow, for small tables like the lake's own.
package struct RowColumns {
  /// Rows of the span that was read.
  package let rowCount: Int
  private var columns: [String: Column] = [:]

  /// - Parameter names: The columns to read, if the file has them; nil for all.
  package init(_ reader: SegmentReader, _ rows: StoredSpan, columns names: Set<String>? = nil)
    throws
  {
    rowCount = rows.count
    for field in reader.fields where reader.has(field.name) && names?.contains(field.name) ?? true {
      columns[field.name] = try reader.column(field, rows)
    }
  }

  /// nil where the file lacks the column, or it was not asked for.
  package subscript(name: String) -> Column? { columns[name] }

  /// Null, or a column that the file lacks. `row` is an index from 0 within the span.
  package func isNull(_ name: String, _ row: Int) -> Bool { columns[name]?.isNull(row) ?? true }

  /// A text; nil where it is null, absent, or the column is of another type.
  package func text(_ name: String, _ row: Int) -> String? {
    guard let column = columns[name], !column.isNull(row) else { return nil }
    switch column.storage {
    case .bytes(let values): return values[row]
    case .codes(let codes, let dictionary): return dictionary[Int(codes[row])]
    default: return nil
    }
  }

  /// A whole number in the column's unit (a timestamp in µs, a decimal unscaled); nil as for `text`.
  package func integer(_ name: String, _ row: Int) -> Int64? {
    guard let column = columns[name], !column.isNull(row) else { return nil }
    if case .integers(let values) = column.storage { return values[row] }
    return nil
  }

  /// A timestamp in ns, with its remainder if the table keeps one.
  package func time(_ name: String, _ row: Int) -> Int64? {
    guard let value = integer(name, row), case .timestamp(let unit, _)? = columns[name]?.type
    else { return nil }
    let remainder = integer(name + RemainderColumns.suffix, row) ?? 0
    // Other writers may store times that do not fit into 64 bits of nanoseconds.
    return Int64(
      clamping: Int128(value) * Int128(1_000_000_000 / unit.perSecond) + Int128(remainder))
  }

  /// Returns a test of a row's text, evaluated once per text if the column has a dictionary; false for null.
  package func test(_ name: String, _ passes: @escaping (String) -> Bool) -> (Int) -> Bool {
    guard let column = columns[name] else { return { _ in false } }
    switch column.storage {
    case .codes(let codes, let dictionary):
      let passing = (0..<dictionary.count).map { passes(dictionary[$0]) }
      return { !column.isNull($0) && passing[Int(codes[$0])] }
    case .bytes(let values): return { !column.isNull($0) && passes(values[$0]) }
    default: return { _ in false }
    }
  }
}
