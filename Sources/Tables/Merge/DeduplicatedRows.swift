import Bytes
import Columnar

/// What became of files whose rows were held against each other.
package struct DeduplicatedRows: Sendable {
  /// By group of files; none where no row of the group stays.
  package internal(set) var segments: [Int: StagedSegment] = [:]
  /// Rows that were left out because an equal one stays.
  package internal(set) var duplicateCount = 0
  /// Rows that were left out because another one with their key stays.
  package internal(set) var conflicts: [StoredRows] = []

  /// The sum of the hashes of all rows that were left out.
  package internal(set) var dropped = Fingerprint()

  /// What the files hold that were read, where it was wanted and all their rows were in memory.
  package internal(set) var source: PartitionFingerprint?

  /// Of no rows.
  package init() {}

  /// Rows of all `conflicts`.
  package var conflictCount: Int { conflicts.reduce(0) { $0 + $1.rowCount } }
  /// Rows that stay, and rows that were left out.
  package var rowCount: Int64 {
    segments.values.reduce(Int64(duplicateCount + conflictCount)) { $0 + Int64($1.rowCount) }
  }
  /// The sum of the hashes of all of them.
  package var fingerprint: Fingerprint {
    segments.values.reduce(into: dropped) { $0 &+= $1.fingerprint }
  }

  mutating func take(
    _ rows: [Int], fields: [Field], max: Int, _ column: (Field, [Int]?) throws -> Column
  ) throws {
    if rows.isEmpty { return }
    guard conflictCount + rows.count <= max else {
      throw PassError(
        .tooManyBadRows,
        "more than \(max) rows of a partition have the key of another row, and other values",
        remedy: "lake compact without --dedup merges the files and keeps all rows")
    }
    conflicts.append(try StoredRows(rows, fields: fields, column))
  }
}

/// Some rows of a table in memory, whatever file they came from.
package struct StoredRows: Sendable {
  /// As many as each column has values.
  package let rowCount: Int
  /// Times in ns since 1970 UTC, with what stands beside them.
  package let columns: [(field: Field, values: Column)]

  /// - Parameter column: Gives the table's columns, of some of all rows.
  init(
    _ rows: [Int], fields: [Field], _ column: (Field, [Int]?) throws -> Column
  ) throws {
    rowCount = rows.count
    let remainders = RemainderColumns(fields: fields)
    columns = try fields.filter { !remainders.isRemainder($0.name) }.map { field in
      (field, try remainders.values(field) { try column($0, rows) })
    }
  }
}
