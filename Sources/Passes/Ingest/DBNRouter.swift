import Bytes
import Columnar
import Databento

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
  private let checks: [RowCheck]
  private let coverage: (Int, UInt32) throws -> [Range<Int64>]
  private var cache = InstrumentCache()
  private var generation = -1
  private var partition: PartitionRows?
  private var dayStart: UInt64 = 1
  private var dayEnd: UInt64 = 0

  static let nanosecondsPerDay: UInt64 = 86_400_000_000_000

  /// - Parameter coverage: Intervals of a date and a symbol's code that the table holds already.
  init(
    kind: RecordKind, sink: RowSink, recordByteCount: Int, hasOrdinal: Bool, checks: [RowCheck],
    coverage: @escaping (Int, UInt32) throws -> [Range<Int64>]
  ) {
    self.kind = kind
    self.sink = sink
    self.recordByteCount = recordByteCount
    self.hasOrdinal = hasOrdinal
    self.checks = checks
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
  func route(
    _ base: UnsafeRawPointer, count: Int, firstOrdinal: Int64, byteOffset: Int,
    resolver: inout SymbolResolver, rejected: (RejectedRow) throws -> Void
  ) throws {
    if generation != resolver.generation {
      generation = resolver.generation
      cache.removeAll()
    }
    let isSuspect = checks.contains { $0.isBroken(base, stride: recordByteCount, count: count) }
    for row in 0..<count {
      let record = base + row &* recordByteCount
      let time = record.loadLE(indexOffset, as: UInt64.self)
      if isSuspect || time > UInt64(Int64.max),
        let (rule, reason) = fault(record, time)
      {
        let bytes = UnsafeRawBufferPointer(start: record, count: recordByteCount)
        try rejected(
          RejectedRow(
            rule: rule, reason: reason, position: Int64(byteOffset + row * recordByteCount),
            symbol: nil, timestamp: time > UInt64(Int64.max) ? nil : Int64(time),
            original: Array(bytes)))
        continue
      }
      if time < dayStart || time >= dayEnd { try turn(to: time) }
      guard let partition else { continue }
      let id = record.loadLE(4, as: UInt32.self)
      var found = cache.find(id)
      if found == nil { found = try resolve(id, partition, &resolver) }
      guard let found else { continue }
      try store(record, found, partition, ordinal: firstOrdinal &+ Int64(row))
    }
    try sink.didAppend(rowCount: count)
  }

  @inline(__always)
  private func store(
    _ record: UnsafeRawPointer, _ found: InstrumentCache.Entry, _ partition: PartitionRows,
    ordinal: Int64
  ) throws {
    let symbol = partition.symbols + Int(found.slot)
    let key = sink.plan.order.key(record)
    if found.isCovered && symbol.pointee.covered.contains(where: { $0.contains(key.index) }) {
      repeatCount += 1
      return
    }
    let row = symbol.pointee.append(key, from: sink.pool)
    var at = 0
    // Every record is a multiple of four bytes long; most are of eight.
    while at &+ 8 <= recordByteCount {
      row.storeBytes(
        of: record.loadUnaligned(fromByteOffset: at, as: UInt64.self), toByteOffset: at,
        as: UInt64.self)
      at = at &+ 8
    }
    if at < recordByteCount {
      row.storeLE(record.loadLE(at, as: UInt32.self), at)
    }
    row.storeLE(symbol.pointee.code, recordByteCount)
    row.storeLE(found.requested, recordByteCount &+ 4)
    if hasOrdinal { row.storeLE(ordinal, recordByteCount &+ 8) }
    partition.rowCount &+= 1
    if symbol.pointee.run.rowCount == RowGroupCuts.groupRowMax {
      try sink.didFill(partition, slot: Int(found.slot))
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
    let (symbol, requested, step) = resolver.resolve(instrumentID: id, day: partition.day)
    let code = sink.texts.code(symbol)
    let slot = try partition.slot(code: code) { try coverage(partition.day, code) }
    let entry = InstrumentCache.Entry(
      slot: UInt32(slot), requested: requested.map { sink.texts.code($0) } ?? 0,
      isCovered: !partition.symbols[slot].covered.isEmpty, step: step)
    cache.insert(id, entry)
    return entry
  }
}

/// The slots of a date's instruments, by id: an open-addressing table.
struct InstrumentCache {
  struct Entry {
    var slot: UInt32
    var requested: UInt32
    var isCovered: Bool
    var step: ResolutionStep
  }

  private var ids: [UInt32] = Array(repeating: 0, count: 64)
  private var entries: [Entry?] = Array(repeating: nil, count: 64)
  private var count = 0
  private var lastID: UInt32 = 0
  private var last: Entry?

  @inline(__always)
  mutating func find(_ id: UInt32) -> Entry? {
    if id == lastID, let last { return last }
    let mask = ids.count &- 1
    var at = Int(truncatingIfNeeded: id &* 0x9E37_79B1 &>> 16) & mask
    while let entry = entries[at] {
      if ids[at] == id {
        lastID = id
        last = entry
        return entry
      }
      at = (at &+ 1) & mask
    }
    return nil
  }

  mutating func insert(_ id: UInt32, _ entry: Entry) {
    if (count + 1) * 2 > ids.count { grow() }
    place(id, entry)
    count += 1
  }

  mutating func removeAll() {
    last = nil
    if count == 0 { return }
    count = 0
    for at in entries.indices { entries[at] = nil }
  }

  private mutating func place(_ id: UInt32, _ entry: Entry) {
    let mask = ids.count - 1
    var at = Int(truncatingIfNeeded: id &* 0x9E37_79B1 &>> 16) & mask
    while entries[at] != nil { at = (at + 1) & mask }
    ids[at] = id
    entries[at] = entry
  }

  private mutating func grow() {
    let known = zip(ids, entries).compactMap { id, entry in entry.map { (id, $0) } }
    ids = Array(repeating: 0, count: ids.count * 2)
    entries = Array(repeating: nil, count: ids.count)
    for (id, entry) in known { place(id, entry) }
  }
}
