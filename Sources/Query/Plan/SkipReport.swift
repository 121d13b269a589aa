import Bytes

/// What one level of a plan left out, and why.
public struct SkipLevel: Equatable, Sendable {
  /// What is counted, in words.
  public let name: String
  /// Files, row groups or pages that were looked at.
  public internal(set) var count = 0
  /// Those of them that need not be read.
  public internal(set) var skippedCount = 0
  /// Compressed bytes of what was looked at.
  public internal(set) var byteCount = 0
  /// Compressed bytes of what need not be read.
  public internal(set) var skippedByteCount = 0
  /// Why, by the part of the filter that excludes them.
  public internal(set) var reasons: [String: Int] = [:]

  /// Those that are read, or looked at on the next level.
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
}

/// What was left out at every level, from the largest to the smallest.
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
}

extension Filter {
  /// The part that excludes rows with these bounds.
  func reason(_ bounds: (Int) -> FilterBounds?) -> String {
    for part in conjuncts where part.verdict(bounds) == .none { return part.text }
    return text
  }
}
