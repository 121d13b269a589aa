import Parquet
import Tables

/// Writes finished bars as the segment of one partition, row group by row group.
final class BarSink {
  private let encoder: BarEncoder
  private let makeWriter: () throws -> SegmentWriter
  private var writer: SegmentWriter?
  /// What was written, complete but perhaps not durable yet.
  private(set) var segment: StagedSegment?
  private(set) var totals = BarTotals()
  /// Why there is no segment. Bars are still made then, for others that are made of them.
  private(set) var failure: (any Error)?

  /// - Parameter makeWriter: Called when the first row group is full, or the partition ends with rows.
  init(encoder: BarEncoder, makeWriter: @escaping () throws -> SegmentWriter) {
    self.encoder = encoder
    self.makeWriter = makeWriter
  }

  /// Writes the first `count` rows.
  func write(_ rows: BarColumns, count: Int, _ names: SymbolNames) {
    totals.add(rows, 0..<count)
    attempt {
      let target = try writer ?? makeWriter()
      writer = target
      try target.append(try encoder.encode(rows, count: count, names))
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
