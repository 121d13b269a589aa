import Catalog
import Columnar
import DeltaLog
import Market
import Platform

/// What one commit changes in a derived table that is partitioned by month or year: units are dates, and a
/// segment may hold many.
///
/// Segments that hold a recomputed date are rewritten without it; other segments of the period stay as they
/// are. Small segments of a period are merged in the same commit.
package struct DerivedPeriods {
  /// A date that was recomputed.
  package struct Unit: Sendable {
    /// ISO date, like `2024-01-02`.
    package var date: String
    /// What it was computed from; recorded in the tags of its segment.
    package var derivation: Derivation
    /// nil if it has no rows.
    package var segment: StagedSegment?

    /// - Parameter segment: In staging; its rows are all of `date`.
    package init(date: String, derivation: Derivation, segment: StagedSegment?) {
      self.date = date
      self.derivation = derivation
      self.segment = segment
    }
  }

  /// Memory for the sort keys of a merge, in bytes.
  private static let mergeByteCountMax = 16 << 20

  private let snapshot: Snapshot?
  private let root: String
  private let schema: TableSchema
  private let directory: String
  private let nextFileName: (String) -> String
  private let merger: SegmentMerger
  /// Nested columns, which another program added, would be lost by merging.
  private let mergesSmall: Bool
  private var period: PartitionPeriod { schema.period }

  private var removed: [AddFile] = []
  private var added: [PlacedSegment] = []
  private var partitions: Set<PartitionKey> = []

  /// - Parameters:
  ///   - root: The table's folder.
  ///   - directory: The folder in staging in which segments are written.
  ///   - nextFileName: Returns a name that no other file has, with the given word in it.
  package init(
    _ snapshot: Snapshot?, root: String, schema: TableSchema, directory: String,
    nextFileName: @escaping (String) -> String
  ) {
    self.snapshot = snapshot
    self.root = root
    self.schema = schema
    self.directory = directory
    self.nextFileName = nextFileName
    // What another program added to the table is kept.
    let known = Set(schema.fileFields.map(\.name) + [schema.partitionColumn])
    let others = snapshot?.fields.filter { !known.contains($0.name) } ?? []
    merger = SegmentMerger(
      root: root, schema: schema, fields: schema.fileFields + others,
      partitionColumns: [schema.partitionColumn])
    mergesSmall = snapshot.map { $0.schema.fields.count == $0.fields.count } ?? true
  }

  /// The change to commit.
  package var change: TableChange {
    var change = TableChange(.merge(.some(partitions)))
    change.removed = removed
    change.segments = added
    return change
  }

  /// Adds recomputed units to the commit.
  package mutating func replace(_ results: [Unit]) throws {
    let byStart = Dictionary(grouping: results) { result in
      CivilDate(iso: result.date).map { period.start(ofDay: $0.daysSinceEpoch) } ?? .min
    }
    for (start, results) in byStart.sorted(by: { $0.key < $1.key }) {
      try replace(results, in: start)
    }
  }

  private mutating func replace(_ results: [Unit], in start: Int) throws {
    let key = period.key(startingOn: start)
    partitions.insert(key)
    let dates = Set(results.map(\.date))
    var kept: [AddFile] = []
    var new: [PlacedSegment] = []
    for file in try files(startingOn: start) {
      let units = try SegmentUnits(file, root: root, fields: schema.rowFields)
      if units.dates.isDisjoint(with: dates) {
        kept.append(file)
        continue
      }
      removed.append(file)
      let rest = units.without(dates)
      if rest.isEmpty { continue }
      let staged = try copy(file, without: dates, start: start)
      new.append(placed(staged, rest, tags: file.tags))
    }
    for result in results {
      guard let segment = result.segment else { continue }
      let unit = SegmentUnits.Unit(
        rowCount: Int64(segment.rowCount), rowHash: segment.fingerprint,
        inputs: result.derivation.inputDigits)
      var tags = result.derivation.tags
      tags[Derivation.inputsTag] = nil
      new.append(placed(segment, SegmentUnits(result.date, unit), tags: tags))
    }
    try merge(kept, new, start: start)
  }

  /// Copies a stored segment without the rows of some dates.
  private func copy(
    _ file: AddFile, without dates: Set<String>, start: Int
  ) throws -> StagedSegment {
    let days = Set(dates.compactMap { CivilDate(iso: $0)?.daysSinceEpoch })
    let copy = try FilteredCopy(path: file.localPath(in: root), schema: schema)
    let date = Field(TableSchema.dateColumn, .date)
    return try copy.write(
      day: start, directory: directory, fileName: nextFileName("rest")
    ) { reader, group in
      guard case .integers(let values) = try reader.column(date, group).storage else { return [] }
      return group.rows.filter { !days.contains(Int(values[$0])) }
    }
  }

  /// Adds the new segments to the commit, merging small ones.
  private mutating func merge(
    _ kept: [AddFile], _ new: [PlacedSegment], start: Int
  ) throws {
    var new = new
    let stagedPaths = Dictionary(
      uniqueKeysWithValues: new.map { ($0.file.path, $0.staged.path) })
    for group in SegmentMerger.groups(kept + new.map(\.file)) {
      let chosen = mergesSmall ? SmallSegments.choice(group) : []
      if chosen.isEmpty { continue }
      let sources = try chosen.map { file in
        SegmentSource(path: try stagedPaths[file.path] ?? file.localPath(in: root))
      }
      let segment = try merger.merge(
        sources, day: start, directory: directory,
        fileName: nextFileName("merged"), byteCountMax: Self.mergeByteCountMax)
      try merger.check(segment, isOf: chosen)
      let taken = Set(chosen.map(\.path))
      removed += kept.filter { taken.contains($0.path) }
      new.removeAll { taken.contains($0.file.path) }
      new.append(try merger.placed(segment, of: chosen))
    }
    added += new
  }

  /// Live files of the period that begins on `start`, days since 1970.
  private func files(startingOn start: Int) throws -> [AddFile] {
    let date = CivilDate(daysSinceEpoch: start).iso
    return try snapshot?.files(where: schema.partitionColumn, is: date) ?? []
  }

  private func placed(
    _ staged: StagedSegment, _ units: SegmentUnits, tags: [String: String]
  ) -> PlacedSegment {
    var tags = tags
    tags[SegmentUnits.tag] = units.text
    return staged.placed(schema, tags: tags)
  }
}
