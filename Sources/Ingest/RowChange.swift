/// What replacing the rows of a region changes.
public struct RowChange: Hashable, Sendable {
  /// New rows.
  public var added = 0
  /// Rows that were stored before, unchanged.
  public var same = 0
  /// Rows whose key was stored with other values.
  public var changed = 0
  /// Removed rows.
  public var removed = 0

  /// Nothing changed.
  public init() {}

  /// Whether the table holds the same rows as before.
  public var isNone: Bool { added == 0 && changed == 0 && removed == 0 }

  /// As metrics of the commit.
  var metrics: [(name: String, value: String)] {
    [
      ("rows_added", "\(added)"), ("rows_same", "\(same)"), ("rows_changed", "\(changed)"),
      ("rows_gone", "\(removed)"),
    ]
  }

  /// The sum of each count.
  public static func + (left: RowChange, right: RowChange) -> RowChange {
    var sum = left
    sum.added += right.added
    sum.same += right.same
    sum.changed += right.changed
    sum.removed += right.removed
    return sum
  }
}
