import DeltaLog
import Tables

/// Which small segments of a ledger's partition are merged, so that they stay few although every command adds
/// one.
///
/// Every command reads them all, so they are kept fewer than those of data tables (`SmallSegments`): at most
/// eight. The lowest tiers that together have eight segments are merged. A row is rewritten at most eight times
/// per tier, so a partition of a million commands is rewritten as rarely as one of a hundred.
enum SegmentTier {
  /// Small segments that a partition may have.
  static let segmentCountMax = 8
  /// Uncompressed bytes that are merged at once, in memory.
  static let rowByteCountMax = 64 << 20

  /// The segments of a partition to merge now; empty if none are due.
  ///
  /// - Parameter rowByteCount: Uncompressed bytes of a segment's rows; nil for a segment to leave alone.
  static func due(
    _ files: [AddFile], rowByteCount: (AddFile) throws -> Int?
  ) rethrows -> [AddFile] {
    let small = files.filter { $0.size < SmallSegments.byteCountMax && $0.deletionVectorID == nil }
    if small.count <= segmentCountMax { return [] }
    let tiers = small.map(SmallSegments.tier)
    let top = tiers.sorted()[segmentCountMax - 1]
    var chosen: [AddFile] = []
    var byteCount = 0
    for (file, tier) in zip(small, tiers) where tier <= top {
      guard let count = try rowByteCount(file), count <= rowByteCountMax - byteCount else {
        continue
      }
      byteCount += count
      chosen.append(file)
    }
    return chosen.count > 1 ? chosen : []
  }
}
