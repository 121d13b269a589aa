import Bytes

/// What one level of a plan skipped, and why.
public struct SkipLevel: Equatable, Sendable {
  /// What is counted, in words.
  public let name: String
  /// Files, row groups or pages that were examined.
  public internal(set) var count = 0
  /// Those of them that need not be read.
  public internal(set) var skippedCount = 0
  /// Compressed bytes of everything examined.
  public internal(set) var byteCount = 0
  /// Compressed bytes of what need not be read.
  public internal(set) var skippedByteCount = 0
  /// Counts of skipped items, by the condition that excludes them.
  public internal(set) var reasons: [String: Int] = [:]

  /// Those that are read, or examined on the next level.
  public var keptCount: Int { count - skippedCount }

  init(_ name: String) { self.name = name }

  mutating func keep(byteCount: Int) {
    count += 1
    // A log may state any size.
    self.byteCount = self.byteCount.adding(clamped: byteCount)
  }

  mutating func skip(byteCount: Int, because reason: String) {
    count += 1
    skippedCount += 1
    self.byteCount = self.byteCount.adding(clamped: byteCount)
    skippedByteCount = skippedByteCount.adding(clamped: byteCount)
    reasons[reason, default: 0] += 1
  }

  mutating func add(_ other: SkipLevel) {
    count += other.count
    skippedCount += other.skippedCount
    byteCount = byteCount.adding(clamped: other.byteCount)
    skippedByteCount = skippedByteCount.adding(clamped: other.skippedByteCount)
    reasons.merge(other.reasons) { $0 + $1 }
  }
}

/// What was skipped at each level.
public struct SkipReport: Equatable, Sendable {
  /// Files whose partition value excludes them.
  public internal(set) var partitions = SkipLevel("files by partition")
  /// Files whose statistics in the log exclude them.
  public internal(set) var files = SkipLevel("files by statistics in the log")
  /// Row groups whose statistics in the footer exclude them.
  public internal(set) var rowGroups = SkipLevel("row groups by statistics")
  /// Pages whose bounds in the column index exclude them.
  public internal(set) var pages = SkipLevel("pages by column index")

  /// From the largest to the smallest.
  public var levels: [SkipLevel] { [partitions, files, rowGroups, pages] }

  mutating func add(_ other: SkipReport) {
    partitions.add(other.partitions)
    files.add(other.files)
    rowGroups.add(other.rowGroups)
    pages.add(other.pages)
  }
}

extension Filter {
  /// The condition that excludes rows with these bounds.
  func reason(_ bounds: (Int) -> FilterBounds?) -> String {
    for part in conjuncts where part.verdict(bounds) == .none { return part.text }
    return text
  }
}
