import Bytes
import CSystem
import Columnar
import Databento

/// Bars that do not come by time, then instrument, then publisher: only their places in the source
/// tell their order.
///
/// The source is read again, and they keep them.
struct BarsOutOfOrder: Error {}

/// Sends the records of one kind to the rows of their date and symbol.
///
/// A packed row is the record as it lies in the stream, then the codes of `symbol` and
/// `requested_symbol`, then the ordinal of the record in its source where the table keeps it.
final class DBNRouter {
  let kind: RecordKind
  let sink: RowSink
  /// Rows passed over because the table has their interval already.
  private(set) var repeatCount = 0
  /// Stored rows that break a rule which only counts them.
  private(set) var flagCount = 0
  let recordByteCount: Int
  private let indexOffset: Int
  private let hasOrdinal: Bool
  private let watchesOrder: Bool
  private var lastTime: UInt64 = 0
  private var lastTie: UInt64 = 0
  private let checks: [RowCheck]
  private let screen: RowScreen
  private let coverage: (Int, UInt32) throws -> [Range<Int64>]
  private let cache = InstrumentCache()
  private var generation = -1
  private var partition: PartitionRows?
  private var dayStart: UInt64 = 1
  private var dayEnd: UInt64 = 0

  /// Rows that are checked at a time.
  private static let screenedRowMax = 256
  static let nanosecondsPerDay: UInt64 = 86_400_000_000_000

  /// - Parameters:
  ///   - watchesOrder: Whether records must come by time, then instrument, then publisher.
  ///   - coverage: Intervals of a date and a symbol's code that the table holds already.
  init(
    kind: RecordKind, sink: RowSink, recordByteCount: Int, hasOrdinal: Bool,
    watchesOrder: Bool = false, checks: [RowCheck],
    coverage: @escaping (Int, UInt32) throws -> [Range<Int64>]
  ) {
    self.kind = kind
    self.sink = sink
    self.recordByteCount = recordByteCount
    self.hasOrdinal = hasOrdinal
    self.watchesOrder = watchesOrder
    self.checks = checks
    screen = RowScreen(checks, rowByteCount: recordByteCount)
    self.coverage = coverage
    indexOffset = sink.plan.order.indexOffset
  }

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

  /// Takes the records of a run.
  ///
  /// - Parameters:
  ///   - firstOrdinal: Ordinal of the first record in the source.
  ///   - byteOffset: Where the first record lies in the decompressed source.
  ///   - hasher: Hashes the records on the way.
  func route(
    _ base: UnsafeRawPointer, count: Int, firstOrdinal: Int64, byteOffset: Int,
    resolver: inout SymbolResolver, hasher: ContentHasher, rejected: (RejectedRow) throws -> Void
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
        // Rows of a screening are still in the nearest cache for the next check, and for the copy.
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
        continue
      }
      if time < dayStart || time >= dayEnd { try turn(to: time) }
      guard let partition else { break }
      // Checked rows of one day go on in one tight loop.
      let stored = try storeRun(
        record, limit: isSuspect ? 1 : screenedEnd - row, partition, &resolver, hasher,
        ordinal: firstOrdinal &+ Int64(row))
      row += stored
    }
    try sink.didAppend(rowCount: count)
  }

  /// Stores rows of the current day, and hashes them where the processor can do both at once.
  ///
  /// - Returns: How many were of that day.
  private func storeRun(
    _ base: UnsafeRawPointer, limit: Int, _ partition: PartitionRows,
    _ resolver: inout SymbolResolver, _ hasher: ContentHasher, ordinal: Int64
  ) throws -> Int {
    let (start, end, stride, order, pool) =
      (dayStart, dayEnd, recordByteCount, sink.plan.order, sink.pool)
    let rowByteCount = pool.stride
    let hash = hasher.state
    var hashed = hasher.position ?? base
    var (lastTime, lastTie) = (self.lastTime, self.lastTie)
    let watchesOrder = watchesOrder
    defer {
      if hash != nil { hasher.didHash(to: hashed) }
      (self.lastTime, self.lastTie) = (lastTime, lastTie)
    }
    var row = 0
    while row < limit {
      let record = base + row &* stride
      if let hash {
        while record - hashed >= SHA256Blocks.byteCount {
          lake_sha256_block(hash, hashed.assumingMemoryBound(to: UInt8.self))
          hashed += SHA256Blocks.byteCount
        }
      }
      let time = record.loadLE(order.indexOffset, as: UInt64.self)
      if time < start || time >= end { break }
      let id = record.loadLE(4, as: UInt32.self)
      if watchesOrder {
        let publisher = record.loadLE(2, as: UInt16.self)
        let tie = UInt64(id) &<< 16 | UInt64(publisher)
        if time < lastTime || time == lastTime && tie < lastTie { throw BarsOutOfOrder() }
        (lastTime, lastTie) = (time, tie)
      }
      let found = try cache.find(id) ?? resolve(id, partition, &resolver)
      let symbol = partition.symbols + Int(found.slot)
      let key = order.key(record)
      if found.isCovered && symbol.pointee.covered.contains(where: { $0.contains(key.index) }) {
        repeatCount += 1
        row = row &+ 1
        continue
      }
      let place = symbol.pointee.append(key, from: pool)
      // By the time of the symbol's next row its memory is there.
      lake_prefetch_write(place + 2 &* rowByteCount)
      copy(record, to: place, stride)
      place.storeLE(symbol.pointee.code, stride)
      place.storeLE(found.requested, stride &+ 4)
      if hasOrdinal { place.storeLE(ordinal &+ Int64(row), stride &+ 8) }
      row = row &+ 1
      if symbol.pointee.run.rowCount == RowGroupCuts.groupRowMax {
        try sink.didFill(partition, slot: Int(found.slot))
      }
    }
    return row
  }

  /// Copies a record, which has 16 bytes at least: the last step goes over some bytes again.
  @inline(__always)
  private func copy(
    _ record: UnsafeRawPointer, to place: UnsafeMutableRawPointer, _ byteCount: Int
  ) {
    var at = 0
    while at < byteCount {
      let from = at &+ 16 <= byteCount ? at : byteCount &- 16
      place.storeBytes(
        of: record.loadUnaligned(fromByteOffset: from, as: SIMD2<UInt64>.self), toByteOffset: from,
        as: SIMD2<UInt64>.self)
      at = at &+ 16
    }
  }

  private func fault(_ record: UnsafeRawPointer, _ time: UInt64) -> (String, String)? {
    if time == .max { return ("index_required", "the index timestamp is undefined") }
    if time > UInt64(Int64.max) {
      return ("time_range", "index timestamp \(time) ns is out of range")
    }
    for check in checks {
      guard let reason = check.fault(record) else { continue }
      if check.action == .flag {
        flagCount += 1
      } else {
        return (check.rule, reason)
      }
    }
    return nil
  }

  private func turn(to time: UInt64) throws {
    let day = time / Self.nanosecondsPerDay
    partition = try sink.partition(day: Int(day))
    dayStart = day * Self.nanosecondsPerDay
    dayEnd = dayStart + Self.nanosecondsPerDay
    cache.removeAll()
  }

  private func resolve(
    _ id: UInt32, _ partition: PartitionRows, _ resolver: inout SymbolResolver
  ) throws -> InstrumentCache.Entry {
    let (symbol, requested, _) = resolver.resolve(instrumentID: id, day: partition.day)
    let code = sink.texts.code(symbol)
    let slot = try partition.slot(code: code) { try coverage(partition.day, code) }
    let entry = InstrumentCache.Entry(
      id: id, slot: UInt32(slot), requested: requested.map { sink.texts.code($0) } ?? 0,
      isCovered: !partition.symbols[slot].covered.isEmpty, isUsed: true)
    cache.insert(entry)
    return entry
  }
}

/// The slots of a date's instruments, by id: an open-addressing table.
final class InstrumentCache {
  struct Entry {
    var id: UInt32
    var slot: UInt32
    var requested: UInt32
    var isCovered: Bool
    var isUsed: Bool

    static let empty = Entry(id: 0, slot: 0, requested: 0, isCovered: false, isUsed: false)
  }

  private var entries: UnsafeMutablePointer<Entry>
  private static let sparseMax = 4096
  private var capacity = 64
  private var count = 0

  init() {
    entries = .allocate(capacity: 64)
    entries.initialize(repeating: .empty, count: 64)
  }

  deinit { entries.deallocate() }

  @inline(__always)
  func find(_ id: UInt32) -> Entry? {
    let mask = capacity &- 1
    var at = Int(truncatingIfNeeded: (id &* 0x9E37_79B1) &>> 16) & mask
    while entries[at].isUsed {
      if entries[at].id == id { return entries[at] }
      at = (at &+ 1) & mask
    }
    return nil
  }

  func insert(_ entry: Entry) {
    // Sparse while it is small: a search that goes on is a branch guessed wrong.
    if (count + 1) * (capacity < Self.sparseMax ? 8 : 2) > capacity { grow() }
    place(entry)
    count += 1
  }

  func removeAll() {
    if count == 0 { return }
    count = 0
    entries.update(repeating: .empty, count: capacity)
  }

  private func place(_ entry: Entry) {
    let mask = capacity - 1
    var at = Int(truncatingIfNeeded: (entry.id &* 0x9E37_79B1) &>> 16) & mask
    while entries[at].isUsed { at = (at + 1) & mask }
    entries[at] = entry
  }

  private func grow() {
    let (old, oldCapacity) = (entries, capacity)
    capacity *= 2
    entries = .allocate(capacity: capacity)
    entries.initialize(repeating: .empty, count: capacity)
    for at in 0..<oldCapacity where old[at].isUsed { place(old[at]) }
    old.deallocate()
  }
}
