/// Where a sorted partition is cut into row groups: a function of each symbol's row count alone, so
/// that memory, threads and spilling change no byte of a segment.
///
/// A symbol with at least `groupRowMax` rows begins a new group and fills whole groups; its remaining rows
/// begin the next. Smaller symbols are never split: one that does not fit begins the next group.
package enum RowGroupCuts {
  /// Rows per row group at most.
  package static let groupRowMax = 131_072

  /// - Parameter counts: Rows of each symbol, in symbol order.
  /// - Returns: Rows of each group, in order; never 0.
  package static func plan(_ counts: [Int], groupRowMax: Int = groupRowMax) -> [Int] {
    var groups: [Int] = []
    var current = 0
    for count in counts {
      if count >= groupRowMax {
        if current > 0 { groups.append(current) }
        groups.append(contentsOf: repeatElement(groupRowMax, count: count / groupRowMax))
        current = count % groupRowMax
      } else if current + count > groupRowMax {
        groups.append(current)
        current = count
      } else {
        current += count
      }
    }
    if current > 0 { groups.append(current) }
    return groups
  }
}
