import Bytes
import Columnar
import Parquet

/// Encodes row groups of rows that lie in several files, column by column.
final class MergedGroupEncoder {
  private let fields: [Field]
  private let encoders: [ColumnChunkEncoder]
  private let remainders: RemainderColumns
  private let gather: ColumnGather

  init(fields: [Field], options: WriterOptions, readers: [ParquetReader]) {
    self.fields = fields
    let scratch = EncoderScratch(options: options)
    encoders = fields.map {
      ColumnChunkEncoder(column: WriterColumn($0), options: options, scratch: scratch)
    }
    remainders = RemainderColumns(fields: fields)
    gather = ColumnGather(readers)
  }

  func encode(_ rows: GatheredRows) throws -> EncodedGroup {
    try encode(rowCount: rows.rowCount) { try gather.column($0, rows) }
  }

  /// - Parameters:
  ///   - rows: Rows of the one file.
  ///   - places: Their order: places behind the first of them.
  func encode(_ rows: Range<Int>, inOrder places: [Int]) throws -> EncodedGroup {
    try encode(rowCount: rows.count) { try gather.read($0, 0, rows).rows(places) }
  }

  private func encode(
    rowCount: Int, _ column: (Field) throws -> Column
  ) throws -> EncodedGroup {
    var sums = [UInt64](repeating: 0, count: 2 * rowCount)
    var chunks: [EncodedColumnChunk] = []
    // A time's nanoseconds stand behind it: both are one value.
    var time: (field: Field, column: Column)?
    for (field, encoder) in zip(fields, encoders) {
      let column = try column(field)
      chunks.append(try encoder.encode(column, rows: 0..<rowCount))
      if remainders.isRemainder(field.name) {
        guard let known = time, known.field.name + RemainderColumns.suffix == field.name else {
          throw PassError(
            .conservation, "column '\(field.name)' does not stand behind its time",
            remedy: "nothing was committed; report this as a bug")
        }
        hash(known.field, known.column.nanoseconds(column), &sums)
        time = nil
        continue
      }
      if case .timestamp = field.type {
        if remainders.hasRemainder(field.name) {
          time = (field, column)
        } else {
          hash(field, column.nanoseconds(nil), &sums)
        }
        continue
      }
      hash(field, column, &sums)
    }
    let fingerprint = sums.withUnsafeBufferPointer { sums in
      sums.baseAddress.map { RowHash.fingerprint($0, count: rowCount) } ?? Fingerprint()
    }
    return EncodedGroup(
      chunks: chunks, rowCount: rowCount, fingerprint: fingerprint, sentinelCount: 0,
      timeRange: nil)
  }

  private func hash(_ field: Field, _ column: Column, _ sums: inout [UInt64]) {
    if StoredRows.isProvenance(field.name) { return }
    RowHash(name: field.name, type: field.type.hashName).add(column, sums: &sums)
  }
}

extension Column {
  /// Times in ns: microseconds, and what `remainder` has beyond them.
  fileprivate func nanoseconds(_ remainder: Column?) -> Column {
    guard case .integers(var values) = storage else { return self }
    for row in values.indices { values[row] = values[row] &* 1000 }
    if case .integers(let parts)? = remainder?.storage {
      for row in values.indices { values[row] = values[row] &+ parts[row] }
    }
    var result = self
    result.storage = .integers(values)
    return result
  }
}
