import Bytes
import CKernels
import Columnar
import Databento
import Ledger
import Tables

/// Bars are not sorted by time, instrument and publisher: only their ordinals tell the source's order.
///
/// The source is read again, with ordinals.
struct BarsOutOfOrder: Error {}

/// Sends the records of one kind to the rows of their date and symbol.
///
/// A packed row is the record as in the stream, then the codes of `symbol` and `requested_symbol`, then the
/// record's source ordinal if the table keeps it.
final class DBNRouter {
  let kind: RecordKind
  let sink: RowSink
  /// Stored rows that break a rule which only flags them.
  private(set) var flagCount = 0
  /// Records that were quarantined.
  private(set) var rejectedCount = 0
  let recordByteCount: Int
  private let indexOffset: Int
  private let routing: UnsafeMutablePointer<lake_routing>
  private let checks: [RowCheck]
  private let screen: RowScreen
  private let scope: (any AnswerScope)?
  private let cache = InstrumentCache()
  private var generation = -1
  private var partition: PartitionRows?
  /// The current date, days since 1970: the symbol of an instrument is valid for a date.
  private var day = 0

  /// Rows that are checked at once.
  private static let screenedRowMax = 256
  static let nanosecondsPerDay = UInt64(CivilDate.nanosecondsPerDay)

  /// - Parameters:
  ///   - watchesOrder: Whether records must be sorted by time, instrument and publisher.
  ///   - scope: What the answer may contain; nil for a file.
  init(
    kind: RecordKind, sink: RowSink, recordByteCount: Int, hasOrdinal: Bool,
    watchesOrder: Bool = false, checks: [RowCheck], scope: (any AnswerScope)? = nil
  ) {
    self.kind = kind
    self.sink = sink
    self.recordByteCount = recordByteCount
    self.checks = checks
    screen = RowScreen(checks, rowByteCount: recordByteCount)
    self.scope = scope
    let order = sink.plan.order
    indexOffset = order.indexOffset
    precondition(MemoryLayout<SymbolRows>.offset(of: \.head) == 0, "a symbol begins with its head")
    routing = .allocate(capacity: 1)
    routing.initialize(to: lake_routing())
    routing.pointee.record_byte_count = recordByteCount
    routing.pointee.row_byte_count = sink.pool.stride
    routing.pointee.index_offset = indexOffset
    routing.pointee.sequence_offset = order.sequence?.offset ?? 0
    routing.pointee.sequence_byte_count = order.sequenceByteCount
    routing.pointee.has_ordinal = hasOrdinal ? 1 : 0
    routing.pointee.watches_order = watchesOrder ? 1 : 0
    routing.pointee.full_row_count = RowGroupCuts.groupRowMax
    routing.pointee.symbol_byte_count = MemoryLayout<SymbolRows>.stride
  }

  deinit { routing.deallocate() }

  /// The layout of the packed rows of a kind.
  static func layout(
    kind: RecordKind, version: Int, tsOut: Bool, hasOrdinal: Bool
  ) -> RowLayout {
    let record = DBNFields.rowLayout(kind, version: version, tsOut: tsOut)
    let end = record.stride
    var fields = record.fields
    fields.append(RowField("symbol", .text, offset: end))
    fields.append(RowField("requested_symbol", .text, offset: end + 4, null: .sentinel(0)))
    if hasOrdinal { fields.append(RowField("source_ordinal", .int64, offset: end + 8)) }
    return RowLayout(stride: end + (hasOrdinal ? 16 : 8), fields: fields)
  }

  /// Routes a run of records.
  ///
  /// - Parameters:
  ///   - firstOrdinal: Ordinal of the first record in the source.
  ///   - byteOffset: Offset of the first record in the decompressed source.
  func route(
    _ base: UnsafeRawPointer, count: Int, firstOrdinal: Int64, byteOffset: Int,
    resolver: inout SymbolResolver, rejected: (RejectedRow) throws -> Void
  ) throws {
    if generation != resolver.generation {
      generation = resolver.generation
      cache.removeAll()
    }
    var row = 0
    var screenedEnd = 0
    var isSuspect = false
    while row < count {
      let record = base + row &* recordByteCount
      if row >= screenedEnd {
        // Rows of a screening are still in cache for the next check, and for the copy.
        let screened = min(count - row, Self.screenedRowMax)
        screenedEnd = row + screened
        isSuspect = screen.isSuspect(record, stride: recordByteCount, count: screened)
      }
      let time = record.loadLE(indexOffset, as: UInt64.self)
      if isSuspect || time > UInt64(Int64.max), let (rule, reason) = fault(record, time) {
        let bytes = UnsafeRawBufferPointer(start: record, count: recordByteCount)
        try rejected(
          RejectedRow(
            rule: rule, reason: reason, position: Int64(byteOffset + row * recordByteCount),
            symbol: nil, timestamp: time > UInt64(Int64.max) ? nil : Int64(time),
            original: Array(bytes)))
        row += 1
        rejectedCount += 1
        continue
      }
      if time < routing.pointee.day_start || time >= routing.pointee.day_end {
        try advance(to: time)
      }
      guard let partition else { break }
      // Checked rows are routed in one tight loop, up to one that needs a closer look.
      let limit = isSuspect ? 1 : screenedEnd - row
      let stored = try storeRun(
        record, limit: limit, partition, ordinal: firstOrdinal &+ Int64(row))
      row += stored
      if stored == limit || routing.pointee.full_slot >= 0 { continue }
      let isTaken = try store(
        base + row &* recordByteCount, partition, &resolver, ordinal: firstOrdinal &+ Int64(row))
      if isTaken { row += 1 }
    }
    try sink.didAppend(rowCount: count)
  }

  /// Stores rows of the current day.
  ///
  /// - Returns: The number of rows stored; the next one is not, unless a row group is full.
  private func storeRun(
    _ base: UnsafeRawPointer, limit: Int, _ partition: PartitionRows, ordinal: Int64
  ) throws -> Int {
    routing.pointee.instruments = cache.entries
    routing.pointee.instrument_mask = UInt32(cache.capacity - 1)
    routing.pointee.symbols = UnsafeMutableRawPointer(partition.symbols).assumingMemoryBound(
      to: UInt8.self)
    let stored = lake_route_rows(
      routing, base.assumingMemoryBound(to: UInt8.self), limit, ordinal)
    if routing.pointee.full_slot >= 0 {
      try sink.didFill(partition, slot: routing.pointee.full_slot)
    }
    return stored
  }

  /// Stores a row that the tight loop skipped, unless it is stored already.
  ///
  /// - Returns: false if it is of another day.
  private func store(
    _ record: UnsafeRawPointer, _ partition: PartitionRows, _ resolver: inout SymbolResolver,
    ordinal: Int64
  ) throws -> Bool {
    let key = sink.plan.order.key(record)
    let time = UInt64(bitPattern: key.index)
    if time < routing.pointee.day_start || time >= routing.pointee.day_end { return false }
    let id = record.loadLE(4, as: UInt32.self)
    if routing.pointee.watches_order != 0 {
      let tie = UInt64(id) &<< 16 | UInt64(record.loadLE(2, as: UInt16.self))
      let (lastTime, lastTie) = (routing.pointee.last_time, routing.pointee.last_tie)
      if time < lastTime || time == lastTime && tie < lastTie { throw BarsOutOfOrder() }
      (routing.pointee.last_time, routing.pointee.last_tie) = (time, tie)
    }
    let found = try cache.find(id) ?? resolve(id, partition, &resolver)
    let symbol = partition.symbols + Int(found.slot)
    let address = symbol.pointee.append(key, from: sink.pool)
    address.copyMemory(from: record, byteCount: recordByteCount)
    address.storeLE(symbol.pointee.code, recordByteCount)
    address.storeLE(found.requested, recordByteCount &+ 4)
    if routing.pointee.has_ordinal != 0 { address.storeLE(ordinal, recordByteCount &+ 8) }
    if symbol.pointee.isFull { try sink.didFill(partition, slot: Int(found.slot)) }
    return true
  }

  private func fault(_ record: UnsafeRawPointer, _ time: UInt64) -> (String, String)? {
    if time == .max { return ("index_required", "the index timestamp is undefined") }
    if time > UInt64(Int64.max) {
      return ("time_range", "index timestamp \(time) ns is out of range")
    }
    var isFlagged = false
    for check in checks {
      guard let reason = check.fault(record) else { continue }
      if check.action != .flag { return (check.rule, reason) }
      isFlagged = true
    }
    if isFlagged { flagCount += 1 }
    return nil
  }

  private func advance(to time: UInt64) throws {
    let day = time / Self.nanosecondsPerDay
    self.day = Int(day)
    partition = try sink.partition(holding: self.day)
    routing.pointee.day_start = day * Self.nanosecondsPerDay
    routing.pointee.day_end = (day + 1) * Self.nanosecondsPerDay
    cache.removeAll()
  }

  private func resolve(
    _ id: UInt32, _ partition: PartitionRows, _ resolver: inout SymbolResolver
  ) throws -> lake_instrument {
    let (symbol, requested, _) = resolver.resolve(instrumentID: id, day: day)
    try scope?.check(id, symbol: symbol, requested: requested)
    let code = sink.texts.code(symbol)
    let slot = partition.slot(code: code)
    let entry = lake_instrument(
      id: id, slot: UInt32(slot), requested: requested.map { sink.texts.code($0) } ?? 0, is_used: 1)
    cache.insert(entry)
    return entry
  }
}

/// The slots of a date's instruments, by id: an open-addressing table, which `lake_route_rows` reads.
final class InstrumentCache {
  private(set) var entries: UnsafeMutablePointer<lake_instrument>
  private(set) var capacity = 64
  private var count = 0
  private static let sparseMax = 4096

  init() {
    entries = .allocate(capacity: 64)
    entries.initialize(repeating: lake_instrument(), count: 64)
  }

  deinit { entries.deallocate() }

  func find(_ id: UInt32) -> lake_instrument? {
    var at = slot(id)
    while entries[at].is_used != 0 {
      if entries[at].id == id { return entries[at] }
      at = (at &+ 1) & (capacity &- 1)
    }
    return nil
  }

  private func slot(_ id: UInt32) -> Int {
    Int(lake_instrument_slot(id, UInt32(capacity - 1)))
  }

  func insert(_ entry: lake_instrument) {
    // Sparse while it is small: longer probing mispredicts branches.
    if (count + 1) * (capacity < Self.sparseMax ? 8 : 2) > capacity { grow() }
    store(entry)
    count += 1
  }

  func removeAll() {
    if count == 0 { return }
    count = 0
    entries.update(repeating: lake_instrument(), count: capacity)
  }

  private func store(_ entry: lake_instrument) {
    var at = slot(entry.id)
    while entries[at].is_used != 0 { at = (at + 1) & (capacity - 1) }
    entries[at] = entry
  }

  private func grow() {
    let (old, oldCapacity) = (entries, capacity)
    capacity *= 2
    entries = .allocate(capacity: capacity)
    entries.initialize(repeating: lake_instrument(), count: capacity)
    for at in 0..<oldCapacity where old[at].is_used != 0 { store(old[at]) }
    old.deallocate()
  }
}
