import Columnar

/// The period of one table partition: a date, month or year of the table's calendar.
///
/// The partition column is named after the period, and its value is the ISO date of the period's first day:
/// `date=2024-03-08`, `month=2024-03-01`, `year=2024-01-01`.
public enum PartitionPeriod: String, Sendable, CaseIterable, Hashable {
  case date
  case month
  case year

  /// Name of the partition column.
  public var column: String { rawValue }

  /// First day of the period that contains a day; both in days since 1970.
  public func start(ofDay day: Int) -> Int {
    if self == .date { return day }
    let (year, month, dayOfMonth) = CivilDate(daysSinceEpoch: day).components
    let monthStart = day - (dayOfMonth - 1)
    guard self == .year, month > 1 else { return monthStart }
    if let first = CivilDate(year: year, month: 1, day: 1) { return first.daysSinceEpoch }
    // A year outside of four digits.
    return start(ofDay: monthStart - 1)
  }

  /// The days of the period that contains a day, in days since 1970.
  public func days(around day: Int) -> Range<Int> {
    let first = start(ofDay: day)
    switch self {
    case .date: return first..<first + 1
    // No month has more than 31 days and no year more than 366, so that day lies in the next period.
    case .month: return first..<start(ofDay: first + 31)
    case .year: return first..<start(ofDay: first + 366)
    }
  }
}
