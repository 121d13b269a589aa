import Catalog
import Columnar
import DeltaLog
import Market
import Platform

/// What one commit changes in a derived table by a longer period: units are dates, and a segment may hold many.
///
/// A unit that is made anew goes out of the segments that hold it, which are written again without its date; the
/// others of its period stay as they are. Small segments of a period become one in the same commit.
package struct DerivedPeriods {
  /// A date that was made anew.
  package struct Unit: Sendable {
    /// ISO date, like `2024-01-02`.
    package var date: String
    /// What it was computed from; recorded in the tags of its segment.
    package var derivation: Derivation
    /// nil where it came out empty.
    package var segment: StagedSegment?

    /// - Parameter segment: In staging; its rows are all of `date`.
    package init(date: String, derivation: Derivation, segment: StagedSegment?) {
      self.date = date
      self.derivation = derivation
      self.segment = segment
    }
  }

  /// Memory for the keys of a merge.
  private static let mergeByteCountMax = 16 << 20

  private let snapshot: Snapshot?
  private let root: String
  private let schema: TableSchema
  private let directory: String
  private let nextFileName: (String) -> String
  private let merger: SegmentMerger
  private var period: PartitionPeriod { schema.period }

  private var removed: [AddFile] = []
  private var added: [PlacedSegment] = []
  private var partitions: Set<PartitionKey> = []

  /// - Parameters:
  ///   - root: The table's folder.
  ///   - directory: Where segments are made.
  ///   - nextFileName: A name that no other file has, with a word in it.
  package init(
    _ snapshot: Snapshot?, root: String, schema: TableSchema, directory: String,
    nextFileName: @escaping (String) -> String
  ) {
    self.snapshot = snapshot
    self.root = root
    self.schema = schema
    self.directory = directory
    self.nextFileName = nextFileName
    merger = SegmentMerger(
      root: root, schema: schema, fields: schema.fileFields,
      partitionColumns: [schema.partitionColumn])
  }

  /// What the units do to the table.
  package var change: TableChange {
    var change = TableChange(.merge(.some(partitions)))
    change.removed = removed
    change.segments = added
    return change
  }

  /// Takes units into the commit.
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

  /// The rows of a stored segment that are of other dates.
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

  /// Takes the new segments into the commit, and with them the small ones that become one.
  private mutating func merge(
    _ kept: [AddFile], _ new: [PlacedSegment], start: Int
  ) throws {
    var new = new
    let stagedPaths = Dictionary(
      uniqueKeysWithValues: new.map { ($0.file.path, $0.staged.path) })
    for group in SegmentMerger.groups(kept + new.map(\.file)) {
      let chosen = SmallSegments.choice(group)
      if chosen.isEmpty { continue }
      let paths = try chosen.map { file in
        try stagedPaths[file.path] ?? file.localPath(in: root)
      }
      let segment = try merger.merge(
        paths, day: start, directory: directory,
        fileName: nextFileName("merged"), byteCountMax: Self.mergeByteCountMax)
      try merger.check(segment, isOf: chosen)
      let taken = Set(chosen.map(\.path))
      removed += kept.filter { taken.contains($0.path) }
      new.removeAll { taken.contains($0.file.path) }
      new.append(try merger.placed(segment, of: chosen))
    }
    added += new
  }

  /// Live files of the period that begins on a day.
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
