import Columnar

extension Column {
  /// Whole numbers as decimals that 64 bits do not hold.
  ///
  /// - Parameter factor: Units of the new type in one of the old.
  func widened(by factor: Int128, to type: ColumnType) -> Column {
    guard case .integers(let values) = storage else { return self }
    return Column(
      type: type, storage: .wide(values.map { Int128($0) * factor }), validity: validity)
  }
}
