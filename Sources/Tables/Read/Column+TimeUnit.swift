import Columnar

extension Column {
  /// Converts values of a data file to the table's column: other writers may store times in other units.
  ///
  /// - Parameter stored: The column's type in the file.
  /// - Throws: If a time is finer than the table's unit, or out of its range.
  mutating func takeUnit(of field: Field, stored: ColumnType, path: String) throws {
    type = field.type
    guard case .timestamp(let from, _) = stored, case .timestamp(let to, _) = field.type,
      from != to, case .integers(var values) = storage
    else { return }
    func refused(_ what: String) -> PassError {
      PassError(
        .input, "column '\(field.name)' has \(what)", place: path,
        remedy: "compact the table with the program that wrote the file")
    }
    for row in values.indices where !isNull(row) {
      if from.perSecond > to.perSecond {
        let (quotient, remainder) = values[row].quotientAndRemainder(
          dividingBy: from.perSecond / to.perSecond)
        if remainder != 0 { throw refused("times that are finer than the table's") }
        values[row] = quotient
      } else {
        let (product, overflow) = values[row].multipliedReportingOverflow(
          by: to.perSecond / from.perSecond)
        if overflow { throw refused("times beyond those of the table") }
        values[row] = product
      }
    }
    storage = .integers(values)
  }
}
