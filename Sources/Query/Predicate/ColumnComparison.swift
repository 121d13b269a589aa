import Columnar

/// How two columns are compared.
enum ColumnComparison {
  static func isPossible(_ left: QueryColumn, _ right: QueryColumn) -> Bool {
    if left.isText || right.isText { return left.isText && right.isText }
    guard left.hasNumericDomain, right.hasNumericDomain else { return false }
    return family(left.type) == family(right.type)
  }

  private enum Family { case number, boolean, date, time, instant, local }

  private static func family(_ type: ColumnType) -> Family {
    switch type {
    case .boolean: .boolean
    case .date: .date
    case .time: .time
    case .timestamp(_, let isUTC): isUTC ? .instant : .local
    default: .number
    }
  }
}

extension ColumnComparison {
  /// 1 for each row in which `left op right` is true.
  static func evaluate(
    _ left: ColumnReading, _ leftColumn: QueryColumn, _ comparison: Comparison,
    _ right: ColumnReading, _ rightColumn: QueryColumn, _ rowCount: Int,
    _ mask: UnsafeMutablePointer<UInt8>
  ) {
    let isText = leftColumn.isText
    let isDouble = left.main.form == .doubles || right.main.form == .doubles
    let scales = (ValueDomain.scale(of: leftColumn) ?? 0, ValueDomain.scale(of: rightColumn) ?? 0)
    for row in 0..<rowCount {
      guard isValid(left.main, row), isValid(right.main, row) else {
        mask[row] = 0
        continue
      }
      let order: Int
      if isText {
        order = compareText(left.main, right.main, row)
      } else if isDouble {
        let values = (
          double(left, leftColumn, scales.0, row), double(right, rightColumn, scales.1, row)
        )
        order = compare(values.0, values.1)
      } else {
        order = compareExact(
          integer(left, leftColumn, row), scales.0, integer(right, rightColumn, row), scales.1)
      }
      mask[row] = comparison.holds(order) ? 1 : 0
    }
  }

  /// NaN is equal to itself and greater than every number.
  private static func compare(_ one: Double, _ other: Double) -> Int {
    if one < other { return -1 }
    if one == other { return 0 }
    if one > other { return 1 }
    return one.isNaN == other.isNaN ? 0 : one.isNaN ? 1 : -1
  }

  private static func isValid(_ vector: ColumnVector, _ row: Int) -> Bool {
    if vector.form == .null { return false }
    guard let validity = vector.validity, !vector.isConstant else { return true }
    return validity[row] != 0
  }

  private static func index(_ vector: ColumnVector, _ row: Int) -> Int {
    vector.isConstant ? 0 : row
  }

  private static func integer(
    _ reading: ColumnReading, _ column: QueryColumn, _ row: Int
  ) -> Int128 {
    guard let values = reading.main.values else { return 0 }
    let at = index(reading.main, row)
    if reading.main.form == .wide { return values.assumingMemoryBound(to: Int128.self)[at] }
    let value = values.assumingMemoryBound(to: Int64.self)[at]
    if column.isUnsigned64 { return Int128(UInt64(bitPattern: value)) }
    guard column.isPair else { return Int128(value) }
    var extra: Int64 = 0
    if let plus = reading.plus, let beside = plus.values, isValid(plus, row) {
      extra = beside.assumingMemoryBound(to: Int64.self)[index(plus, row)]
    }
    return Int128(value) * 1_000 + Int128(extra)
  }

  private static func double(
    _ reading: ColumnReading, _ column: QueryColumn, _ scale: Int, _ row: Int
  ) -> Double {
    if reading.main.form == .doubles, let values = reading.main.values {
      return values.assumingMemoryBound(to: Double.self)[index(reading.main, row)]
    }
    var power = 1.0
    for _ in 0..<scale { power *= 10 }
    return Double(integer(reading, column, row)) / power
  }

  /// Compares left × 10^−leftScale with right × 10^−rightScale; a side that overflows 128 bits is greater than
  /// one that does not.
  private static func compareExact(
    _ left: Int128, _ leftScale: Int, _ right: Int128, _ rightScale: Int
  ) -> Int {
    var (left, right) = (left, right)
    for _ in 0..<Swift.max(0, rightScale - leftScale) {
      let (product, overflow) = left.multipliedReportingOverflow(by: 10)
      if overflow { return left < 0 ? -1 : 1 }
      left = product
    }
    for _ in 0..<Swift.max(0, leftScale - rightScale) {
      let (product, overflow) = right.multipliedReportingOverflow(by: 10)
      if overflow { return right < 0 ? 1 : -1 }
      right = product
    }
    return left < right ? -1 : left == right ? 0 : 1
  }

  private static func compareText(
    _ left: ColumnVector, _ right: ColumnVector, _ row: Int
  ) -> Int {
    let (left, right) = (text(left, row), text(right, row))
    let count = Swift.min(left.count, right.count)
    for index in 0..<count where left[index] != right[index] {
      return left[index] < right[index] ? -1 : 1
    }
    return left.count - right.count
  }

  private static func text(_ vector: ColumnVector, _ row: Int) -> UnsafeRawBufferPointer {
    let at = index(vector, row)
    guard vector.form == .codes, let codes = vector.values else { return vector.entry(at) }
    return vector.entry(Int(codes.assumingMemoryBound(to: Int32.self)[at]))
  }
}

extension Comparison {
  /// Whether the comparison is true for two values that compare as negative, 0 or positive.
  func holds(_ order: Int) -> Bool {
    switch self {
    case .equal: order == 0
    case .notEqual: order != 0
    case .less: order < 0
    case .lessOrEqual: order <= 0
    case .greater: order > 0
    case .greaterOrEqual: order >= 0
    }
  }
}
