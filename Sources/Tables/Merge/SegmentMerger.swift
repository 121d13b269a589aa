import Catalog
import Columnar
import DeltaLog
import Parquet

/// How files of a table are merged into one, and the log entry of the result.
package struct SegmentMerger: Sendable {
  /// Tags that are made anew when files are merged; what the others say of a file's rows must hold of all.
  static let ownTags: Set<String> = [
    AddFile.Tag.rows, AddFile.Tag.rowHash2, AddFile.Tag.rowHash, SegmentTag.start, SegmentTag.end,
    SegmentUnits.tag,
  ]
  /// Columns that get statistics in the log if there is no schema: as many as the protocol's default.
  private static let foreignStatisticsMax = 32

  /// The table's folder.
  package let root: String
  /// nil if another program made the table.
  package let schema: TableSchema?
  /// Columns of a data file.
  package let fields: [Field]
  /// How rows of the merged file are sorted; `.asStored` if another program made the table.
  package let order: SortOrder
  private let partitionColumns: [String]
  private let options: WriterOptions
  private let widens: Bool

  /// - Parameters:
  ///   - schema: nil if another program made the table: then files are concatenated in the given order.
  ///   - partitionColumns: Columns that the table keeps in paths rather than in its files.
  ///   - widens: Whether files may have numbers that are narrower than the table's.
  package init(
    root: String, schema: TableSchema?, fields: [Field], partitionColumns: [String],
    order: SortOrder? = nil, widens: Bool = false
  ) {
    self.root = root
    self.widens = widens
    self.partitionColumns = partitionColumns
    self.schema = schema
    self.fields = fields
    self.order = order ?? schema.map { SortOrder($0, fields: fields) } ?? .asStored
    var options = WriterOptions()
    options.sortingColumns = schema?.sortingColumns(2) ?? []
    // Tables of other programs may hold NaN, which is kept.
    options.allowsNaN = schema == nil
    self.options = options
  }

  /// Files by what their tags say of their rows: only those of one group become one file.
  ///
  /// - Parameter ownTags: Tags that are made anew.
  package static func groups(
    _ files: [AddFile], ownTags: Set<String> = Self.ownTags
  ) -> [[AddFile]] {
    let groups = Dictionary(grouping: files) { file in
      file.tags.filter { !ownTags.contains($0.key) }
    }
    return groups.values.sorted { ($0.first?.path ?? "") < ($1.first?.path ?? "") }
  }

  /// Whether a file's rows keep their order when they are merged with others'. Cost: may read the footer.
  package func canBeMerged(_ file: AddFile) throws -> Bool {
    // Ordinals that do not say which source they count in would mix with those of other files.
    let column = TableSchema.ordinalColumn
    if !fields.contains(where: { $0.name == column }) { return true }
    let reader = try SegmentReader(path: file.localPath(in: root), fields: [])
    if !reader.mayHaveValues(column) { return true }
    for group in reader.rowGroups {
      guard let statistics = reader.statistics(column, rowGroup: group.rowGroup) else {
        return false
      }
      if statistics.nullCount == group.count { continue }
      guard case .integer(let least)? = statistics.minimum, SourceOrdinal.source(least) > 0 else {
        return false
      }
    }
    return true
  }

  /// Makes one segment of files.
  ///
  /// - Parameters:
  ///   - day: First day of the partition's period, days since 1970; 0 if the table has no periods.
  ///   - directory: The folder in staging in which the segment is written.
  ///   - byteCountMax: Memory for sort keys, in bytes.
  package func merge(
    _ sources: [SegmentSource], day: Int, directory: String, fileName: String, byteCountMax: Int,
    isInterrupted: () -> Bool = { false }
  ) throws -> StagedSegment {
    try rewriter(directory, byteCountMax).merge(
      sources, day: day, fileName: fileName, isInterrupted: isInterrupted)
  }

  /// What merges files of the table, or looks for rows that are there twice.
  ///
  /// - Parameters:
  ///   - directory: Where segments are made.
  ///   - byteCountMax: Memory for sort keys.
  package func rewriter(_ directory: String, _ byteCountMax: Int) -> SegmentRewriter {
    SegmentRewriter(
      fields: fields, unhashed: schema?.impliedColumns ?? [], order: order, options: options,
      directory: directory, byteCountMax: byteCountMax, widens: widens)
  }

  /// Columns that count in the rows' hashes: those that other programs added to the table, too.
  private var hashedFields: [Field] {
    let implied = schema?.impliedColumns ?? []
    return fields.filter { !implied.contains($0.name) }
  }

  /// The fingerprint of files before they are merged.
  package func fingerprint(of files: [AddFile]) throws -> PartitionFingerprint {
    try PartitionFingerprint(files: files, root: root, fields: hashedFields)
  }

  /// Refuses a segment that does not hold exactly the rows of the files that were merged.
  package func check(_ segment: StagedSegment, isOf files: [AddFile]) throws {
    let before = try fingerprint(of: files)
    let rowCount = Int64(segment.rowCount)
    if before.rowCount == rowCount, before.rowHash == segment.fingerprint { return }
    throw PassError(
      .conservation,
      "small segments that become one do not conserve their rows: \(before.rowCount) before, \(rowCount) after",
      place: root,
      remedy: "nothing of it was committed; look whether a file was changed on disk: lake history")
  }

  /// The merged segment as a file of the partition of `files`.
  package func placed(_ segment: StagedSegment, of files: [AddFile]) throws -> PlacedSegment {
    var tags = Self.sharedTags(of: files)
    if let schema, schema.period != .date {
      var units = SegmentUnits()
      for file in files { units.add(try SegmentUnits(file, root: root, fields: hashedFields)) }
      tags[SegmentUnits.tag] = units.text
    }
    return placed(segment, in: PartitionKey(files[0].partitionValues), tags: tags)
  }

  /// The rows of one group's files, from which rows may have been removed, as one file of their partition.
  /// Cost: reads them if the table is not partitioned by date.
  package func placed(remaining segment: StagedSegment, of files: [AddFile]) throws -> PlacedSegment
  {
    var tags = Self.sharedTags(of: files)
    if let schema, schema.period != .date {
      tags[SegmentUnits.tag] =
        try SegmentUnits(path: segment.path, fields: hashedFields).text
    }
    return placed(segment, in: PartitionKey(files[0].partitionValues), tags: tags)
  }

  /// A segment as a file of a partition, with what the log says of its columns.
  func placed(
    _ segment: StagedSegment, in partition: PartitionKey, tags: [String: String]
  ) -> PlacedSegment {
    let columns = schema?.statisticsColumns ?? fields.prefix(Self.foreignStatisticsMax).map(\.name)
    return segment.placed(
      in: partition, columns: partitionColumns,
      statistics: segment.logStatistics(of: columns, fields: fields), tags: tags)
  }

  /// What holds of the rows of files that are of one group: without the tags of their dates.
  static func sharedTags(of files: [AddFile]) -> [String: String] {
    var tags = files[0].tags
    func bounds(_ tag: String) -> [Int64]? {
      let values = files.map { $0.tag(tag).flatMap { Int64($0) } }
      return values.contains(nil) ? nil : values.compactMap { $0 }
    }
    tags[SegmentTag.start] = bounds(SegmentTag.start)?.min().map { "\($0)" }
    tags[SegmentTag.end] = bounds(SegmentTag.end)?.max().map { "\($0)" }
    tags[SegmentUnits.tag] = nil
    return tags
  }
}
