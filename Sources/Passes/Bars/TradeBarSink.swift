import Columnar
import Parquet
import Tables

/// Writes the bars of one unit as a segment, symbol by symbol.
final class TradeBarSink {
  private let schemaFields: [Field]
  private let encoder: GroupEncoder
  private let date: Int
  private let makeWriter: () throws -> SegmentWriter
  private var writer: SegmentWriter?
  let rows: TradeBarRows

  /// - Parameters:
  ///   - date: The unit's date, days since 1970.
  ///   - implied: Columns that follow from others.
  ///   - makeWriter: Called when the first row group is full, or the unit ends and has rows.
  init(
    fields: [Field], implied: Set<String>, options: WriterOptions, date: Int,
    makeWriter: @escaping () throws -> SegmentWriter
  ) {
    schemaFields = fields
    encoder = GroupEncoder(fields: fields, options: options, unhashed: implied)
    rows = TradeBarRows(fields: fields)
    self.date = date
    self.makeWriter = makeWriter
  }

  /// Appends the bars of one symbol that follow those of smaller ones, and cuts row groups as `RowGroupCuts` does.
  func append(_ bars: TradeBars, _ series: TradeSeries, hasSessions: Bool) throws {
    try append(bars, bars.order(series), series, hasSessions: hasSessions)
  }

  /// Appends some bars in this order.
  func append(
    _ bars: TradeBars, _ order: [Int], _ series: TradeSeries, hasSessions: Bool
  ) throws {
    let known = rows.count
    rows.append(bars.bars, order, series, hasSessions: hasSessions)
    let max = RowGroupCuts.groupRowMax
    if rows.count - known >= max {
      if known > 0 { try flush(known, series) }
      while rows.count >= max { try flush(max, series) }
    } else if rows.count > max {
      try flush(known, series)
    }
  }

  /// - Returns: The segment; nil where there are no bars.
  func finish(_ series: TradeSeries) throws -> StagedSegment? {
    if rows.count > 0 { try flush(rows.count, series) }
    return try writer?.finish(isDurable: false)
  }

  private func flush(_ count: Int, _ series: TradeSeries) throws {
    let target = try writer ?? makeWriter()
    writer = target
    let group = try encoder.encode(rowCount: count) { field in
      rows.column(field, rows: count, names: series.names, date: date)
    }
    try target.append(group)
    rows.removeFirst(count)
  }
}

extension TradeBars {
  /// The bars by symbol, start and publisher, as the rows of a table are.
  func order(_ series: TradeSeries) -> [Int] {
    let bars = bars
    let members = series.members
    return (0..<count).sorted { left, right in
      let (one, other) = (members[Int(bars[left].series)], members[Int(bars[right].series)])
      return (one.symbol, bars[left].start, one.publisher ?? .min)
        < (other.symbol, bars[right].start, other.publisher ?? .min)
    }
  }
}
