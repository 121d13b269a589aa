import Columnar

/// Joins the columns of binary rows that are one column of a Parquet file: INT96 times, which rows keep as
/// microseconds and what those leave.
struct TimeJoiner {
  /// The fields of the rows, and of the file.
  let rowFields: [Field]
  let fields: [Field]
  /// Indices of row fields that are written as one with the next.
  private let joined: [Int]

  /// - Throws: `QueryError.output` where two fields have one name.
  init(_ columns: [QueryColumn]) throws {
    let rowFields = BinaryRows.fields(columns)
    self.rowFields = rowFields
    joined = rowFields.indices.filter {
      $0 + 1 < rowFields.count
        && Int96Remainder.time(of: rowFields[$0 + 1].name) == rowFields[$0].name
    }
    var fields = rowFields
    for index in joined.reversed() {
      if case .timestamp(_, let isUTC) = fields[index].type {
        fields[index] = Field(fields[index].name, .timestamp(.nanoseconds, isUTC: isUTC))
      }
      fields.remove(at: index + 1)
    }
    self.fields = fields
    var names: Set<String> = []
    for field in fields where !names.insert(field.name).inserted {
      throw QueryError(
        .output, "column '\(field.name)' would be twice in the Parquet file",
        remedy: "name it once; the nanoseconds of a time go with it")
    }
  }

  /// Makes the columns of the rows those of the file.
  ///
  /// - Throws: `QueryError.output` where nanoseconds do not reach a time.
  func join(_ columns: inout [Column]) throws {
    for index in joined.reversed() {
      try columns[index].join(columns[index + 1])
      columns.remove(at: index + 1)
    }
  }
}

extension Column {
  /// Makes times of microseconds and what those leave one time of nanoseconds.
  ///
  /// - Throws: `QueryError.output` where nanoseconds do not reach.
  fileprivate mutating func join(_ remainders: Column) throws {
    guard case .integers(var values) = storage, case .integers(let rest) = remainders.storage,
      case .timestamp(_, let isUTC) = type
    else { return }
    storage = .integers([])
    for row in values.indices {
      let (whole, overflow) = values[row].multipliedReportingOverflow(by: 1_000)
      let (sum, carry) = whole.addingReportingOverflow(rest[row])
      if overflow || carry {
        throw QueryError(
          .output, "an INT96 time outside 1677 to 2262, which Parquet's nanoseconds reach",
          remedy: "write CSV or JSON lines, or leave the column out with --columns")
      }
      values[row] = sum
    }
    storage = .integers(values)
    type = .timestamp(.nanoseconds, isUTC: isUTC)
  }
}
