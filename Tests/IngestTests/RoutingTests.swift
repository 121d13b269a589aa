import Bytes
import CKernels
import TestSupport
import Testing

private let recordByteCount = 56

/// The router's kernel, compared record by record with its specification.
@Suite struct RoutingTests {
  private static let day: UInt64 = 1_000_000

  /// Expected state of a symbol after the loop.
  private struct Symbol: Equatable {
    var rows: [[UInt8]] = []
    var lastIndex = Int64.min
    var lastSequence: UInt64 = 0
    var hasEqualIndex = false
    var room: Int
  }

  private struct Instrument {
    var id: UInt32
    var slot: Int
    var isKnown: Bool
  }

  private struct Case {
    var instruments: [Instrument]
    var records: [UInt8]
    var hasOrdinal: Bool
    var watchesOrder: Bool
    var hasSequence: Bool
    var fullRowCount: Int
    var rooms: [Int]
  }

  private func randomCase(_ random: inout SeededGenerator) -> Case {
    let instruments = (0..<5).map { slot in
      // Ids that share a slot in the hash table.
      Instrument(id: UInt32(slot + 1) << 22, slot: slot, isKnown: slot != 4)
    }
    var time: UInt64 = Self.day
    var records: [UInt8] = []
    for _ in 0..<Int.random(in: 0...120, using: &random) {
      var record = (0..<recordByteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
      let odd = Int.random(in: 0..<60, using: &random)
      time += UInt64.random(in: 0...3, using: &random)
      let at = odd == 0 ? time - 2 : odd == 1 ? time + Self.day : time
      let id = odd == 2 ? 77 : UInt32(Int.random(in: 1...(odd == 3 ? 5 : 4), using: &random)) << 22
      record.withUnsafeMutableBytes { bytes in
        bytes.storeBytes(
          of: UInt16(Int.random(in: 1...2, using: &random)), toByteOffset: 2, as: UInt16.self)
        bytes.storeBytes(of: id, toByteOffset: 4, as: UInt32.self)
        bytes.storeBytes(of: at, toByteOffset: 8, as: UInt64.self)
      }
      records += record
    }
    return Case(
      instruments: instruments, records: records, hasOrdinal: Bool.random(using: &random),
      watchesOrder: Bool.random(using: &random), hasSequence: Bool.random(using: &random),
      fullRowCount: [20, 1000].randomElement(using: &random) ?? 20,
      rooms: instruments.map { _ in [3, 200].randomElement(using: &random) ?? 3 })
  }

  /// The records that the loop accepts by the rules, and the resulting states of the symbols.
  private func expected(_ given: Case) -> (count: Int, full: Int, symbols: [Symbol]) {
    var symbols = given.rooms.map { Symbol(room: $0) }
    var (lastTime, lastTie): (UInt64, UInt64) = (0, 0)
    var row = 0
    let count = given.records.count / recordByteCount
    while row < count {
      let record = Array(
        given.records[(row * recordByteCount)..<((row + 1) * recordByteCount)])
      let (time, sequence, publisher, id) = record.withUnsafeBytes { bytes in
        (
          bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
          given.hasSequence ? UInt64(bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self)) : 0,
          UInt64(bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)),
          bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        )
      }
      let tie = UInt64(id) << 16 | publisher
      guard (Self.day..<2 * Self.day).contains(time),
        !given.watchesOrder || (lastTime, lastTie) <= (time, tie),
        let instrument = given.instruments.first(where: { $0.id == id }), instrument.isKnown
      else { break }
      var symbol = symbols[instrument.slot]
      let index = Int64(time)
      guard symbol.room > 0, (symbol.lastIndex, symbol.lastSequence) <= (index, sequence)
      else { break }
      if index == symbol.lastIndex { symbol.hasEqualIndex = true }
      let ordinal = withUnsafeBytes(of: Int64(1000 + row)) { Array($0) }
      let codes = withUnsafeBytes(of: (UInt32(instrument.slot + 50), UInt32(instrument.slot + 9))) {
        Array($0)
      }
      symbol.rows.append(record + codes + (given.hasOrdinal ? ordinal : []))
      symbol.room -= 1
      (symbol.lastIndex, symbol.lastSequence) = (index, sequence)
      symbols[instrument.slot] = symbol
      (lastTime, lastTie) = (time, tie)
      row += 1
      if symbol.rows.count == given.fullRowCount { return (row, instrument.slot, symbols) }
    }
    return (row, -1, symbols)
  }

  /// The kernel's data structures in memory.
  private final class Tables {
    let rowByteCount: Int
    let heads: UnsafeMutablePointer<lake_symbol_head>
    let table: UnsafeMutablePointer<lake_instrument>
    let routing: UnsafeMutablePointer<lake_routing>
    private let memory: ByteBuffer

    init(_ given: Case) {
      rowByteCount = recordByteCount + (given.hasOrdinal ? 16 : 8)
      memory = ByteBuffer(capacity: given.rooms.count * 300 * rowByteCount)
      heads = .allocate(capacity: given.rooms.count)
      table = .allocate(capacity: 64)
      table.initialize(repeating: lake_instrument(), count: 64)
      routing = .allocate(capacity: 1)
      for instrument in given.instruments {
        var at = Int(lake_instrument_slot(instrument.id, 63))
        while table[at].is_used != 0 { at = (at + 1) % 64 }
        table[at] = lake_instrument(
          id: instrument.id, slot: UInt32(instrument.slot), requested: UInt32(instrument.slot + 9),
          is_used: instrument.isKnown ? 1 : 0)
      }
      for (slot, room) in given.rooms.enumerated() {
        (heads + slot).initialize(
          to: lake_symbol_head(
            next: rows(slot).assumingMemoryBound(to: UInt8.self), room: room, row_count: 0,
            last_index: .min, last_sequence: 0, code: UInt32(slot + 50), has_equal_index: 0))
      }
    }

    deinit {
      heads.deallocate()
      table.deallocate()
      routing.deallocate()
    }

    func rows(_ slot: Int) -> UnsafeMutableRawPointer { memory.base + slot * 300 * rowByteCount }

    func begin(_ given: Case) {
      var fresh = lake_routing()
      fresh.record_byte_count = recordByteCount
      fresh.row_byte_count = rowByteCount
      fresh.index_offset = 8
      fresh.sequence_offset = 16
      fresh.sequence_byte_count = given.hasSequence ? 4 : 0
      fresh.has_ordinal = given.hasOrdinal ? 1 : 0
      fresh.watches_order = given.watchesOrder ? 1 : 0
      fresh.full_row_count = given.fullRowCount
      (fresh.day_start, fresh.day_end) = (RoutingTests.day, 2 * RoutingTests.day)
      (fresh.instruments, fresh.instrument_mask) = (table, 63)
      fresh.symbols = UnsafeMutableRawPointer(heads).assumingMemoryBound(to: UInt8.self)
      fresh.symbol_byte_count = MemoryLayout<lake_symbol_head>.stride
      routing.initialize(to: fresh)
    }
  }

  @Test func storesUpToTheFirstRecordThatNeedsACloserLook() {
    var random = SeededGenerator(seed: 31)
    var stopCount = 0
    for _ in 0..<400 {
      let given = randomCase(&random)
      let count = given.records.count / recordByteCount
      let wanted = expected(given)
      if wanted.count < count { stopCount += 1 }
      let tables = Tables(given)
      given.records.withUnsafeBufferPointer { records in
        guard let base = records.baseAddress else { return }
        tables.begin(given)
        let stored = lake_route_rows(tables.routing, base, count, 1000)
        #expect(stored == wanted.count)
        #expect(tables.routing.pointee.full_slot == wanted.full)
      }
      for slot in given.rooms.indices {
        let (head, symbol) = (tables.heads[slot], wanted.symbols[slot])
        #expect(head.row_count == symbol.rows.count && head.room == symbol.room)
        #expect(head.last_index == symbol.lastIndex && head.last_sequence == symbol.lastSequence)
        #expect((head.has_equal_index != 0) == symbol.hasEqualIndex)
        let stored = UnsafeRawBufferPointer(
          start: tables.rows(slot), count: symbol.rows.count * tables.rowByteCount)
        #expect(Array(stored) == symbol.rows.flatMap { $0 })
      }
    }
    #expect(stopCount > 100)
  }
}
