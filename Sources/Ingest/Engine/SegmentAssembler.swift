import Bytes
import Columnar
import Parquet
import Platform
import Synchronization
import Tables

/// What one source adds to one table, before it is committed.
struct AssembledRows: Sendable {
  var segments: [StagedSegment] = []
  /// Duplicates: rows whose key and content an earlier row of the source had.
  var duplicateCount = 0
  /// Rows that the table has already.
  var alreadyStoredCount = 0
  /// Whether rows were left out since the whole input is known to be stored.
  var isInputStored = false
  var conflicts: [KeyConflict] = []
  /// Rows that replace stored ones, and the stored rows that are removed, by file and row group.
  var replacementCount = 0
  var replaced: [(file: StoredFileSource, rows: [Int: Bitmap])] = []
  var overlap = OverlapFigures()
  /// All dates of the source's rows, days since 1970.
  var days: Set<Int> = []
  /// Only if they are collected.
  var symbols = ClaimedSymbols()
  /// The source's columns, as the tag of a date's segment, by day.
  var columnsTags: [Int: String] = [:]

  /// Rows with a result: as many as were put in.
  var accountedRowCount: Int {
    segments.reduce(0) { $0 + $1.rowCount } + duplicateCount + alreadyStoredCount + conflicts.count
  }

  /// - Parameter routed: Rows that were put in.
  /// - Throws: If some row is neither stored, stored already, a duplicate nor quarantined.
  func checkAccounts(routed: Int, path: String) throws {
    if accountedRowCount == routed { return }
    throw PassError(
      .conservation, "of \(routed) rows \(accountedRowCount) are accounted for: nothing was stored",
      place: path, remedy: "please report this with the file: it is a fault of the program")
  }

  /// Verifies rows left out unread against what the input turned out to be.
  func checkIsStored(_ isDone: Bool, path: String) throws {
    if !isInputStored || isDone { return }
    throw PassError(
      .input, "the file changed while it was read: nothing was stored", place: path,
      remedy: "run the command again when nobody writes to it")
  }

  fileprivate mutating func add(_ merge: StoredMerge) {
    let tally = merge.tally
    duplicateCount += tally.repeats
    alreadyStoredCount += tally.alreadyStored
    if tally.isInputStored { isInputStored = true }
    conflicts += tally.conflicts
    replacementCount += tally.replacements
    replaced += merge.replaced
    overlap = overlap + tally.overlap
  }
}

/// A row whose key the table has with other content.
struct KeyConflict: Sendable {
  /// Its values by column, as JSON.
  var original: [UInt8]
  /// Hash over all its columns: finds it in its source again.
  var content: Fingerprint
  /// Index timestamp in ns.
  var timestamp: Int64
  var symbol: String
}

/// Makes a segment of each complete date, on the threads of a pool.
final class SegmentAssembler: Sendable {
  struct Settings: Sendable {
    var stagingDirectory: String
    /// Prefix of every file's name; unique to run, source and table.
    var filePrefix: String
    var options: WriterOptions
    var merge: StoredMerge.Settings
    var stored: StoredLookup
    var syncer: FileSyncer
    /// Whether the symbols of the rows are collected: a vendor's files name theirs.
    var gathersSymbols = false
  }

  private let plan: RowPlan
  private let settings: Settings
  private let pool: WorkPool
  private let encoders: SegmentEncoderPool
  private let spool: Mutex<GroupSpool?> = Mutex(nil)
  private let days = Mutex<[Int: Day]>([:])
  private let result = Mutex(AssembledRows())

  /// Early groups of a date by slot, and rows waiting for them.
  private struct Day {
    var groups: [Int: [GroupSpool.Entry?]] = [:]
    var pendingCount = 0
    var closing: (@Sendable () throws -> Void)?
  }

  /// Rows pass from the feeding thread to one other thread, never back.
  private struct Handover: @unchecked Sendable {
    let partition: PartitionRows
    let rowPool: RowPool
  }

  private struct RunHandover: @unchecked Sendable {
    let run: RowRun
    let rowPool: RowPool
  }

  init(plan: RowPlan, settings: Settings, pool: WorkPool) {
    self.plan = plan
    self.settings = settings
    self.pool = pool
    encoders = SegmentEncoderPool(plan: plan, options: settings.options)
  }

  /// All that was assembled; call it once the pool has finished.
  func take() -> AssembledRows {
    result.withLock { result in
      var taken = result
      taken.segments.sort { $0.day < $1.day }
      result = AssembledRows()
      return taken
    }
  }

  /// Whether rows of a symbol can be encoded before their date is complete: the table has none that they could
  /// match.
  func mayEncodeEarly(_ partition: PartitionRows, slot: Int, texts: ByteColumn) throws -> Bool {
    if settings.merge.policy == .append { return true }
    let symbol = partition.symbols + slot
    let first =
      symbol.pointee.earlyGroupCount > 0 ? symbol.pointee.lastEarly.index : symbol.pointee.earliest
    return try !settings.stored.mayMeet(
      day: partition.day, symbol: texts[Int(symbol.pointee.code)],
      times: first...symbol.pointee.last.index)
  }

  /// Encodes a full row group of one symbol.
  func encodeEarly(
    _ partition: PartitionRows, slot: Int, run: RowRun, texts: ByteColumn, rowPool: RowPool
  ) throws {
    let day = partition.day
    let position = days.withLock { days in
      days[day, default: Day()].pendingCount += 1
      days[day]?.groups[slot, default: []].append(nil)
      return (days[day]?.groups[slot]?.count ?? 1) - 1
    }
    let handover = RunHandover(run: run, rowPool: rowPool)
    pool.add {
      let group = try self.encoders.withEncoder { encoder in
        encoder.begin(texts: texts)
        handover.run.forEachSpan { encoder.append($0, count: $1) }
        encoder.settle()
        handover.rowPool.give(handover.run.chunks)
        return try encoder.finish()
      }
      let entry = try self.groupSpool().write(group)
      let closing = self.days.withLock { days -> (@Sendable () throws -> Void)? in
        days[day]?.groups[slot]?[position] = entry
        days[day]?.pendingCount -= 1
        return days[day]?.pendingCount == 0 ? days[day]?.closing : nil
      }
      if let closing { self.pool.add(closing) }
    }
  }

  /// Makes the segment of a complete date.
  func close(_ partition: PartitionRows, texts: ByteColumn, rowPool: RowPool) {
    let handover = Handover(partition: partition, rowPool: rowPool)
    let task: @Sendable () throws -> Void = { try self.assemble(handover, texts) }
    let isReady = days.withLock { days in
      guard let day = days[partition.day], day.pendingCount > 0 else { return true }
      days[partition.day]?.closing = task
      return false
    }
    if isReady { pool.add(task) }
  }

  private func groupSpool() throws -> GroupSpool {
    try spool.withLock { spool in
      if let spool { return spool }
      let fresh = try GroupSpool(directory: settings.stagingDirectory)
      spool = fresh
      return fresh
    }
  }

  private func assemble(_ handover: Handover, _ texts: ByteColumn) throws {
    let partition = handover.partition
    let early = days.withLock { $0.removeValue(forKey: partition.day)?.groups ?? [:] }
    try checkEarlyOrder(partition)
    var assembly = Assembly(
      partition: partition, texts: texts, plan: plan, rowPool: handover.rowPool)
    let blank = partition.blanks?.names(plan.columns) ?? []
    let merge = try StoredMerge(
      plan, texts: texts, day: partition.day, blank: blank, lookup: settings.stored,
      settings: settings.merge)
    try assembly.leaveOut(merge)
    let columnsTag = ColumnSet(plan.columns, blank: blank).tagText(plan.columns.map(\.field))
    result.withLock { result in
      result.days.insert(partition.day)
      result.columnsTags[partition.day] = columnsTag
      if settings.gathersSymbols { result.symbols.add(partition, texts) }
      result.add(merge)
    }
    if assembly.rowCount == 0 { return }
    if assembly.isStoredInOrder { return try encodeGroups(SegmentJob(assembly, early: early)) }
    try encoders.withEncoder { try write(&assembly, early, $0) }
  }

  /// Has the groups of a date encoded on all threads.
  private func encodeGroups(_ job: SegmentJob) throws {
    var isWaiting = false
    for (index, group) in job.groups.enumerated() {
      guard case .rows(let spans, let places) = group else { continue }
      isWaiting = true
      pool.add {
        let encoded = try self.encoders.withEncoder { encoder in
          encoder.begin(texts: job.assembly.texts)
          for span in spans { encoder.append(span.base, count: span.count) }
          encoder.settle()
          job.release(places)
          return try encoder.finish()
        }
        if job.put(encoded, at: index) { try self.write(job) }
      }
    }
    if !isWaiting { try write(job) }
  }

  private func write(_ job: SegmentJob) throws {
    let writer = try makeWriter(day: job.assembly.partition.day)
    for (index, group) in job.groups.enumerated() {
      if case .early(let entry) = group {
        if let spool = spool.withLock({ $0 }) { try writer.append(try spool.read(entry)) }
      } else if let encoded = job.take(index) {
        try writer.append(encoded)
      }
    }
    try finish(writer)
  }

  /// A row that sorts before an early group came too late.
  private func checkEarlyOrder(_ partition: PartitionRows) throws {
    for slot in 0..<partition.symbolCount {
      let symbol = partition.symbols[slot]
      guard symbol.earlyGroupCount > 0, !symbol.isOrdered else { continue }
      for fragment in symbol.fragments where fragment.first < symbol.lastEarly {
        throw OutOfOrder()
      }
      for row in symbol.run.pointers(stride: plan.layout.stride)
      where plan.order.key(row) < symbol.lastEarly {
        throw OutOfOrder()
      }
    }
  }

  private func makeWriter(day: Int) throws -> SegmentWriter {
    let name =
      settings.filePrefix + "-" + CivilDate(daysSinceEpoch: day).iso + SegmentWriter.suffix
    return try SegmentWriter(
      directory: settings.stagingDirectory, fileName: name, day: day,
      columns: plan.fileFields.map { WriterColumn($0) }, options: settings.options)
  }

  /// Completes a segment; it is synced to disk before the commit.
  private func finish(_ writer: SegmentWriter) throws {
    let segment = try writer.finish(isDurable: false)
    result.withLock { $0.segments.append(segment) }
    settings.syncer.add(segment.path)
  }

  private func write(
    _ assembly: inout Assembly, _ early: [Int: [GroupSpool.Entry?]], _ encoder: SegmentEncoder
  ) throws {
    let writer = try makeWriter(day: assembly.partition.day)
    var cutter = GroupCutter(cuts: RowGroupCuts.plan(assembly.counts), encoder: encoder)
    for position in assembly.order.indices {
      for entry in early[assembly.order[position]] ?? [] {
        guard let entry, let spool = spool.withLock({ $0 }) else { continue }
        cutter.skip()
        try writer.append(try spool.read(entry))
      }
      try assembly.forEachSpan(position) { base, count in
        try cutter.append(
          base, stride: plan.layout.stride, count: count, texts: assembly.texts, into: writer)
        // Spilled rows are in a buffer that the next ones reuse.
        if assembly.isTransient(position) { encoder.settle() }
      }
      encoder.settle()
      assembly.release(position)
    }
    try finish(writer)
  }
}

/// Cuts sorted rows into the planned row groups.
private struct GroupCutter {
  private var cuts: ArraySlice<Int>
  private let encoder: SegmentEncoder
  /// Rows that still fit into the current group.
  private var room = 0

  init(cuts: [Int], encoder: SegmentEncoder) {
    self.cuts = cuts[...]
    self.encoder = encoder
  }

  /// Skips a group that is encoded already.
  mutating func skip() { cuts = cuts.dropFirst() }

  mutating func append(
    _ base: UnsafeRawPointer, stride: Int, count: Int, texts: ByteColumn, into writer: SegmentWriter
  ) throws {
    var at = base
    var left = count
    while left > 0 {
      if room == 0 {
        encoder.begin(texts: texts)
        room = cuts.popFirst() ?? left
      }
      let take = min(left, room)
      encoder.append(at, count: take)
      room -= take
      left -= take
      at += take * stride
      if room == 0 { try writer.append(try encoder.finish()) }
    }
  }
}
