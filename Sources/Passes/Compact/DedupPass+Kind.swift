import Catalog
import Tables

extension CompactPass {
  /// Removes rows that are there twice, and writes only the partitions again that have some. With small files to merge,
  /// `compact` with `dedup` does both in one reading.
  public static let dedupKind = PassKind(
    name: dedupName, effect: .rewrite,
    parameters: [],
    outputs: { _, _ in [] },
    problems: { _, rowKind in keyProblems(rowKind, remedy: "such a table needs no dedup") },
    request: { _, _ in nil },
    job: { request, means in
      var options = Options(means)
      options.removesDuplicates = true
      options.mergesSmallFiles = false
      return try Job(request, means, options)
    },
    changesInput: { _ in true })
}
