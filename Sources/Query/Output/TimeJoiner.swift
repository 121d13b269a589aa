import Columnar
import Parquet

/// Joins two columns of binary rows into one column of a Parquet file: INT96 times, which rows keep as
/// microseconds and remaining nanoseconds.
struct TimeJoiner {
  /// The fields of the rows, and of the file.
  let rowFields: [Field]
  let fields: [Field]
  /// Fields of the file that are stored as INT96.
  let int96Names: Set<String>
  /// Row fields that are joined with the next one, and the form in which they are stored.
  private let joined: [(index: Int, form: Int96Form)]

  /// - Parameter forms: How INT96 times are stored, by column; else as nanoseconds.
  /// - Throws: `QueryError.output` if two fields have one name.
  init(_ columns: [QueryColumn], forms: [String: Int96Form]) throws {
    let rowFields = BinaryRows.fields(columns)
    self.rowFields = rowFields
    joined = rowFields.indices.filter {
      $0 + 1 < rowFields.count
        && Int96Remainder.time(of: rowFields[$0 + 1].name) == rowFields[$0].name
    }.map { ($0, forms[rowFields[$0].name] ?? .nanoseconds) }
    var fields = rowFields
    var int96Names: Set<String> = []
    for (index, form) in joined.reversed() {
      fields[index].type = fields[index].type.stored(as: form)
      if form == .int96 { int96Names.insert(fields[index].name) }
      fields.remove(at: index + 1)
    }
    self.fields = fields
    self.int96Names = int96Names
    var names: Set<String> = []
    for field in fields where !names.insert(field.name).inserted {
      throw QueryError(
        .output, "column '\(field.name)' would be twice in the Parquet file",
        remedy: "name it once; the nanoseconds of a time go with it")
    }
  }

  /// Converts the columns of the rows to those of the file.
  ///
  /// - Parameter firstRow: Number of the first row in the answer, from 1.
  /// - Throws: `QueryError.output` if a time does not fit into its form.
  func join(_ columns: inout [Column], firstRow: Int) throws {
    for (index, form) in joined.reversed() {
      if let row = columns[index].join(columns[index + 1], form) {
        var value = ""
        if case .integers(let values) = columns[index].storage { value = String(values[row]) }
        throw QueryError(
          .output, "an INT96 time of \(value) microseconds since 1970 that Parquet cannot hold",
          at: "column '\(rowFields[index].name)', row \(firstRow + row)",
          remedy:
            "write text, which has all times: -o x.csv, or leave the column out with --columns"
        )
      }
      columns.remove(at: index + 1)
    }
  }
}

extension ColumnType {
  /// The Parquet type of INT96 times that are stored in a form.
  fileprivate func stored(as form: Int96Form) -> ColumnType {
    guard case .timestamp(_, let isUTC) = self else { return self }
    return switch form {
    case .nanoseconds: .timestamp(.nanoseconds, isUTC: isUTC)
    case .microseconds: .timestamp(.microseconds, isUTC: isUTC)
    case .int96: .binary(fixed: 12)
    }
  }
}

extension Column {
  /// Joins microseconds and remaining nanoseconds into times of a form.
  ///
  /// - Returns: Index of the first row whose time does not fit; the column is then unchanged.
  fileprivate mutating func join(_ remainders: Column, _ form: Int96Form) -> Int? {
    guard case .integers(let times) = storage, case .integers(let rest) = remainders.storage
    else { return nil }
    let joinedType = type.stored(as: form)
    switch form {
    case .microseconds:
      if let row = rest.firstIndex(where: { $0 != 0 }) { return row }
    case .nanoseconds:
      var values = times
      for row in times.indices {
        guard let time = Int64(exactly: Int128(times[row]) * 1_000 + Int128(rest[row])) else {
          return row
        }
        values[row] = time
      }
      storage = .integers(values)
    case .int96:
      var values = ByteColumn()
      for row in times.indices {
        if isNull(row) {
          values.appendEmpty()
        } else if !Int96.append(microseconds: times[row], remainder: rest[row], to: &values) {
          return row
        }
      }
      storage = .bytes(values)
    }
    type = joinedType
    return nil
  }
}
