import DeltaLog

/// Which of a partition's segments become one when a commit leaves many small ones.
///
/// A commit of a day leaves a small segment; after some hundred of them a reader would open more files than it reads
/// rows. So small segments stand in tiers by their rows, each eight times the one below: where a tier has eight, it
/// becomes one segment of a higher tier, with what is below it. A row is written again once a tier, however often
/// something is appended, and a partition keeps some segments of each tier.
package enum SmallSegments {
  /// Bytes from which a segment is not small.
  package static let byteCountMax: Int64 = 16 << 20
  /// Small segments that a partition may have, whatever their tiers; and what makes a tier full.
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

  /// - Returns: Those of `files` that are merged; none where no tier is full.
  package static func choice(_ files: [AddFile]) -> [AddFile] {
    let chosen = choice(files.map { (rowCount($0), $0.size) })
    return chosen.map { files[$0] }
  }

  /// - Returns: Indexes of those that are merged.
  static func choice(_ segments: [(rowCount: Int64, byteCount: Int64)]) -> [Int] {
    let small = segments.indices.filter { segments[$0].byteCount < byteCountMax }
    guard small.count > countMax else { return [] }
    let tiers = Dictionary(grouping: small) { tier(rowCount: segments[$0].rowCount) }
    guard let full = tiers.filter({ $0.value.count >= countMax }).keys.min() else { return [] }
    return tiers.filter { $0.key <= full }.flatMap(\.value).sorted()
  }
}
