import Bytes
import Catalog
import Columnar
import DeltaLog
import Market
import Synchronization

/// A stored table as an input of a plan: the files and fingerprints of each date.
package final class StoredInput: Sendable {
  /// As in `raw.glbx_mdp3_trades`.
  package let name: TableName
  /// The version that is read; it does not move while a plan runs.
  package let snapshot: Snapshot
  /// The table's folder.
  package let root: String
  /// Live files by ISO date. In a table by a longer period a file is among those of every date of which it holds rows.
  package let filesByDate: [String: [AddFile]]
  /// What the table's rows are, and by what period they are kept.
  private let schema: TableSchema
  private let plain: PlainFiles
  /// Columns that count in the rows' hashes: those that other programs added to the table, too.
  private let hashedFields: [Field]
  /// First and last instants of dates are reckoned in it.
  private let zone: TimeZoneRules
  private let purged: [DateRange]
  /// Fingerprints computed so far, by date.
  private let known = Mutex<[String: PartitionFingerprint]>([:])

  /// - Parameter schema: The table's, with its period.
  /// - Throws: Cost: where a table is by a longer period, a file that does not say its dates is read.
  package init(
    _ name: TableName, snapshot: Snapshot, root: String, schema: TableSchema
  ) throws {
    self.name = name
    self.snapshot = snapshot
    self.root = root
    self.schema = schema
    let implied = schema.impliedColumns.union(snapshot.partitionColumns)
    let plain = PlainFiles(snapshot, root: root)
    self.plain = plain
    let hashedFields = snapshot.fields.filter { !implied.contains($0.name) }
    self.hashedFields = hashedFields
    zone = try TimeZoneRules.named(
      snapshot.configuration[TableProperty.partitionTimezone] ?? "UTC")
    if schema.period == .date {
      filesByDate = Dictionary(grouping: try snapshot.files) {
        $0.partitionValue(TableSchema.dateColumn) ?? ""
      }
    } else {
      var filesByDate: [String: [AddFile]] = [:]
      var sums: [String: PartitionFingerprint] = [:]
      for file in try snapshot.files {
        let units = try SegmentUnits(file, in: plain, fields: hashedFields)
        for (date, unit) in units.byDate {
          filesByDate[date, default: []].append(file)
          sums[date, default: PartitionFingerprint()].add(unit)
        }
      }
      self.filesByDate = filesByDate
      known.withLock { [sums] in $0 = sums }
    }
    purged = try DateRange.purged(from: snapshot, path: root)
  }

  /// Of the snapshot.
  package var version: Int { snapshot.version }
  /// Dates of which there are files, ascending.
  package var dates: [String] { filesByDate.keys.sorted() }

  /// The instants of a date, in µs since 1970 UTC, where its files hold other dates too; nil where they hold no other.
  package func times(of date: String) -> Range<Int64>? {
    guard schema.period != .date, let day = CivilDate(iso: date)?.daysSinceEpoch else { return nil }
    return zone.startOfDay(day) * 1_000_000..<zone.startOfDay(day + 1) * 1_000_000
  }

  /// Readers of a date's files, in the order of the log: see `times(of:)`.
  package func readers(of date: String) throws -> [SegmentReader] {
    try (filesByDate[date] ?? []).map { try plain.reader(of: $0, fields: schema.fileFields) }
  }

  /// What the date's files hold; of a date without files, the absent partition's. Costs a read of whole files
  /// where their tags do not say it.
  package func fingerprint(of date: String) throws -> PartitionFingerprint {
    if let fingerprint = known.withLock({ $0[date] }) { return fingerprint }
    let fingerprint = try PartitionFingerprint(
      files: filesByDate[date] ?? [], in: plain, root: root, fields: hashedFields)
    known.withLock { $0[date] = fingerprint }
    return fingerprint
  }

  /// Size of the date's files, compressed: how long it may take to read them.
  package func byteCount(of date: String) -> Int64 {
    (filesByDate[date] ?? []).reduce(0) { $0.adding(clamped: $1.size) }
  }

  /// Whether the table's properties say that rows of this date were removed on purpose, so that nothing is
  /// computed from their absence.
  package func isPurged(_ date: String) -> Bool { purged.contains { $0.contains(date) } }
}

/// An inclusive range of ISO dates.
package struct DateRange: Hashable, Sendable {
  /// ISO date, included.
  package var first: String
  /// ISO date, included.
  package var last: String

  /// ISO dates order as texts do.
  package func contains(_ date: String) -> Bool { date >= first && date <= last }

  /// The ranges of rows that were purged, from the table property: `2024-01-01/2024-03-31,…`.
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
