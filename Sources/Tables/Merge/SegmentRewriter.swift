import Bytes
import CSystem
import Catalog
import Columnar
import DeltaLog
import Parquet

/// Merges data files of a partition into one sorted segment.
///
/// Files are merged by their sort keys, of which a window per file is in memory; then the other columns of a
/// row group are read one after the other. A file that is not sorted is first split into sorted ones in
/// staging; many files are merged in rounds. Memory is bounded by `byteCountMax`, by `fileCountMax` open files
/// and by the size of one column of a row group.
package struct SegmentRewriter {
  /// Files merged at once: each open file takes some megabytes.
  static let fileCountMax = 64

  private let fields: [Field]
  private let unhashed: Set<String>
  private let order: SortOrder
  private let options: WriterOptions
  private let directory: String
  /// Memory for sort keys, in bytes.
  private let byteCountMax: Int
  private let widens: Bool

  /// - Parameters:
  ///   - fields: The table's columns, without its partition columns.
  ///   - unhashed: Columns that are left out of the rows' hashes.
  ///   - directory: The folder in staging in which segments are written.
  ///   - widens: Whether files may have numbers that are narrower than the table's.
  package init(
    fields: [Field], unhashed: Set<String> = [], order: SortOrder, options: WriterOptions,
    directory: String, byteCountMax: Int, widens: Bool = false
  ) {
    self.widens = widens
    self.fields = fields
    self.unhashed = unhashed
    self.order = order
    self.options = options
    self.directory = directory
    self.byteCountMax = byteCountMax
  }

  /// Writes all rows of some files as one segment.
  ///
  /// - Parameters:
  ///   - day: First day of the segment's period, days since 1970.
  ///   - isInterrupted: Asked before every row group.
  package func merge(
    _ sources: [SegmentSource], day: Int, fileName: String, isInterrupted: () -> Bool = { false }
  ) throws -> StagedSegment {
    try withSortedSources(sources, day, fileName, isInterrupted) { sources in
      try mergeSorted(sources, day, fileName, isDurable: true, isInterrupted)
    }
  }

  /// Writes the rows of some files as one segment a group, without rows whose key another one has.
  ///
  /// - Parameters:
  ///   - sources: Those first whose rows stay. Where they are too many to be read at once, those of the first groups
  ///     come first.
  ///   - day: First day of the segments' period, days since 1970.
  ///   - keyColumns: What makes a row another one; the columns of the order are among them.
  ///   - conflictMax: Rows that may differ from one with their key; more are an error.
  ///   - hashesSources: Whether the sources' fingerprint is wanted, where it takes no second reading.
  ///   - isInterrupted: Asked before every row group.
  package func deduplicate(
    _ sources: [SegmentSource], keyColumns: Set<String>, day: Int, fileName: String,
    conflictMax: Int, hashesSources: Bool = false, isInterrupted: () -> Bool = { false }
  ) throws -> DeduplicatedRows {
    let given = sources
    return try withSortedSources(sources, day, fileName, isInterrupted) { sources in
      var result = DeduplicatedRows()
      var filter = DuplicateFilter(
        fields: fields, unhashed: unhashed, order: order, keyColumns: keyColumns)
      let encoder = GroupEncoder(fields: fields, options: options, unhashed: unhashed)
      var writers: [Int: SegmentWriter] = [:]
      func hash(_ all: SortedColumns) throws {
        // What was merged before is no longer what there was.
        guard hashesSources, sources == given else { return }
        result.source = try all.fingerprint(fields.filter { !unhashed.contains($0.name) })
      }
      try forEachGroup(of: sources, isInterrupted, read: hash) { rows in
        let verdict = try filter.judge(
          rowCount: rows.rowCount, keyNumbers: rows.keyNumbers, rows.column)
        result.duplicateCount += verdict.duplicateCount
        result.dropped &+= verdict.dropped
        try result.take(verdict.conflicts, fields: fields, max: conflictMax, rows.column)
        for (group, kept) in Self.byGroup(verdict.kept, rows.runs, sources) {
          let name = group == 0 ? fileName : "\(group)-" + fileName
          let writer = try writers[group] ?? self.writer(name, day: day)
          writers[group] = writer
          let some = kept.count == rows.rowCount ? nil : kept
          try writer.append(
            try encoder.encode(rowCount: kept.count) { try rows.column($0, some) })
        }
      }
      for (group, writer) in writers { result.segments[group] = try writer.finish() }
      return result
    }
  }

  /// Counts the rows with a key that another row before them has. Cost: reads the key columns of all files.
  ///
  /// - Returns: nil where a file's rows are not in order.
  package func repeatedKeyCount(
    _ sources: [SegmentSource], keyColumns: Set<String>, isInterrupted: () -> Bool = { false }
  ) throws -> Int? {
    let key = fields.filter { field in
      keyColumns.contains { $0 == field.name || $0 + RemainderColumns.suffix == field.name }
    }
    let keys = SegmentRewriter(
      fields: key, order: order, options: options, directory: directory, byteCountMax: byteCountMax)
    var count = 0
    var filter = DuplicateFilter(
      fields: key, order: order, keyColumns: keyColumns, comparesContent: false)
    do {
      try keys.forEachGroup(of: sources, isInterrupted) { rows in
        count += try filter.judge(rowCount: rows.rowCount, rows.column).duplicateCount
      }
    } catch is UnsortedSegment {
      return nil
    }
    return count
  }

  private static func byGroup(
    _ kept: [Int], _ findRuns: () -> [MergeRun], _ sources: [SegmentSource]
  ) -> [(group: Int, rows: [Int])] {
    if kept.isEmpty { return [] }
    let groups = Set(sources.map(\.group))
    if groups.count == 1, let group = groups.first { return [(group, kept)] }
    let runs = findRuns()
    var result: [Int: [Int]] = [:]
    var run = 0
    var end = runs[0].rows.count
    for row in kept {
      while row >= end {
        run += 1
        end += runs[run].rows.count
      }
      result[sources[runs[run].file].group, default: []].append(row)
    }
    return result.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  // MARK: - Files, few and in order

  /// Calls `body` with files whose rows are in order, no more than may be open at once as far as groups allow: those
  /// that lie side by side are merged before, so that equal rows keep the order of their files.
  private func withSortedSources<Result>(
    _ sources: [SegmentSource], _ day: Int, _ fileName: String, _ isInterrupted: () -> Bool,
    _ body: ([SegmentSource]) throws -> Result
  ) throws -> Result {
    var sources = sources
    var attempt = 0
    while true {
      do {
        return try inRounds(sources, day, "\(attempt)-" + fileName, isInterrupted, body)
      } catch is UnsortedSegment {
        attempt += 1
        // Where one is not in order, others of the same writer are not either: all are looked at at once.
        for source in sources where try !order.holds(in: source.path) {
          sources = try sortedParts(of: source, sources, day, fileName, isInterrupted)
        }
      }
    }
  }

  private func inRounds<Result>(
    _ sources: [SegmentSource], _ day: Int, _ fileName: String, _ isInterrupted: () -> Bool,
    _ body: ([SegmentSource]) throws -> Result
  ) throws -> Result {
    var sources = sources
    var own: Set<String> = []
    defer { for path in own { lake_unlink(path) } }
    var count = 0
    while sources.count > Self.fileCountMax {
      var merged: [SegmentSource] = []
      for part in Self.neighbours(sources) {
        if part.count == 1 {
          merged.append(part[0])
          continue
        }
        let path = try mergeSorted(
          part, day, "round-\(count)-" + fileName, isDurable: false, isInterrupted
        ).path
        count += 1
        for old in part where own.remove(old.path) != nil { lake_unlink(old.path) }
        own.insert(path)
        merged.append(SegmentSource(path: path, group: part[0].group))
      }
      if merged.count == sources.count {
        // As many groups as that are read together.
        if zip(sources, sources.dropFirst()).allSatisfy({ $0.group < $1.group }) { break }
        sources = Self.byGroup(sources)
        continue
      }
      sources = merged
    }
    return try body(sources)
  }

  /// Files of a group side by side, in their order.
  private static func byGroup(_ sources: [SegmentSource]) -> [SegmentSource] {
    sources.enumerated().sorted {
      ($0.element.group, $0.offset) < ($1.element.group, $1.offset)
    }.map(\.element)
  }

  /// Files of one group that lie side by side, as many as may be open.
  private static func neighbours(_ sources: [SegmentSource]) -> [[SegmentSource]] {
    var parts: [[SegmentSource]] = []
    for source in sources {
      if let last = parts.last, last[0].group == source.group, last.count < fileCountMax {
        parts[parts.count - 1].append(source)
      } else {
        parts.append([source])
      }
    }
    return parts
  }

  private func mergeSorted(
    _ sources: [SegmentSource], _ day: Int, _ fileName: String, isDurable: Bool,
    _ isInterrupted: () -> Bool
  ) throws -> StagedSegment {
    let encoder = GroupEncoder(fields: fields, options: options, unhashed: unhashed)
    let writer = try self.writer(fileName, day: day)
    try forEachGroup(of: sources, isInterrupted) { rows in
      try writer.append(try encoder.encode(rowCount: rows.rowCount) { try rows.column($0, nil) })
    }
    return try writer.finish(isDurable: isDurable)
  }

  private func writer(_ fileName: String, day: Int) throws -> SegmentWriter {
    try SegmentWriter(
      directory: directory, fileName: fileName, day: day, columns: fields.map { WriterColumn($0) },
      options: options)
  }

  /// Calls `body` with the rows of files in order, those of a row group at a time.
  ///
  /// - Parameter read: Called before with all rows, where they are in memory together.
  /// - Throws: `UnsortedSegment` where a file's rows are not in order, and all files are too large to be sorted in
  ///   memory.
  private func forEachGroup(
    of sources: [SegmentSource], _ isInterrupted: () -> Bool,
    read: ((SortedColumns) throws -> Void)? = nil, _ body: (MergedRows) throws -> Void
  ) throws {
    let readers = try sources.map {
      try SegmentReader(path: $0.path, fields: fields, day: $0.day, widens: widens)
    }
    let total = try readers.reduce(0) { $0 + (try $1.rowCount()) }
    let groupRowMax = try groupRowMax(readers, total)
    if try SortedColumns.byteCount(readers, fields: fields, order: order) <= byteCountMax {
      let all = try SortedColumns(readers, fields: fields, order: order)
      try read?(all)
      try all.forEachGroup(
        RowGroupCuts.plan(all.counts, groupRowMax: groupRowMax), isInterrupted, body)
      return
    }
    let ranks = try order.text.map { try TextRanks(readers, column: $0) } ?? TextRanks()
    let cuts = RowGroupCuts.plan(
      order.text == nil ? [total] : ranks.counts, groupRowMax: groupRowMax)
    let keyByteCount = max(1, order.numbers.count + 1) * 8
    let window = max(1024, byteCountMax / max(1, readers.count) / keyByteCount)
    let keys = try readers.map {
      try SegmentKeys($0, order: order, ranks: ranks, windowRowMax: window)
    }
    let gather = ColumnGather(readers)
    var merge = SegmentMerge(keys)
    var rest: MergeRun?
    for cut in cuts {
      if isInterrupted() { throw PassError(.interrupted, "interrupted") }
      var rows = GatheredRows()
      while rows.rowCount < cut {
        guard var run = try rest ?? merge.next() else { break }
        rest = nil
        let wanted = cut - rows.rowCount
        if run.rows.count > wanted {
          let middle = run.rows.lowerBound + wanted
          rest = MergeRun(file: run.file, rows: middle..<run.rows.upperBound)
          run.rows = run.rows.lowerBound..<middle
        }
        rows.append(run)
      }
      let taken = rows
      var known: [String: Column] = [:]
      try body(
        MergedRows(rowCount: taken.rowCount, runs: { taken.runs }) { field, some in
          guard let some else { return try gather.column(field, taken) }
          // Some of a column are asked for more than once: it is decoded once.
          let column = try known[field.name] ?? gather.column(field, taken)
          known[field.name] = column
          return column.rows(some)
        })
    }
  }

  /// Rows per row group, so that its size in bytes stays below the limit.
  private func groupRowMax(_ readers: [SegmentReader], _ rowCount: Int) throws -> Int {
    var byteCount: Int64 = 0
    for reader in readers {
      for rowGroup in 0..<reader.rowGroupCount {
        byteCount = byteCount.adding(clamped: Int64(reader.byteCount(rowGroup: rowGroup) ?? 0))
      }
    }
    if byteCount <= 0 || rowCount == 0 { return options.rowGroupRowCountMax }
    let perRow = max(1, Int(clamping: byteCount) / rowCount)
    return max(1024, min(options.rowGroupRowCountMax, options.rowGroupByteCountMax / perRow))
  }

  // MARK: - Unsorted files

  /// Splits an unsorted file into sorted ones. Returns `sources` with those in its stead.
  private func sortedParts(
    of source: SegmentSource, _ sources: [SegmentSource], _ day: Int, _ fileName: String,
    _ isInterrupted: () -> Bool
  ) throws -> [SegmentSource] {
    guard let index = sources.firstIndex(of: source) else {
      throw PassError(.input, "the file's rows are not in order", place: source.path)
    }
    let reader = try SegmentReader(
      path: source.path, fields: fields, day: source.day, widens: widens)
    let encoder = GroupEncoder(fields: fields, options: options, unhashed: unhashed)
    let gather = ColumnGather([reader])
    let chunkRowMax = try groupRowMax([reader], try reader.rowCount())
    let ranks = try order.text.map { try TextRanks([reader], column: $0) } ?? TextRanks()
    var sorted: [SegmentSource] = []
    var first = 0
    let total = try reader.rowCount()
    while first < total {
      if isInterrupted() { throw PassError(.interrupted, "interrupted") }
      let rows = first..<min(first + chunkRowMax, total)
      let sortedRows = try RowKeys.sortedRows(reader, order, ranks, rows: rows)
      let name = "sorted-\(index)-\(sorted.count)-" + fileName
      let writer = try SegmentWriter(
        directory: directory, fileName: name, day: day, columns: fields.map { WriterColumn($0) },
        options: options)
      try writer.append(
        try encoder.encode(rowCount: rows.count) { try gather.read($0, 0, rows).rows(sortedRows) })
      sorted.append(
        SegmentSource(path: try writer.finish(isDurable: false).path, group: source.group))
      first = rows.upperBound
    }
    return Array(sources[..<index]) + sorted + Array(sources[(index + 1)...])
  }
}
