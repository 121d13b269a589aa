/// Identifies a row among all sources of a table, as its column `source_ordinal` does: 24 bits for the source,
/// then 39 bits for the row's position in it.
package enum SourceOrdinal {
  /// Bits of a row's ordinal in its source.
  package static let positionBitCount = 39

  /// The source in an ordinal; 0 for ordinals of older versions, which have none.
  package static func source(_ ordinal: Int64) -> Int64 { ordinal >> Int64(positionBitCount) }
}
