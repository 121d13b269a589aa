import Bytes
import DeltaLog
import Parquet

/// What is known of a data file's rows without opening it.
package struct FileBounds: Sendable {
  /// nil if unknown.
  package var symbols: ClosedRange<String>?
  /// Whether the upper bound was truncated: then symbols may begin with it and continue.
  package var isHighPrefix = false
  /// Index timestamps in µs; nil if unknown.
  package var times: ClosedRange<Int64>?

  /// What the log says. A string bound that a writer cut short makes the range open at its upper end.
  package init(_ file: AddFile, indexColumn: String) {
    guard let statistics = file.statistics else { return }
    let symbol = statistics.bounds(of: "symbol", type: .string)
    if case .string(let low)? = symbol.minimum, case .string(let high)? = symbol.maximum,
      low <= high
    {
      symbols = low...high
      isHighPrefix = symbol.maximumIsPrefix
    }
    let index = statistics.bounds(of: indexColumn, type: .timestamp)
    if case .integer(let low)? = index.minimum, case .integer(let high)? = index.maximum,
      low <= high
    {
      times = low...high
    }
  }

  /// Symbols are compared by their bytes, as the bounds are.
  package func mayHold(symbolsIn range: ClosedRange<String>) -> Bool {
    guard let symbols else { return true }
    let (low, high) = (range.lowerBound.utf8, symbols.upperBound.utf8)
    if range.upperBound.utf8.lexicographicallyPrecedes(symbols.lowerBound.utf8) { return false }
    return !high.lexicographicallyPrecedes(low) || isHighPrefix && low.starts(with: high)
  }

  /// What is known of a file that this run wrote itself: all bounds are exact.
  package init(_ staged: StagedSegment) {
    if let column = staged.file.columns.first(where: { $0.field == "symbol" }),
      let bounds = column.bounds, case .bytes(let low) = bounds.min,
      case .bytes(let high) = bounds.max, bounds.isMaxExact
    {
      let (low, high) = (
        String(decoding: low, as: UTF8.self), String(decoding: high, as: UTF8.self)
      )
      if low <= high { symbols = low...high }
    }
    if let range = staged.timeRange {
      times = Self.microseconds(range)
    }
  }

  /// Bounds from a Parquet footer or page index.
  ///
  /// - Parameter index: Of the index column, in µs.
  package init(symbol: ColumnStatistics?, index: ColumnStatistics?) {
    if case .bytes(let low)? = symbol?.minimum, case .bytes(let high)? = symbol?.maximum {
      let (low, high) = (
        String(decoding: low, as: UTF8.self), String(decoding: high, as: UTF8.self)
      )
      if low <= high { symbols = low...high }
      isHighPrefix = !(symbol?.isMaximumExact ?? false)
    }
    if case .integer(let low)? = index?.minimum, case .integer(let high)? = index?.maximum,
      low <= high
    {
      times = low...high
    }
  }

  /// Whether rows of a symbol may have index timestamps (ns) within a range.
  ///
  /// - Parameters:
  ///   - symbol: nil for any symbol.
  ///   - slack: Microseconds by which `times` may be wrong.
  package func mayHold(symbol: String?, times range: ClosedRange<Int64>, slack: Int64 = 0) -> Bool {
    if let symbol, !mayHold(symbolsIn: symbol...symbol) { return false }
    guard let times else { return true }
    let micros = Self.microseconds(range)
    return times.lowerBound.adding(clamped: -slack) <= micros.upperBound
      && micros.lowerBound <= times.upperBound.adding(clamped: slack)
  }

  /// Whether all rows lie in a range of µs, as far as the bounds tell; other writers may truncate bounds to
  /// milliseconds.
  package func isWithin(_ span: Range<Int64>) -> Bool {
    guard let times else { return true }
    return times.lowerBound >= span.lowerBound.adding(clamped: -1000)
      && times.upperBound < span.upperBound.adding(clamped: 1000)
  }

  /// The whole microseconds that contain the times of a range in ns.
  package static func microseconds(_ range: ClosedRange<Int64>) -> ClosedRange<Int64> {
    microsecond(range.lowerBound)...microsecond(range.upperBound)
  }

  /// Floor division, so that an instant before 1970 lies in its own microsecond.
  package static func microsecond(_ nanoseconds: Int64) -> Int64 {
    nanoseconds >= 0 ? nanoseconds / 1000 : (nanoseconds + 1) / 1000 - 1
  }
}
