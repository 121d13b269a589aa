import DeltaLog

/// Which small segments of a partition are merged, so that they stay few however many commands add one.
///
/// Segments of about as many rows, within a factor of eight, are of one tier. The lowest tiers are merged
/// that hold eight segments together: so a row is written again only once a tier, and a partition of a
/// million commands is rewritten as rarely as one of a hundred.
enum SegmentTier {
  /// Small segments that a partition may have.
  static let segmentCountMax = 8
  /// Bytes from which a segment is not small.
  static let byteCountMax: Int64 = 16 << 20
  /// Uncompressed bytes that are merged at once: they are held in memory.
  static let rowByteCountMax = 64 << 20

  private static let factor: Int64 = 8

  static func of(_ file: AddFile) -> Int {
    var rows = file.taggedRowCount ?? file.statistics?.rowCount ?? 0
    var tier = 0
    while rows >= factor {
      rows /= factor
      tier += 1
    }
    return tier
  }

  /// The segments of a partition to merge now; none where that is not due.
  ///
  /// - Parameter rowByteCount: Uncompressed bytes of a segment's rows; nil for one to leave alone.
  static func due(
    _ files: [AddFile], rowByteCount: (AddFile) throws -> Int?
  ) rethrows -> [AddFile] {
    let small = files.filter { $0.size < byteCountMax && $0.deletionVectorID == nil }
    if small.count <= segmentCountMax { return [] }
    let tiers = small.map(of)
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
