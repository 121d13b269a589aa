import Columnar

/// The nanoseconds beyond a time's whole microseconds, as a column of its own.
///
/// INT96 times have nanoseconds and a range that 64 bits of nanoseconds don't cover: a query reads them as
/// microseconds and remaining nanoseconds, as lakes store times.
enum Int96Remainder {
  /// No real column has such a name.
  private static let suffix = "\u{0}nanoseconds"

  /// The name of the remainder's column.
  static func column(of time: String) -> String { time + suffix }

  /// The time column of a remainder column; nil for any other column.
  static func time(of column: String) -> String? {
    column.hasSuffix(suffix) ? String(column.dropLast(suffix.count)) : nil
  }
}

extension Column {
  /// Replaces times by the nanoseconds beyond whole microseconds.
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
