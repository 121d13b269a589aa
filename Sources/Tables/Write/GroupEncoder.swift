import Bytes
import Columnar
import Parquet

/// Encodes row groups from whole columns, and hashes their rows on the way.
///
/// One per thread. Ingest and resampling have encoders of their own, as their rows are never stored in columns.
package final class GroupEncoder {
  private let fields: [Field]
  private let encoders: [ColumnChunkEncoder]
  private let remainders: RemainderColumns
  private let unhashed: Set<String>

  /// - Parameters:
  ///   - fields: The table's columns, each timestamp directly before its nanoseconds.
  ///   - unhashed: Columns whose values follow from others: see `TableSchema.rowFields`.
  package init(fields: [Field], options: WriterOptions, unhashed: Set<String> = []) {
    self.fields = fields
    self.unhashed = unhashed
    let scratch = EncoderScratch(options: options)
    encoders = fields.map {
      ColumnChunkEncoder(column: WriterColumn($0), options: options, scratch: scratch)
    }
    remainders = RemainderColumns(fields: fields)
  }

  /// - Parameter column: Returns one column after the other, as the table stores it: only one is in memory.
  package func encode(
    rowCount: Int, _ column: (Field) throws -> Column
  ) throws -> EncodedGroup {
    var sums = RowSums(rowCount: rowCount)
    var chunks: [EncodedColumnChunk] = []
    // A timestamp and the nanoseconds in the next column are one value.
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
    return EncodedGroup(
      chunks: chunks, rowCount: rowCount, fingerprint: sums.fingerprint, sentinelCount: 0,
      timeRange: nil)
  }

  private func hash(_ field: Field, _ values: Column, _ sums: inout RowSums) {
    if !RowSums.isProvenance(field.name), !unhashed.contains(field.name) {
      sums.add(values, of: field)
    }
  }
}
