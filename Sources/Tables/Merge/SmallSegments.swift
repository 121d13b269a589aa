import DeltaLog

/// Which of a partition's segments are merged when a commit leaves many small ones.
///
/// Daily commits leave small segments; after some hundred of them a reader would open more files than it reads
/// rows. So small segments are in tiers by row count, each tier eight times the one below. When a tier has
/// eight segments, they are merged with those of lower tiers into one of a higher tier. A row is rewritten once
/// per tier, however often rows are appended, and a partition keeps at most a few segments per tier.
package enum SmallSegments {
  /// Size from which a segment does not count as small.
  package static let byteCountMax: Int64 = 16 << 20
  /// Small segments that a partition may have, whatever their tiers; also the number that fills a tier.
  package static let countMax = 8

  /// The tier of a segment by its rows: 0 below 8, 1 below 64, …
  package static func tier(_ file: AddFile) -> Int { tier(rowCount: rowCount(file)) }

  private static func rowCount(_ file: AddFile) -> Int64 {
    file.taggedRowCount ?? file.statistics?.rowCount ?? 0
  }

  static func tier(rowCount: Int64) -> Int {
    var (rows, tier) = (rowCount, 0)
    while rows >= Int64(countMax) {
      rows /= Int64(countMax)
      tier += 1
    }
    return tier
  }

  /// - Returns: The files to merge; empty if no tier is full.
  package static func choice(_ files: [AddFile]) -> [AddFile] {
    let chosen = choice(files.map { (rowCount($0), $0.size) })
    return chosen.map { files[$0] }
  }

  /// - Returns: Indexes of the segments to merge.
  static func choice(_ segments: [(rowCount: Int64, byteCount: Int64)]) -> [Int] {
    let small = segments.indices.filter { segments[$0].byteCount < byteCountMax }
    guard small.count > countMax else { return [] }
    let tiers = Dictionary(grouping: small) { tier(rowCount: segments[$0].rowCount) }
    guard let full = tiers.filter({ $0.value.count >= countMax }).keys.min() else { return [] }
    return tiers.filter { $0.key <= full }.flatMap(\.value).sorted()
  }
}
