/// A row's place among all sources of a table, as its column `source_ordinal` keeps it: 24 bits that stand for
/// the source above 39 of the row's position in it.
package enum SourceOrdinal {
  /// Bits of a row's place in its source.
  package static let positionBitCount = 39

  /// The source that a row's place says; 0 for those of older versions, which say none.
  package static func source(_ ordinal: Int64) -> Int64 { ordinal >> Int64(positionBitCount) }
}
