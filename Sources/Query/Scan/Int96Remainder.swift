import Columnar

/// The nanoseconds that the microseconds of a time leave, as a column of their own.
///
/// INT96 times have nanoseconds and reach further than 64 bits of them: a query takes them for a pair of
/// microseconds and what is left, as lakes keep times.
enum Int96Remainder {
  /// No name that anybody gives to a column.
  private static let suffix = "\u{0}nanoseconds"

  /// The name of the remainder's column.
  static func column(of time: String) -> String { time + suffix }

  /// The time that a remainder belongs to; nil for any other column.
  static func time(of column: String) -> String? {
    column.hasSuffix(suffix) ? String(column.dropLast(suffix.count)) : nil
  }
}

extension Column {
  /// Turns times into the nanoseconds that whole microseconds leave.
  mutating func keepRemainders() {
    guard case .timestamp(let unit, _) = type, case .integers(var values) = storage else { return }
    storage = .integers([])
    for index in values.indices {
      let rest = unit == .nanoseconds ? values[index] % 1_000 : 0
      values[index] = rest < 0 ? rest + 1_000 : rest
    }
    storage = .integers(values)
    type = .short
  }
}
