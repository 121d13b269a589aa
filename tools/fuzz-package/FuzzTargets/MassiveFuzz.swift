import Columnar
import Massive

/// The page parsers as a fuzz target.
public enum MassiveFuzz {
  /// Reads `bytes` as a page of every kind; hostile bytes may be refused, but nothing else.
  ///
  /// - Returns: Rows found.
  @discardableResult
  public static func run(_ bytes: UnsafeRawBufferPointer) -> Int {
    var count = 0
    for kind in [PageKind.bars, .indexBars, .contracts, .openClose, .news] {
      guard
        let parser = try? PageParser(
          kind, strings: StringTable(), context: PageContext(symbol: "A", asOf: 0))
      else { continue }
      let block = RowBlock(layout: kind.layout)
      if let (envelope, end) = try? parser.parse(bytes, into: block) {
        precondition(end <= bytes.count, "a page ends within the bytes")
        precondition(
          kind == .news || block.rowCount + parser.rejectedCount == envelope.recordCount,
          "every result is a row or refused")
        count += block.rowCount
      } else {
        precondition(block.rowCount == 0, "a page that is refused leaves no row")
      }
      _ = parser.records(Set(parser.takeRejected().map(\.position)), in: bytes)
    }
    return count
  }
}
