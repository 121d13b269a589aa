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

  /// - Parameters:
  ///   - fields: The table's columns, without its partition columns.
  ///   - unhashed: Columns that are left out of the rows' hashes.
  ///   - directory: The folder in staging in which segments are written.
  package init(
    fields: [Field], unhashed: Set<String> = [], order: SortOrder, options: WriterOptions,
    directory: String, byteCountMax: Int
  ) {
    self.fields = fields
    self.unhashed = unhashed
    self.order = order
    self.options = options
    self.directory = directory
    self.byteCountMax = byteCountMax
  }

  /// Writes all rows of `paths` as one segment.
  ///
  /// - Parameters:
  ///   - day: First day of the partition's period, days since 1970.
  ///   - isInterrupted: Asked before every row group.
  package func merge(
    _ paths: [String], day: Int, fileName: String, isInterrupted: () -> Bool = { false }
  ) throws -> StagedSegment {
    var paths = paths
    var attempt = 0
    while true {
      do {
        return try mergeInRounds(paths, day, fileName, attempt, isInterrupted)
      } catch is UnsortedSegment {
        attempt += 1
        // If one is not sorted, others of the same writer are not either: all are checked at once.
        for path in paths where try !order.holds(in: path) {
          paths = try sortedParts(of: path, paths, day, fileName, isInterrupted)
        }
      }
    }
  }

  /// Merges adjacent files until few are left, so that equal rows keep the order of their files.
  private func mergeInRounds(
    _ paths: [String], _ day: Int, _ fileName: String, _ attempt: Int,
    _ isInterrupted: () -> Bool
  ) throws -> StagedSegment {
    var paths = paths
    var own: Set<String> = []
    defer { for path in own { lake_unlink(path) } }
    var count = 0
    while paths.count > Self.fileCountMax {
      var merged: [String] = []
      for first in stride(from: 0, to: paths.count, by: Self.fileCountMax) {
        let part = Array(paths[first..<min(first + Self.fileCountMax, paths.count)])
        let path = try mergeSorted(
          part, day, "round-\(attempt)-\(count)-" + fileName, isDurable: false, isInterrupted
        ).path
        count += 1
        for old in part where own.remove(old) != nil { lake_unlink(old) }
        own.insert(path)
        merged.append(path)
      }
      paths = merged
    }
    return try mergeSorted(paths, day, fileName, isDurable: true, isInterrupted)
  }

  private func mergeSorted(
    _ paths: [String], _ day: Int, _ fileName: String, isDurable: Bool,
    _ isInterrupted: () -> Bool
  ) throws -> StagedSegment {
    let readers = try paths.map { try SegmentReader(path: $0, fields: fields) }
    let ranks = try order.text.map { try TextRanks(readers, column: $0) } ?? TextRanks()
    let keyByteCount = max(1, order.numbers.count + 1) * 8
    let window = max(1024, byteCountMax / max(1, readers.count) / keyByteCount)
    let keys = try readers.map {
      try SegmentKeys($0, order: order, ranks: ranks, windowRowMax: window)
    }
    let total = try readers.reduce(0) { $0 + (try $1.rowCount()) }
    let cuts = RowGroupCuts.plan(
      order.text == nil ? [total] : ranks.counts, groupRowMax: try groupRowMax(readers, total))
    let encoder = GroupEncoder(fields: fields, options: options, unhashed: unhashed)
    let gather = ColumnGather(readers)
    let writer = try SegmentWriter(
      directory: directory, fileName: fileName, day: day, columns: fields.map { WriterColumn($0) },
      options: options)
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
      try writer.append(
        try encoder.encode(rowCount: rows.rowCount) { try gather.column($0, rows) })
    }
    return try writer.finish(isDurable: isDurable)
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

  /// Splits an unsorted file into sorted ones. Returns `paths` with those in its stead.
  private func sortedParts(
    of path: String, _ paths: [String], _ day: Int, _ fileName: String,
    _ isInterrupted: () -> Bool
  ) throws -> [String] {
    guard let index = paths.firstIndex(of: path) else {
      throw PassError(.input, "the file's rows are not in order", place: path)
    }
    let reader = try SegmentReader(path: path, fields: fields)
    let encoder = GroupEncoder(fields: fields, options: options, unhashed: unhashed)
    let gather = ColumnGather([reader])
    let chunkRowMax = try groupRowMax([reader], try reader.rowCount())
    let ranks = try order.text.map { try TextRanks([reader], column: $0) } ?? TextRanks()
    var sorted: [String] = []
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
      sorted.append(try writer.finish(isDurable: false).path)
      first = rows.upperBound
    }
    return Array(paths[..<index]) + sorted + Array(paths[(index + 1)...])
  }
}
