import Catalog
import Tables

/// What a pass that reports will read.
public struct ReportPlan: Sendable {
  /// The table that is looked at.
  public let table: TableName

  /// A look at all of a table.
  package init(table: TableName) { self.table = table }
}

/// What a pass found that reports. It is kept as a row of `ledger.runs`, and nowhere else.
public struct FindingsReport: Sendable {
  /// How often each thing was found, in the order in which it is shown: like `not_downloaded`.
  public let counts: [(name: String, count: Int)]
  /// Those of them that call for action.
  public let findingCount: Int
  /// Rows that were looked at.
  public let rowsRead: Int
  /// Whether it was stopped: then the figures are of a part.
  public let isInterrupted: Bool

  /// - Parameter counts: Things that were not found may be left out.
  package init(
    counts: [(name: String, count: Int)], findingCount: Int, rowsRead: Int, isInterrupted: Bool
  ) {
    self.counts = counts
    self.findingCount = findingCount
    self.rowsRead = rowsRead
    self.isInterrupted = isInterrupted
  }
}
