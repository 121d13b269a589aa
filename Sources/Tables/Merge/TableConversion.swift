import Bytes
import Catalog
import Columnar
import DeltaLog
import Market
import Parquet
import Platform

/// Writes the rows of a table into files of another partition period, or with wider columns. No row changes, and neither
/// does what is known of a date: how many rows it has, what they are, and what they were made of. A value in a wider
/// column is the same number, and another hash.
///
/// Files become one a period where they are alike; a file that holds several periods is cut. Memory is bounded as a
/// merge's is (`SegmentRewriter`), and by a row group of a file that is cut.
package struct TableConversion: Sendable {
  /// Bytes of files that become one at most; a larger one stays alone.
  private static let byteCountMax: Int64 = 512 << 20

  /// The table's folder.
  private let root: String
  /// The table as it is, and as it will be.
  private let old: TableSchema
  private let new: TableSchema
  /// Columns of a file as it will be.
  private let fields: [Field]
  private let oldFields: [Field]
  /// Columns that count in the rows' hashes: those that other programs added to the table, too.
  private let hashedFields: [Field]
  private let merger: SegmentMerger
  /// Whether columns become wider: then what tags say of rows' hashes does not hold afterwards.
  private let isWidening: Bool

  /// - Parameters:
  ///   - schema: The table's, with its period.
  ///   - snapshot: The table as it is.
  ///   - names: Columns that become as wide as decimals get; those that are that already stay so.
  package init(
    root: String, schema: TableSchema, snapshot: Snapshot, to period: PartitionPeriod,
    widening names: Set<String> = []
  ) {
    self.root = root
    old = schema
    new = schema.widened(names).partitioned(by: period)
    isWidening = new.wideColumnNames != old.wideColumnNames
    let implied = [schema.partitionColumn, TableSchema.dateColumn]
    let date = Field(TableSchema.dateColumn, .date)
    let wide = new.wideColumnNames
    let own = snapshot.fields.filter { !implied.contains($0.name) }.map { field in
      wide.contains(field.name) ? Field(field.name, TableSchema.wideType) : field
    }
    hashedFields = own
    oldFields = schema.period == .date ? own : own + [date]
    fields = period == .date ? own : own + [date]
    merger = SegmentMerger(
      root: root, schema: new, fields: fields, partitionColumns: [new.partitionColumn],
      widens: isWidening)
  }

  /// Whether the table is so already.
  package var changesNothing: Bool { !isWidening && new.period == old.period }

  /// What the table declares of itself with the new period.
  package func metadata(of snapshot: Snapshot) throws -> TableMetadata {
    var metadata = snapshot.metadata
    var schema = snapshot.schema
    let declared = try TableDefinition(TableName(layer: "raw", name: "any"), schema: new)
      .deltaSchema()
    let implied = Set([old.partitionColumn, new.partitionColumn, TableSchema.dateColumn])
    schema.fields.removeAll { implied.contains($0.name) }
    let wanted = Set([new.partitionColumn, TableSchema.dateColumn])
    schema.fields += declared.fields.filter { wanted.contains($0.name) }
    for (index, field) in schema.fields.enumerated()
    where new.wideColumnNames.contains(field.name) {
      if let wide = declared.fields.first(where: { $0.name == field.name }) {
        schema.fields[index].type = wide.type
      }
    }
    metadata.schemaString = schema.schemaString
    metadata.partitionColumns = [new.partitionColumn]
    metadata.configuration[TableProperty.partitionPeriod] =
      new.period == .date ? nil : new.period.rawValue
    metadata.configuration[TableProperty.statisticsColumns] =
      new.statisticsColumns.joined(separator: ",")
    return metadata
  }

  /// Files by the longer of both periods: what is converted together.
  package func units(_ files: [AddFile]) throws -> [(partition: PartitionKey, files: [AddFile])] {
    let longer = old.period.days(around: 0).count > new.period.days(around: 0).count ? old : new
    let byStart = try Dictionary(grouping: files) { longer.period.start(ofDay: try start(of: $0)) }
    return byStart.sorted { $0.key < $1.key }.map {
      (longer.period.key(startingOn: $0.key), $0.value)
    }
  }

  private func start(of file: AddFile) throws -> Int {
    if let start = old.period.start(of: file) { return start }
    throw PassError(
      .input, "the file's partition is no \(old.period)", place: root + "/" + file.filePath,
      remedy:
        "lake restore \(LoggedFile.table(in: root)) --version N takes back the commit that brought the file"
    )
  }

  /// Writes the rows of files of one unit.
  ///
  /// - Parameters:
  ///   - fileName: Makes a name of a word that no other file of the unit has.
  ///   - byteCountMax: Memory for sort keys.
  package func convert(
    _ files: [AddFile], directory: String, byteCountMax: Int, isInterrupted: () -> Bool,
    fileName: (String) -> String
  ) throws -> [PlacedSegment] {
    var segments: [PlacedSegment] = []
    for (number, group) in try groups(files).enumerated() {
      let parts = try parts(
        of: group, directory, isInterrupted, fileName: { fileName("\(number)-\($0)") })
      for (start, part) in parts.sorted(by: { $0.key < $1.key }) {
        let segment = try merger.merge(
          part.sources, day: start, directory: directory, fileName: fileName("\(number)-\(start)"),
          byteCountMax: byteCountMax, isInterrupted: isInterrupted)
        var tags = SegmentMerger.sharedTags(of: group)
        tags[Derivation.inputsTag] = nil
        if new.period == .date {
          tags[Derivation.inputsTag] = part.units.byDate.values.first?.inputs
        } else {
          tags[SegmentUnits.tag] = part.units.text
        }
        segments.append(
          merger.placed(segment, in: new.period.key(startingOn: start), tags: tags))
      }
    }
    return segments
  }

  /// What there is of files before they are converted.
  package func fingerprint(of files: [AddFile]) throws -> PartitionFingerprint {
    guard isWidening else {
      return try PartitionFingerprint(files: files, root: root, fields: hashedFields)
    }
    var total = PartitionFingerprint()
    for file in files {
      let reader = try SegmentReader(
        path: file.localPath(in: root), fields: hashedFields, widens: true)
      let (rowCount, hash) = try reader.fingerprint()
      total.rowCount = total.rowCount.adding(clamped: Int64(rowCount))
      total.rowHash &+= hash
    }
    return total
  }

  // MARK: - Files that become one

  private func groups(_ files: [AddFile]) throws -> [[AddFile]] {
    // What a date was made of is kept with the date.
    let ownTags = SegmentMerger.ownTags.union([Derivation.inputsTag])
    var result: [[AddFile]] = []
    for group in SegmentMerger.groups(files, ownTags: ownTags) {
      var together: [AddFile] = []
      var byteCount: Int64 = 0
      let ordered = try group.map { (try start(of: $0), $0) }.sorted {
        ($0.0, $0.1.modificationTime, $0.1.path) < ($1.0, $1.1.modificationTime, $1.1.path)
      }
      for (_, file) in ordered {
        guard try merger.canBeMerged(file), file.size < Self.byteCountMax else {
          result.append([file])
          continue
        }
        byteCount = byteCount.adding(clamped: file.size)
        if byteCount > Self.byteCountMax, !together.isEmpty {
          result.append(together)
          (together, byteCount) = ([], file.size)
        }
        together.append(file)
      }
      if !together.isEmpty { result.append(together) }
    }
    return result
  }

  /// What goes into one file: rows, and what is known of their dates.
  private struct Part {
    var sources: [SegmentSource] = []
    var units = SegmentUnits()
  }

  /// By the first day of the new period.
  private func parts(
    of files: [AddFile], _ directory: String, _ isInterrupted: () -> Bool,
    fileName: (String) -> String
  ) throws -> [Int: Part] {
    var parts: [Int: Part] = [:]
    for (number, file) in files.enumerated() {
      if isInterrupted() { throw PassError(.interrupted, "interrupted") }
      let units = try units(of: file)
      var starts: Set<Int> = []
      for (date, unit) in units.byDate {
        guard let day = CivilDate(iso: date)?.daysSinceEpoch else { continue }
        let start = new.period.start(ofDay: day)
        starts.insert(start)
        parts[start, default: Part()].units.add(SegmentUnits(date, unit))
      }
      let path = try file.localPath(in: root)
      if starts.count > 1 {
        let pieces = try cut(path, directory, fileName: { fileName("cut-\(number)-\($0)") })
        for (start, sources) in pieces { parts[start, default: Part()].sources += sources }
      } else if let start = starts.first {
        let day = old.period == .date ? try self.start(of: file) : nil
        parts[start, default: Part()].sources.append(SegmentSource(path: path, day: day))
      }
    }
    return parts
  }

  private func units(of file: AddFile) throws -> SegmentUnits {
    guard old.period == .date else {
      guard isWidening else {
        return try SegmentUnits(file, root: root, fields: hashedFields)
      }
      let read = try SegmentUnits(
        path: file.localPath(in: root), fields: hashedFields, widens: true)
      // What they were made of is still so.
      return read.withInputs(of: file.units)
    }
    let sum = try fingerprint(of: [file])
    if sum.rowCount == 0 { return SegmentUnits() }
    let inputs = file.tag(Derivation.inputsTag).map {
      String($0.prefix(SegmentUnits.inputDigitCount))
    }
    return SegmentUnits(
      CivilDate(daysSinceEpoch: try start(of: file)).iso,
      SegmentUnits.Unit(rowCount: sum.rowCount, rowHash: sum.rowHash, inputs: inputs))
  }

  /// Cuts a file that holds several periods into ones of one each, row group by row group.
  private func cut(
    _ path: String, _ directory: String, fileName: (String) -> String
  ) throws -> [Int: [SegmentSource]] {
    let reader = try SegmentReader(path: path, fields: oldFields, widens: isWidening)
    let encoder = GroupEncoder(
      fields: fields, options: WriterOptions(), unhashed: new.impliedColumns)
    var pieces: [Int: [SegmentSource]] = [:]
    for group in reader.rowGroups {
      let dates = try reader.column(Field(TableSchema.dateColumn, .date), group)
      guard case .integers(let days) = dates.storage else { continue }
      let rowsByStart = Dictionary(grouping: days.indices) {
        new.period.start(ofDay: Int(days[$0]))
      }
      var columns: [String: Column] = [:]
      for field in fields { columns[field.name] = try reader.column(field, group) }
      for (start, rows) in rowsByStart {
        let writer = try SegmentWriter(
          directory: directory, fileName: fileName("\(group.rowGroup)-\(start)"), day: start,
          columns: fields.map { WriterColumn($0) }, options: WriterOptions())
        try writer.append(
          try encoder.encode(rowCount: rows.count) { field in
            columns[field.name]?.rows(rows) ?? Column(nulls: rows.count, of: field.type)
          })
        let piece = try writer.finish(isDurable: false)
        pieces[start, default: []].append(SegmentSource(path: piece.path))
      }
    }
    return pieces
  }
}
