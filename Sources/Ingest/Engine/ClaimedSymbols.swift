import Columnar

/// The distinct symbols of an input's rows: what the input claims to have something of.
struct ClaimedSymbols: Sendable {
  /// A file with more symbols claims nothing: each would be a line in the ledger, and a question to the vendor.
  static let countMax = 2000

  private var codes: Set<UInt32> = []
  private var texts: Set<String> = []
  private var isOver = false

  /// Sorted; empty if there are too many.
  var names: [String] { isOver ? [] : texts.sorted() }

  mutating func add(_ partition: PartitionRows, _ values: ByteColumn) {
    if isOver { return }
    for slot in 0..<partition.symbolCount {
      let code = partition.symbols[slot].code
      guard codes.insert(code).inserted else { continue }
      texts.insert(values[Int(code)])
      if texts.count > Self.countMax {
        self = ClaimedSymbols()
        isOver = true
        return
      }
    }
  }
}
