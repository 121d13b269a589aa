import Bytes
import Catalog
import Columnar

/// The hashes of rows, computed column by column: see `RowHash`.
///
/// A timestamp and its nanoseconds are hashed as one value; nulls and provenance columns add nothing.
package struct RowSums {
  /// Rows whose hashes are kept, 16 bytes each.
  package let rowCount: Int
  /// Two words per row.
  private var sums: [UInt64]

  /// Hashes of rows to which no column was added yet: all zero.
  package init(rowCount: Int) {
    self.rowCount = rowCount
    sums = [UInt64](repeating: 0, count: 2 * rowCount)
  }

  /// Adds a column.
  ///
  /// - Parameter values: Timestamps in whole nanoseconds, as `SegmentReader.values` returns them.
  package mutating func add(_ values: Column, of field: Field) {
    RowHash(name: field.name, type: field.type.hashName).add(values, sums: &sums)
  }

  /// The hash of a row.
  package subscript(row: Int) -> Fingerprint {
    RowHash.finalised(low: sums[2 * row], high: sums[2 * row + 1])
  }

  /// The sum of the rows' hashes.
  package var fingerprint: Fingerprint {
    sums.withUnsafeBufferPointer { sums in
      sums.baseAddress.map { RowHash.fingerprint($0, count: rowCount) } ?? Fingerprint()
    }
  }

  /// Whether a column says where a row came from rather than what it says.
  package static func isProvenance(_ column: String) -> Bool {
    column == "requested_symbol" || column == TableSchema.ordinalColumn
  }
}

extension SegmentReader {
  /// Hashes of rows over some columns; columns that the file lacks add nothing.
  package func sums(of fields: [Field], _ rows: StoredSpan) throws -> RowSums {
    var sums = RowSums(rowCount: rows.count)
    for field in fields where !remainders.isRemainder(field.name) {
      if let values = try values(field, rows) { sums.add(values, of: field) }
    }
    return sums
  }

  /// Calls `body` for every row with its row group, index in it, key and content.
  package func forEachRow(
    keyColumns: [String], _ body: (Int, Int, Fingerprint, Fingerprint) -> Void
  ) throws {
    for group in rowGroups {
      var keys = RowSums(rowCount: group.count)
      var contents = keys
      for field in fields where !remainders.isRemainder(field.name) {
        guard var values = try values(field, group) else { continue }
        if field.name == ExtraTime.column { ExtraTime.drop(from: &values) }
        if keyColumns.contains(field.name) { keys.add(values, of: field) }
        if !RowSums.isProvenance(field.name) { contents.add(values, of: field) }
      }
      for row in 0..<group.count { body(group.rowGroup, row, keys[row], contents[row]) }
    }
  }

  /// Row count and fingerprint, computed from the file's rows that are not deleted.
  package func fingerprint() throws -> (Int, Fingerprint) {
    var total = Fingerprint()
    var rowTotal = 0
    let content = fields.filter { !RowSums.isProvenance($0.name) }
    for group in rowGroups {
      let sums = try sums(of: content, group)
      let live = liveRows(of: group)
      if live == [group.rows] {
        total &+= sums.fingerprint
        rowTotal += group.count
        continue
      }
      for run in live {
        for row in run { total &+= sums[row] }
        rowTotal += run.count
      }
    }
    return (rowTotal, total)
  }

  /// Whether some row may have a value in a provenance column, according to the footer.
  func hasProvenance() -> Bool {
    file.leaves.contains { RowSums.isProvenance($0.name) && mayHaveValues($0.name) }
  }
}
