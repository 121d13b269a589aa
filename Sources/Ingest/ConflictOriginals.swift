import Columnar
import Ledger
import RowSources
import Tables

/// The lines of rows that the table has something against.
///
/// Packed rows do not say where they came from, and nearly all files have no such row: those that do are read once more.
enum ConflictOriginals {
  /// - Parameter read: The file from its beginning; nil where it has no lines, or cannot be read again.
  static func find(
    _ conflicts: [KeyConflict], read: () throws -> CSVSource?
  ) throws -> [RejectedRow] {
    guard !conflicts.isEmpty, let source = try read() else {
      return conflicts.map { RejectedRow(conflict: $0, original: $0.row) }
    }
    let stride = source.layout.stride
    // Rows that are equal are found in the order of the file.
    var wanted: [ArraySlice<UInt8>: [Int]] = [:]
    for (place, conflict) in conflicts.enumerated() {
      wanted[conflict.row.prefix(stride), default: []].append(place)
    }
    var found = conflicts.map { RejectedRow(conflict: $0, original: $0.row) }
    let block = RowBlock(layout: source.layout)
    while !wanted.isEmpty, try source.next(block) {
      _ = source.takeRejected()
      for row in 0..<block.rowCount {
        let bytes = UnsafeRawBufferPointer(start: block.bytes.base + row * stride, count: stride)
        let key = ArraySlice(bytes)
        guard var places = wanted[key] else { continue }
        let place = places.removeFirst()
        wanted[key] = places.isEmpty ? nil : places
        var own = RejectedRow(source.original(of: row, in: block))
        (own.rule, own.reason) = (found[place].rule, found[place].reason)
        (own.symbol, own.timestamp) = (found[place].symbol, found[place].timestamp)
        found[place] = own
      }
    }
    return found
  }
}
