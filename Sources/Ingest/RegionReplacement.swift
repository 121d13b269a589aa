import Bytes
import Catalog
import Columnar
import DeltaLog
import Ledger
import Tables

/// The stored rows that a download's rows replace: those of its symbols in its interval.
package struct ReplacedRegion: Sendable {
  /// Half-open, in ns since 1970 UTC.
  var interval: Range<Int64>
  /// As requested.
  var symbols: Set<String>
  /// Whether `symbols` are the values of the table's column `symbol`.
  var isRaw: Bool
  /// Whether files brought its rows: those that the download lacks are quarantined.
  var isClaimed = false

  /// - Parameter isClaimed: Whether files brought its rows.
  package init(_ request: VendorRequest, isClaimed: Bool) {
    interval = request.interval
    symbols = Set(request.symbols)
    isRaw = request.symbolType == "raw_symbol"
    self.isClaimed = isClaimed
  }

  var holdsAllSymbols: Bool { symbols.contains(CoverageLedger.allSymbols) }
}

/// Replaces the rows of a region, atomically, and reports what that changes.
///
/// Files that have rows of the region and others are rewritten without the region's rows. Dates on which
/// nothing changes keep their files.
struct RegionReplacement {
  private let region: ReplacedRegion
  private let pass: IngestPass

  init(_ region: ReplacedRegion, pass: IngestPass) {
    self.region = region
    self.pass = pass
  }

  /// Turns work with all rows of the region into work that replaces what is stored there.
  ///
  /// - Returns: What that changes, and the rows to quarantine.
  func apply(to work: inout SourceWork) throws -> (RowChange, removed: [RejectedRow]) {
    var change = RowChange()
    var removed = RemovedRows(work.target.schema, originals: pass.originals)
    var segments: [PendingSegment] = []
    var sameCount = 0
    let byDay = Dictionary(grouping: work.segments, by: \.staged.day)
    for day in try days(work.target).union(byDay.keys).sorted() {
      let fresh = byDay[day] ?? []
      let (dayChange, kept, removals) = try replace(day, fresh, work.target, &removed)
      change = change + dayChange
      if dayChange.isNone {
        sameCount += fresh.reduce(0) { $0 + $1.staged.rowCount }
        continue
      }
      segments += fresh
      // Rows outside the region, which were stored before.
      work.kept += kept
      work.removals += removals
    }
    work.segments = segments
    work.alreadyStoredCount += sameCount
    return (change, removed.rows)
  }

  /// First days of the stored periods that the region touches.
  private func days(_ target: TableTarget) throws -> Set<Int> {
    let nanosecondsPerDay = CivilDate.nanosecondsPerDay
    // A partition zone is at most 14 hours from UTC.
    let slack: Int64 = 14 * 3_600_000_000_000
    let first = (region.interval.lowerBound - slack) / nanosecondsPerDay - 1
    let last = (region.interval.upperBound + slack) / nanosecondsPerDay + 1
    let period = target.schema.period
    let stored = (try target.snapshot?.files ?? []).compactMap { period.start(of: $0) }
    return Set(stored).filter { start in
      let days = period.days(around: start)
      return Int64(days.upperBound) > first && Int64(days.lowerBound) <= last
    }
  }

  private func replace(
    _ day: Int, _ fresh: [PendingSegment], _ target: TableTarget, _ removed: inout RemovedRows
  ) throws -> (RowChange, kept: [PendingSegment], removals: [AddFile]) {
    var symbols: Set<String> = []
    for segment in fresh {
      symbols.formUnion(try SegmentReader(path: segment.staged.path).symbols())
    }
    var kept: [PendingSegment] = []
    var removals: [AddFile] = []
    var old: [(path: String, masks: [[UInt8]])] = []
    for file in try target.storedFiles(day: day) {
      let path = try file.localPath(in: target.root)
      let copy = try FilteredCopy(path: path, schema: target.schema)
      let masks = try copy.masks { rows in try isInside(rows, symbols, target.schema) }
      if !masks.contains(where: { $0.contains(1) }) { continue }
      old.append((path, masks))
      removals.append(file)
      if masks.allSatisfy({ !$0.contains(0) }) { continue }
      let name =
        pass.nextFilePrefix() + "-" + CivilDate(daysSinceEpoch: day).iso + SegmentWriter.suffix
      let staged = try copy.write(
        without: masks, day: day, directory: pass.run.directory, fileName: name)
      kept.append(PendingSegment(staged: staged, tags: file.tags))
    }
    let change = try compare(old, fresh.map(\.staged), target.schema, &removed)
    return (change, kept, removals)
  }

  /// Compares removed rows with new ones, slice by slice.
  private func compare(
    _ old: [(path: String, masks: [[UInt8]])], _ fresh: [StagedSegment], _ schema: TableSchema,
    _ removed: inout RemovedRows
  ) throws -> RowChange {
    var rowCount = fresh.reduce(0) { $0 + $1.rowCount }
    for file in old { rowCount += file.masks.reduce(0) { $0 + $1.count { $0 == 1 } } }
    let slices = rowCount * RegionComparison.byteCountOfARow / pass.options.memoryByteCount + 1
    var change = RowChange()
    for slice in 0..<slices {
      if pass.observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
      var comparison = RegionComparison(schema, slice: slice, of: slices)
      for (path, masks) in old { try comparison.addOld(path: path, masks: masks) }
      for segment in fresh { try comparison.addNew(path: segment.path) }
      change = change + comparison.change
      guard region.isClaimed else { continue }
      for (path, masks) in old {
        try removed.take(path: path, places: comparison.takeRemoved(path: path, masks: masks))
      }
    }
    return change
  }

  /// One byte per row: 1 if it is in the region.
  private func isInside(
    _ rows: RowColumns, _ symbols: Set<String>, _ schema: TableSchema
  ) throws -> [UInt8] {
    let isOfSymbols = region.membership(of: rows, and: symbols)
    return (0..<rows.rowCount).map { row in
      guard let time = rows.time(schema.indexColumn, row), region.interval.contains(time) else {
        return 0
      }
      return isOfSymbols(row) ? 1 : 0
    }
  }
}

/// Compares the removed and new rows whose hash is in one slice of all hashes: so memory is bounded whatever a
/// date holds, and its files are read once per slice.
private struct RegionComparison {
  /// Memory of a row at most, in half-empty dictionaries.
  static let byteCountOfARow = 64

  private let schema: TableSchema
  private let slice: UInt64
  private let sliceCount: UInt64
  private var old: [Fingerprint: Fingerprint] = [:]
  private var new: [Fingerprint: Fingerprint] = [:]
  /// How often a content is removed and added, if rows have no key.
  private var balance: [Fingerprint: Int] = [:]
  private var newCount = 0

  init(_ schema: TableSchema, slice: Int, of count: Int) {
    self.schema = schema
    (self.slice, sliceCount) = (UInt64(slice), UInt64(count))
  }

  /// Whether a row belongs to the slice: rows with one key, or without keys with one content, share it.
  private func holds(_ key: Fingerprint, _ content: Fingerprint) -> Bool {
    sliceCount == 1 || (isKeyed ? key : content).low % sliceCount == slice
  }

  private var isKeyed: Bool { !schema.keyColumns.isEmpty }

  mutating func addOld(path: String, masks: [[UInt8]]) throws {
    let reader = try SegmentReader(path: path, fields: schema.rowFields)
    try reader.forEachRow(keyColumns: schema.keyColumns) { rowGroup, row, key, content in
      if masks[rowGroup][row] == 0 || !holds(key, content) { return }
      if isKeyed { old[key] = content } else { balance[content, default: 0] -= 1 }
    }
  }

  mutating func addNew(path: String) throws {
    let reader = try SegmentReader(path: path, fields: schema.rowFields)
    try reader.forEachRow(keyColumns: schema.keyColumns) { _, _, key, content in
      if !holds(key, content) { return }
      newCount += 1
      if isKeyed { new[key] = content } else { balance[content, default: 0] += 1 }
    }
  }

  /// Indexes, by row group, of the old rows that are missing in the new ones, even with other values. Call it
  /// after the comparison, once per file.
  mutating func takeRemoved(path: String, masks: [[UInt8]]) throws -> [Int: [Int]] {
    var removed: [Int: [Int]] = [:]
    let reader = try SegmentReader(path: path, fields: schema.rowFields)
    try reader.forEachRow(keyColumns: schema.keyColumns) { rowGroup, row, key, content in
      if masks[rowGroup][row] == 0 || !holds(key, content) { return }
      if isKeyed ? new[key] == content : balance[content, default: 0] >= 0 { return }
      if !isKeyed { balance[content, default: 0] += 1 }
      removed[rowGroup, default: []].append(row)
    }
    return removed
  }

  var change: RowChange {
    var change = RowChange()
    if !isKeyed {
      for count in balance.values {
        if count > 0 { change.added += count } else { change.removed -= count }
      }
      change.same = newCount - change.added
      return change
    }
    for (key, content) in new {
      switch old[key] {
      case nil: change.added += 1
      case content?: change.same += 1
      default: change.changed += 1
      }
    }
    for key in old.keys where new[key] == nil { change.removed += 1 }
    return change
  }
}
