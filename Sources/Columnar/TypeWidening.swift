extension ColumnType {
  /// The number by which whole numbers of this type are multiplied to be those of a wider type: integers and
  /// decimals become unscaled decimals, dates the units of a time without a zone.
  ///
  /// - Returns: nil if not every value of this type is one of the other.
  /// - Spec: Delta PROTOCOL.md, "Type Widening".
  public func wideningFactor(to wider: ColumnType) -> Int128? {
    switch (self, wider) {
    case (.integer(let width, isSigned: true), .decimal(let precision, let scale)):
      let digitCount = width <= 8 ? 3 : width <= 16 ? 5 : width <= 32 ? 10 : 19
      return precision - scale >= digitCount ? Self.power(scale) : nil
    case (.decimal(let precision, let scale), .decimal(let wide, let wideScale)):
      return wideScale >= scale && wide - wideScale >= precision - scale
        ? Self.power(wideScale - scale) : nil
    case (.date, .timestamp(let unit, isUTC: false)): return 86_400 * Int128(unit.perSecond)
    default: return nil
    }
  }

  /// Whether every value of this type is one of a wider type with another form in memory or another scale.
  public func isWidened(as wider: ColumnType) -> Bool {
    if case .integer(let width, isSigned: true) = self, wider == .double { return width <= 32 }
    return wideningFactor(to: wider) != nil
  }

  private static func power(_ exponent: Int) -> Int128? {
    guard (0...38).contains(exponent) else { return nil }
    var power: Int128 = 1
    // 10³⁸ is the greatest that 128 bits hold.
    for _ in 0..<exponent { power *= 10 }
    return power
  }
}

extension Column {
  /// Converts the values to those of a wider type, if it is one: see `isWidened`.
  ///
  /// - Returns: False if a value is beyond those of the new type; the column is then unchanged.
  public mutating func widen(to wider: ColumnType) -> Bool {
    guard type != wider, type.isWidened(as: wider) else { return true }
    guard let factor = type.wideningFactor(to: wider) else {
      if case .integers(let values) = storage { storage = .doubles(values.map { Double($0) }) }
      type = wider
      return true
    }
    switch storage {
    case .integers(let values) where wider.storage == .integers:
      if factor != 1 {
        guard let narrow = Int64(exactly: factor), let scaled = multiplied(values, narrow) else {
          return false
        }
        storage = .integers(scaled)
      }
    case .integers(let values):
      guard let scaled = multiplied(values.map { Int128($0) }, factor) else { return false }
      storage = .wide(scaled)
    case .wide(let values):
      guard let scaled = multiplied(values, factor) else { return false }
      storage = .wide(scaled)
    case .doubles, .codes, .bytes: break
    }
    type = wider
    return true
  }

  /// nil if a product overflows; what stands for a null does not matter.
  private func multiplied<Number: FixedWidthInteger>(
    _ values: [Number], _ factor: Number
  ) -> [Number]? {
    var products = values
    for row in products.indices {
      let (product, overflow) = products[row].multipliedReportingOverflow(by: factor)
      if overflow, !isNull(row) { return nil }
      products[row] = product
    }
    return products
  }
}
