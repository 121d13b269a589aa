/// What one level of a plan left out, and why.
struct SkipLevel: Equatable, Sendable {
  var name: String
  var count = 0
  var skippedCount = 0
  var byteCount = 0
  var skippedByteCount = 0
  /// Why, by the part of the filter that excludes them.
  var reasons: [String: Int] = [:]

  init(_ name: String) { self.name = name }

  mutating func keep(byteCount: Int) {
    count += 1
    self.byteCount += byteCount
  }

  mutating func skip(byteCount: Int, because reason: String) {
    count += 1
    skippedCount += 1
    self.byteCount += byteCount
    skippedByteCount += byteCount
    reasons[reason, default: 0] += 1
  }
}

/// What was left out at every level, from the largest to the smallest.
struct SkipReport: Equatable, Sendable {
  var partitions = SkipLevel("files by partition")
  var files = SkipLevel("files by statistics in the log")
  var rowGroups = SkipLevel("row groups by statistics")
  var pages = SkipLevel("pages by column index")

  var levels: [SkipLevel] { [partitions, files, rowGroups, pages] }
}

extension Filter {
  /// The part that excludes rows with these bounds.
  func reason(_ bounds: (Int) -> ColumnBounds?) -> String {
    for part in conjuncts where part.verdict(bounds) == .none { return part.text }
    return text
  }
}
