import Columnar
import Parquet

/// Reads the rows of one row group, a page at a time, into the caller's buffers: for fast loops, since values
/// are copied only once.
///
///     let pages = try PageReader(file, rowGroup: 0, columns: [time, volume])
///     while case let count = try pages.rowsInNextPage(), count > 0 {
///       _ = try pages.readIntegers(0, rows: count, into: times, validity: flags)
///       …
///     }
///
/// All columns are read for the same rows before the next rows. A page of integers without nulls is decoded
/// straight into the caller's buffer.
///
/// Not thread-safe.
package final class PageReader {
  /// Rows read at once from long pages of other writers: few enough that some columns fit into the second-level
  /// cache.
  package static let rowMax = 32_768

  /// Which rows of a column have values.
  package enum Presence { case all, some, none }

  private let scanners: [ColumnPageScanner?]

  /// - Parameter columns: The first must be in the file, and its pages set the pace. Others may be missing; nil
  ///   is a column that the table does not have.
  /// - Throws: If a column's values would have to be converted, or the file lacks the first column.
  package init(_ reader: SegmentReader, rowGroup: Int, columns: [Field?]) throws {
    scanners = try columns.map { try $0.flatMap { try reader.scanner($0, rowGroup: rowGroup) } }
    if let first = columns.first, let first, scanners[0] == nil {
      throw PassError(.input, "the file has no column '\(first.name)'", place: reader.path)
    }
  }

  /// Rows to read next of every column; 0 at the end, where it is verified that no column has more.
  package func rowsInNextPage() throws -> Int {
    let count = min(try scanners.first??.rowsInNextPage() ?? 0, Self.rowMax)
    if count == 0 { for scanner in scanners { try scanner?.checkEnd() } }
    return count
  }

  /// Reads the next rows of a column of integers.
  ///
  /// - Parameters:
  ///   - target: Room for `rows` values; a null's value is 0.
  ///   - validity: Room for `rows` bytes, which are written only where the result is `some` or `none`.
  package func readIntegers(
    _ column: Int, rows: Int, into target: UnsafeMutablePointer<Int64>,
    validity: UnsafeMutablePointer<UInt8>
  ) throws -> Presence {
    guard let scanner = scanners[column] else {
      target.update(repeating: 0, count: rows)
      validity.update(repeating: 0, count: rows)
      return .none
    }
    return try scanner.readIntegers(rows: rows, into: target, validity: validity) ? .some : .all
  }

  /// Reads the next rows of a column of any form into an existing column, whose arrays are reused.
  ///
  /// - Returns: false if the file lacks the column.
  package func read(_ column: Int, rows: Int, into values: inout Column) throws -> Bool {
    guard let scanner = scanners[column] else { return false }
    try scanner.read(rows: rows, into: &values)
    return true
  }
}
