import Columnar
import Parquet
import Tables

/// Writes finished bars as the segment of one partition, row group by row group.
final class BarSink {
  private let encoder: BarEncoder
  private let dates: DateColumn?
  private let makeWriter: () throws -> SegmentWriter
  private var writer: SegmentWriter?
  /// The segment, complete but maybe not durable yet.
  private(set) var segment: StagedSegment?
  private(set) var totals = BarTotals()
  /// Why there is no segment. Bars are still made, since other intervals may be made from them.
  private(set) var failure: (any Error)?

  /// - Parameters:
  ///   - dates: The column of dates, in a table by month or year.
  ///   - makeWriter: Called when the first row group is full, or the partition ends and has rows.
  init(
    encoder: BarEncoder, dates: DateColumn? = nil,
    makeWriter: @escaping () throws -> SegmentWriter
  ) {
    self.encoder = encoder
    self.dates = dates
    self.makeWriter = makeWriter
  }

  /// Writes the first `count` rows.
  func write(_ rows: BarColumns, count: Int, _ names: SymbolNames) {
    totals.add(rows, 0..<count)
    attempt {
      let target = try writer ?? makeWriter()
      writer = target
      var group = try encoder.encode(rows, count: count, names)
      if let dates { group.chunks.append(try dates.encode(count: count)) }
      try target.append(group)
    }
  }

  func finish() {
    attempt { segment = try writer?.finish(isDurable: false) }
    writer = nil
  }

  private func attempt(_ body: () throws -> Void) {
    if failure != nil { return }
    do { try body() } catch { failure = error }
  }
}

/// A unit's date as a column of its rows.
struct DateColumn {
  private let encoder: ColumnChunkEncoder
  private let value: Int64

  /// - Parameter value: Days since 1970.
  init(_ field: Field, value: Int64, options: WriterOptions) {
    encoder = ColumnChunkEncoder(column: WriterColumn(field), options: options)
    self.value = value
  }

  func encode(count: Int) throws -> EncodedColumnChunk {
    try [Int64](repeating: value, count: count).withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else {
        return try encoder.encode(ColumnSource(.allNull), rowCount: count)
      }
      return try encoder.encode(ColumnSource(.integers(base)), rowCount: count)
    }
  }
}
