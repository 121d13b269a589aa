import Bytes
import Columnar
import Market

/// Routes packed rows of any source to the rows of their date and symbol.
///
/// A packed row is the source's, followed by the row's ordinal if the table keeps it.
final class RowRouter {
  let sink: RowSink
  private let sourceByteCount: Int
  private let hasOrdinal: Bool
  private let timeZone: TimeZoneRules
  private var ordinal: Int64
  /// Rows so far.
  private(set) var rowCount = 0
  private var partition: PartitionRows?
  private var dayStart: Int64 = 1
  private var dayEnd: Int64 = 0
  private var lastCode: UInt32?
  private var lastSlot = 0

  /// - Parameter ordinalBase: The high bits of the rows' ordinals; nil if the table keeps none.
  init(sink: RowSink, sourceByteCount: Int, ordinalBase: Int64?, timeZone: TimeZoneRules) {
    self.sink = sink
    self.sourceByteCount = sourceByteCount
    hasOrdinal = ordinalBase != nil
    ordinal = ordinalBase ?? 0
    self.timeZone = timeZone
  }

  /// The source's layout, with room for the ordinal.
  static func layout(_ source: RowLayout, hasOrdinal: Bool) -> RowLayout {
    guard hasOrdinal else { return source }
    return RowLayout(
      stride: source.stride + 8,
      fields: source.fields + [RowField("source_ordinal", .int64, offset: source.stride)])
  }

  func route(_ block: RowBlock) throws {
    let base = UnsafeRawPointer(block.bytes.base)
    // Rows of the current date that were not searched for values yet.
    var first = 0
    for index in 0..<block.rowCount {
      let row = base + index * sourceByteCount
      let key = sink.plan.order.key(row)
      if key.index < dayStart || key.index >= dayEnd {
        lookForValues(base, first..<index)
        first = index
        try advance(to: key.index)
      }
      guard let partition else { continue }
      try store(row, key, partition)
      ordinal += 1
    }
    lookForValues(base, first..<block.rowCount)
    rowCount += block.rowCount
    try sink.didAppend(rowCount: block.rowCount)
  }

  @inline(__always)
  private func store(
    _ row: UnsafeRawPointer, _ key: SortKey, _ partition: PartitionRows
  ) throws {
    let code = row.loadLE(sink.plan.symbolOffset, as: UInt32.self)
    if code != lastCode {
      lastSlot = partition.slot(code: code)
      lastCode = code
    }
    let symbol = partition.symbols + lastSlot
    let address = symbol.pointee.append(key, from: sink.pool)
    address.copyMemory(from: row, byteCount: sourceByteCount)
    if hasOrdinal { address.storeLE(ordinal, sourceByteCount) }
    if symbol.pointee.isFull {
      try sink.didFill(partition, slot: lastSlot)
    }
  }

  private func lookForValues(_ base: UnsafeRawPointer, _ rows: Range<Int>) {
    if rows.isEmpty { return }
    partition?.blanks?.look(
      at: base + rows.lowerBound * sourceByteCount, stride: sourceByteCount, count: rows.count)
  }

  private func advance(to time: Int64) throws {
    let day = timeZone.localDay(nanoseconds: time)
    let partition = try sink.partition(holding: day)
    if partition.blanks == nil { partition.blanks = BlankColumns(sink.plan) }
    self.partition = partition
    dayStart = nanoseconds(timeZone.startOfDay(day))
    dayEnd = nanoseconds(timeZone.startOfDay(day + 1))
    lastCode = nil
  }

  /// The nanoseconds of seconds, saturating: no row has times outside 64 bits.
  private func nanoseconds(_ seconds: Int64) -> Int64 {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? (seconds < 0 ? .min : .max) : product
  }
}
