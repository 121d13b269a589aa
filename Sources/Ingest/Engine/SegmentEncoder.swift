import Columnar
import Parquet
import Synchronization
import Tables

/// Encodes sorted packed rows as row groups: used by one thread at a time.
final class SegmentEncoder {
  private let transposer: Transposer
  private let encoders: [ColumnChunkEncoder]
  /// Index of the index timestamps among the columns, and the encoder of their dates; nil in a table by date.
  private let dates: (index: Int, encoder: ColumnChunkEncoder, of: PartitionDates)?
  private let order: RowOrder
  private let stride: Int
  /// Columns whose nulls were sentinels.
  private let hasSentinel: [Bool]
  private var earliest = Int64.max
  private var latest = Int64.min
  /// Rows whose times are not read yet: after the cut they are in cache.
  private var unseen: (base: UnsafeRawPointer, count: Int)?

  init(plan: RowPlan, options: WriterOptions) {
    transposer = Transposer(columns: plan.columns, capacity: RowGroupCuts.groupRowMax)
    let scratch = EncoderScratch(options: options)
    encoders = plan.columns.map {
      ColumnChunkEncoder(column: WriterColumn($0.field), options: options, scratch: scratch)
    }
    if let field = plan.dates.field, let index = plan.indexColumn {
      let encoder = ColumnChunkEncoder(
        column: WriterColumn(field), options: options, scratch: scratch)
      dates = (index, encoder, plan.dates)
    } else {
      dates = nil
    }
    order = plan.order
    stride = plan.layout.stride
    hasSentinel = plan.columns.map { $0.hasSentinel }
  }

  func begin(texts: ByteColumn) {
    transposer.reset(texts: texts)
    unseen = nil
    earliest = .max
    latest = .min
  }

  /// Adds rows of one symbol, in order. Their memory must stay valid until `settle` or `finish`.
  func append(_ base: UnsafeRawPointer, count: Int) {
    if count == 0 { return }
    transposer.append(base, stride: stride, count: count)
    look()
    unseen = (base, count)
  }

  private func look() {
    guard let rows = unseen else { return }
    earliest = min(earliest, order.index(rows.base))
    latest = max(latest, order.index(rows.base + (rows.count - 1) * stride))
    unseen = nil
  }

  /// The memory of the rows so far may be reused.
  func settle() {
    transposer.settle()
    look()
  }

  func finish() throws -> EncodedGroup {
    let fingerprint = transposer.finish()
    look()
    let rowCount = transposer.rowCount
    var chunks: [EncodedColumnChunk] = []
    chunks.reserveCapacity(encoders.count)
    for (encoder, scratch) in zip(encoders, transposer.scratch) {
      chunks.append(try encoder.encode(scratch, rowCount: rowCount))
    }
    if let dates {
      let times = UnsafePointer(transposer.scratch[dates.index].integers)
      let days = [Int64](unsafeUninitializedCapacity: rowCount) { buffer, count in
        if let base = buffer.baseAddress { dates.of.days(of: times, count: rowCount, into: base) }
        count = rowCount
      }
      chunks.append(
        try days.withUnsafeBufferPointer { days in
          guard let base = days.baseAddress else {
            return try dates.encoder.encode(ColumnSource(.allNull), rowCount: rowCount)
          }
          return try dates.encoder.encode(ColumnSource(.integers(base)), rowCount: rowCount)
        })
    }
    let sentinelCount = zip(chunks, hasSentinel).reduce(0) { $0 + ($1.1 ? $1.0.nullCount : 0) }
    return EncodedGroup(
      chunks: chunks, rowCount: rowCount, fingerprint: fingerprint, sentinelCount: sentinelCount,
      timeRange: earliest <= latest ? earliest...latest : nil)
  }
}

extension ColumnChunkEncoder {
  fileprivate func encode(_ scratch: ColumnScratch, rowCount: Int) throws -> EncodedColumnChunk {
    var runStarts: [Int]?
    if let runs = scratch.runs {
      if runs.allSatisfy(\.isNull) { return try encode(ColumnSource(.allNull), rowCount: rowCount) }
      if runs.contains(where: \.isNull) || runs.count > ValueRuns.countMax(rowCount) {
        scratch.spreadRuns(count: rowCount)
      } else {
        runStarts = runs.map(\.start)
      }
    }
    let validity: UnsafePointer<UInt8>? = scratch.hasNulls ? UnsafePointer(scratch.validity) : nil
    switch scratch.form {
    case .absent:
      return try encode(ColumnSource(.allNull), rowCount: rowCount)
    case .integers:
      return try encode(
        ColumnSource(.integers(scratch.integers), validity: validity, runStarts: runStarts),
        rowCount: rowCount)
    case .wide:
      return try encode(ColumnSource(.wide(scratch.wide), validity: validity), rowCount: rowCount)
    case .doubles:
      return try encode(
        ColumnSource(.doubles(scratch.doubles), validity: validity), rowCount: rowCount)
    case .codes:
      if scratch.text.count == 0 {
        return try encode(ColumnSource(.allNull), rowCount: rowCount)
      }
      return try encode(
        ColumnSource(
          .codes(scratch.codes, dictionary: scratch.text), validity: validity, runStarts: runStarts),
        rowCount: rowCount)
    case .bytes:
      return try scratch.text.offsets.withUnsafeBufferPointer { offsets in
        try scratch.text.bytes.withUnsafeBufferPointer { bytes in
          guard let offsets = offsets.baseAddress, let bytes = bytes.baseAddress else {
            return try encode(ColumnSource(.allNull), rowCount: rowCount)
          }
          return try encode(
            ColumnSource(.bytes(offsets: offsets, bytes: bytes), validity: validity),
            rowCount: rowCount)
        }
      }
    }
  }
}

/// Unused encoders for threads to borrow: their buffers are too large to make per task.
final class SegmentEncoderPool: Sendable {
  private let free = Mutex<[Box]>([])
  private let plan: RowPlan
  private let options: WriterOptions

  private struct Box: @unchecked Sendable { let encoder: SegmentEncoder }

  init(plan: RowPlan, options: WriterOptions) {
    self.plan = plan
    self.options = options
  }

  func withEncoder<R>(_ body: (SegmentEncoder) throws -> R) rethrows -> R {
    let box =
      free.withLock { $0.popLast() }
      ?? Box(encoder: SegmentEncoder(plan: plan, options: options))
    defer { free.withLock { $0.append(box) } }
    return try body(box.encoder)
  }
}
