import Bytes
import Columnar
import Parquet

/// Prices that don't fit into 64 bits (an index has 18 decimals), by their rank among all prices of a
/// partition.
///
/// Longer bars need only comparing and copying of prices, for which ranks, which ascend as the prices do, are
/// enough.
struct WidePrices {
  /// Ascending, each once.
  let values: [Int128]
  private let ranks: [Int128: Int64]

  /// - Parameter found: In any order.
  init(_ found: Set<Int128>) {
    values = found.sorted()
    ranks = Dictionary(
      uniqueKeysWithValues: values.enumerated().map { ($0.element, Int64($0.offset)) })
  }

  /// - Returns: The rank of a price that was found.
  func rank(_ value: Int128) -> Int64 { ranks[value] ?? 0 }

  /// A price's word in a row's hash.
  func word(_ rank: Int64) -> UInt64 { RowHash.wide(values[Int(rank)]) }
}
