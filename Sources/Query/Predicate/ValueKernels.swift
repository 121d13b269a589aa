import Columnar

/// Tests whether numbers are in a set of intervals.
enum ValueKernels {
  static func evaluate(
    _ set: IntervalSet, _ reading: ColumnReading, _ column: QueryColumn, _ rowCount: Int,
    _ mask: UnsafeMutablePointer<UInt8>
  ) {
    let vector = reading.main
    let count = vector.isConstant ? Swift.min(rowCount, 1) : rowCount
    mask.update(repeating: 0, count: rowCount)
    guard let values = vector.values else { return }
    switch vector.form {
    case .integers:
      let integers = values.assumingMemoryBound(to: Int64.self)
      if column.isPair {
        for interval in set.intervals {
          markPairs(integers, reading.plus, interval, count, mask)
        }
      } else {
        for range in narrow(set, isUnsigned: column.isUnsigned64) {
          mark(integers, range.low, range.high, count, mask)
        }
      }
    case .doubles:
      let doubles = values.assumingMemoryBound(to: Double.self)
      for range in narrow(set, isUnsigned: false) {
        for row in 0..<count {
          let key = ValueDomain.narrowKey(doubles[row])
          mask[row] |= key >= range.low && key <= range.high ? 1 : 0
        }
      }
    case .wide:
      let wide = values.assumingMemoryBound(to: Int128.self)
      for interval in set.intervals {
        for row in 0..<count {
          mask[row] |= wide[row] >= interval.low && wide[row] <= interval.high ? 1 : 0
        }
      }
    case .null, .codes, .bytes: return
    }
    if vector.isConstant, rowCount > 0 { mask.update(repeating: mask[0], count: rowCount) }
  }

  /// The part of the set that fits into 64 bits, as stored bits.
  static func narrow(
    _ set: IntervalSet, isUnsigned: Bool
  ) -> [(low: Int64, high: Int64)] {
    var ranges: [(low: Int64, high: Int64)] = []
    let half = Int128(Int64.max)
    for interval in set.intervals {
      let floor = isUnsigned ? 0 : Int128(Int64.min)
      let low = Swift.max(interval.low, floor)
      let high = Swift.min(interval.high, half)
      if low <= high { ranges.append((Int64(low), Int64(high))) }
      if isUnsigned {
        // 2^63 … 2^64 − 1 are stored as negative numbers.
        let low = Swift.max(interval.low, half + 1)
        let high = Swift.min(interval.high, Int128(UInt64.max))
        if low <= high {
          ranges.append((Int64(low - 2 * (half + 1)), Int64(high - 2 * (half + 1))))
        }
      }
    }
    return ranges
  }

  private static func mark(
    _ values: UnsafePointer<Int64>, _ low: Int64, _ high: Int64, _ count: Int,
    _ mask: UnsafeMutablePointer<UInt8>
  ) {
    let width = UInt64(bitPattern: high &- low)
    for row in 0..<count {
      mask[row] |= UInt64(bitPattern: values[row] &- low) <= width ? 1 : 0
    }
  }

  /// Compares microseconds and nanoseconds as one number without multiplying, so that no time overflows.
  private static func markPairs(
    _ values: UnsafePointer<Int64>, _ plus: ColumnVector?, _ interval: IntervalSet.Interval,
    _ count: Int, _ mask: UnsafeMutablePointer<UInt8>
  ) {
    let (low, lowPlus) = split(interval.low)
    let (high, highPlus) = split(interval.high)
    let extra = plus.flatMap { $0.isConstant ? nil : $0.values }?
      .assumingMemoryBound(to: Int64.self)
    let validity = plus?.validity
    for row in 0..<count {
      let value = values[row]
      if value < low || value > high { continue }
      if value > low, value < high {
        mask[row] = 1
        continue
      }
      var nanoseconds: Int64 = 0
      if let extra, validity.map({ $0[row] != 0 }) ?? true { nanoseconds = extra[row] }
      let isAfter = value > low || nanoseconds >= lowPlus
      let isBefore = value < high || nanoseconds <= highPlus
      if isAfter, isBefore { mask[row] = 1 }
    }
  }

  /// Whole microseconds and remaining nanoseconds, saturating at 64 bits.
  static func split(_ nanoseconds: Int128) -> (Int64, Int64) {
    var (quotient, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000)
    if rest < 0 {
      quotient -= 1
      rest += 1_000
    }
    if quotient < Int128(Int64.min) { return (.min, 0) }
    if quotient > Int128(Int64.max) { return (.max, 999) }
    return (Int64(quotient), Int64(rest))
  }
}
