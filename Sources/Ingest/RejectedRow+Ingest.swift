import Columnar
import Ledger
import RowSources

extension RejectedRow {
  /// - Parameter position: Number of the row in its source, from 1; nil if unknown.
  init(_ conflict: KeyConflict, position: Int64?) {
    let time = TimeText.iso(nanoseconds: conflict.timestamp, digits: 9)
    self.init(
      rule: Self.conflictRule,
      reason:
        "conflict: another row has the key of '\(conflict.symbol)' at \(time), with other values",
      position: position ?? -1, symbol: conflict.symbol, timestamp: conflict.timestamp,
      original: conflict.original)
    originalForm = "json"
    isText = true
    if position != nil { positionUnit = "row" }
  }

  init(_ rejection: SourceRejection) {
    self.init(
      rule: rejection.rule, reason: rejection.reason, position: rejection.rowNumber,
      symbol: rejection.symbol.flatMap { $0.utf8.count <= Self.symbolByteCountMax ? $0 : nil },
      timestamp: rejection.timestamp,
      original: Array(rejection.original.utf8))
    // The source has encoded it as text already, maybe base64.
    originalForm = rejection.originalForm.rawValue
    isText = true
    positionUnit = "row"
    // Users find rows of a text file by line: blank lines, and rows of several lines, make row numbers differ.
    if let line = rejection.line {
      position = line
      positionUnit = "line"
    }
  }
}
