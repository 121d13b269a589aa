import Catalog
import Columnar
import DeltaLog
import Parquet

/// What several files of a table need to become one, and what the log then says of it.
package struct SegmentMerger: Sendable {
  /// Tags that are made anew when files are merged; what the others say of a file's rows must hold of all.
  private static let ownTags: Set<String> = [
    AddFile.Tag.rows, AddFile.Tag.rowHash2, AddFile.Tag.rowHash, SegmentTag.start, SegmentTag.end,
    SegmentUnits.tag,
  ]
  /// Columns of which the log keeps bounds where no schema says which: as many as the protocol's default.
  private static let foreignStatisticsMax = 32

  /// The table's folder.
  package let root: String
  /// nil where another program made the table.
  package let schema: TableSchema?
  /// Columns of a data file.
  package let fields: [Field]
  /// How rows of the merged file are sorted; `.asStored` where another program made the table.
  package let order: SortOrder
  private let partitionColumns: [String]
  private let options: WriterOptions

  /// - Parameters:
  ///   - schema: nil where another program made the table: then files are put together in the order given.
  ///   - partitionColumns: Columns that the table keeps in paths rather than in its files.
  package init(
    root: String, schema: TableSchema?, fields: [Field], partitionColumns: [String]
  ) {
    self.root = root
    self.partitionColumns = partitionColumns
    self.schema = schema
    self.fields = fields
    order = schema.map { SortOrder($0, fields: fields) } ?? .asStored
    var options = WriterOptions()
    options.sortingColumns = schema?.sortingColumns(2) ?? []
    // What others wrote may hold it, and is kept as it is.
    options.allowsNaN = schema == nil
    self.options = options
  }

  /// Files by what their tags say of their rows: only those of one group become one file.
  package static func groups(_ files: [AddFile]) -> [[AddFile]] {
    let groups = Dictionary(grouping: files) { file in
      file.tags.filter { !ownTags.contains($0.key) }
    }
    return groups.values.sorted { ($0.first?.path ?? "") < ($1.first?.path ?? "") }
  }

  /// Whether a file's rows keep their order when they are put among others'. Cost: may read the footer.
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

  /// Makes one segment of files, wherever they lie.
  ///
  /// - Parameters:
  ///   - day: First day of the partition's period; 0 where it has none.
  ///   - directory: Where it is made.
  ///   - byteCountMax: Memory for sort keys.
  package func merge(
    _ paths: [String], day: Int, directory: String, fileName: String, byteCountMax: Int,
    isInterrupted: () -> Bool = { false }
  ) throws -> StagedSegment {
    let rewriter = SegmentRewriter(
      fields: fields, unhashed: schema?.impliedColumns ?? [], order: order, options: options,
      directory: directory, byteCountMax: byteCountMax)
    return try rewriter.merge(
      paths, day: day, fileName: fileName, isInterrupted: isInterrupted)
  }

  /// What there is of files before they are merged.
  package func fingerprint(of files: [AddFile]) throws -> PartitionFingerprint {
    try PartitionFingerprint(files: files, root: root, fields: schema?.rowFields ?? fields)
  }

  /// Refuses a segment that does not hold the rows of the files that it was made of.
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

  /// What files became, as a file of their partition.
  package func placed(_ segment: StagedSegment, of files: [AddFile]) throws -> PlacedSegment {
    let columns = schema?.statisticsColumns ?? fields.prefix(Self.foreignStatisticsMax).map(\.name)
    return segment.placed(
      in: PartitionKey(files[0].partitionValues), columns: partitionColumns,
      statistics: segment.logStatistics(of: columns, fields: fields), tags: try tags(files))
  }

  private func tags(_ files: [AddFile]) throws -> [String: String] {
    var tags = files[0].tags
    func bounds(_ tag: String) -> [Int64]? {
      let values = files.map { $0.tag(tag).flatMap { Int64($0) } }
      return values.contains(nil) ? nil : values.compactMap { $0 }
    }
    tags[SegmentTag.start] = bounds(SegmentTag.start)?.min().map { "\($0)" }
    tags[SegmentTag.end] = bounds(SegmentTag.end)?.max().map { "\($0)" }
    tags[SegmentUnits.tag] = nil
    if let schema, schema.period != .date {
      var units = SegmentUnits()
      for file in files { units.add(try SegmentUnits(file, root: root, fields: schema.rowFields)) }
      tags[SegmentUnits.tag] = units.text
    }
    return tags
  }
}
