import Bytes
import Catalog
import Columnar
import DeltaLog
import Synchronization

/// The dates of a stored table, as a plan looks at them: the files of each, and what they hold.
package final class StoredInput: Sendable {
  package let name: TableName
  package let snapshot: Snapshot
  /// The table's folder.
  package let root: String
  package let filesByDate: [String: [AddFile]]
  private let fields: [Field]
  private let purged: [DateRange]
  /// Each fingerprint is made once.
  private let known = Mutex<[String: PartitionFingerprint]>([:])

  /// - Parameter fields: The columns of its data files.
  package init(
    _ name: TableName, snapshot: Snapshot, root: String, fields: [Field]
  ) throws {
    self.name = name
    self.snapshot = snapshot
    self.root = root
    self.fields = fields
    filesByDate = Dictionary(grouping: try snapshot.files) {
      $0.partitionValue(TableSchema.dateColumn) ?? ""
    }
    purged = try DateRange.purged(from: snapshot, path: root)
  }

  package var version: Int { snapshot.version }
  package var dates: [String] { filesByDate.keys.sorted() }

  /// Readers of a date's files, in the order of the log.
  package func readers(of date: String) throws -> [SegmentReader] {
    let folder = DataFolder(root: root)
    return try (filesByDate[date] ?? []).map {
      try SegmentReader(path: try folder.path(of: $0), fields: fields)
    }
  }

  package func fingerprint(of date: String) throws -> PartitionFingerprint {
    if let fingerprint = known.withLock({ $0[date] }) { return fingerprint }
    let fingerprint = try PartitionFingerprint(
      files: filesByDate[date] ?? [], root: root, fields: fields)
    known.withLock { $0[date] = fingerprint }
    return fingerprint
  }

  package func byteCount(of date: String) -> Int64 {
    (filesByDate[date] ?? []).reduce(0) { $0.adding(clamped: $1.size) }
  }

  package func isPurged(_ date: String) -> Bool { purged.contains { $0.contains(date) } }
}

/// Days from the first to the last, both of them in, as ISO dates.
package struct DateRange: Hashable, Sendable {
  package var first: String
  package var last: String

  package func contains(_ date: String) -> Bool { date >= first && date <= last }

  /// What was purged of a table, as its properties say it: `2024-01-01/2024-03-31,…`.
  static func purged(from snapshot: Snapshot, path: String) throws -> [DateRange] {
    guard let text = snapshot.configuration[TableProperty.purged], !text.isEmpty else { return [] }
    return try text.split(separator: ",").map { range in
      let ends = range.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard ends.count == 2, ends.allSatisfy({ CivilDate(iso: $0) != nil }), ends[0] <= ends[1]
      else {
        throw PassError(
          .input, "the table's property '\(TableProperty.purged)' is no list of dates: '\(text)'",
          place: path, remedy: "it reads like 2024-01-01/2024-03-31,2024-05-01/2024-05-01")
      }
      return DateRange(first: ends[0], last: ends[1])
    }
  }
}
