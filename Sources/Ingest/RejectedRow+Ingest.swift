import Ledger
import RowSources

extension RejectedRow {
  init(conflict: KeyConflict, original: [UInt8]) {
    self.init(
      rule: Self.conflictRule, reason: "the table has another row with this key", position: -1,
      symbol: conflict.symbol, timestamp: conflict.timestamp, original: original)
  }

  init(_ rejection: SourceRejection) {
    self.init(
      rule: rejection.rule, reason: rejection.reason, position: rejection.rowNumber,
      symbol: rejection.symbol.flatMap { $0.utf8.count <= Self.symbolByteCountMax ? $0 : nil },
      timestamp: rejection.timestamp,
      original: Array(rejection.original.utf8))
    // The source has made text of it already, be it base64.
    originalForm = rejection.originalForm.rawValue
    isText = true
    positionUnit = "row"
    // A file of lines is looked into by them: blank ones, and rows of several, make other numbers.
    if let line = rejection.line {
      position = line
      positionUnit = "line"
    }
  }
}
