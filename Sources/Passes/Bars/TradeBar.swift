import Tables

/// A bar in the making.
struct TradeBar {
  /// The instants whose trades are known to be its: nanoseconds since 1970 UTC.
  var from: Int64
  var to: Int64
  /// Its label.
  var start: Int64
  /// Whose it is.
  var series: Int32
  /// The trading date, days since 1970; `noDay` without sessions.
  var day: Int32
  /// Roles of its trades: what it has values of.
  var roles: UInt8 = 0
  var open: Int64 = 0
  var high: Int64 = .min
  var low: Int64 = .max
  var close: Int64 = 0
  var volume: Int64 = 0
  var count: Int64 = 0
  /// Sum of price times size.
  var notional: Int128 = 0
  var first = TradeKey.last
  var last = TradeKey.first
  /// Whether open and close are of trades that may only set high and low, for want of others.
  var isProvisional = true

  /// Of bars that are made without sessions.
  static let noDay = Int32.min
}

/// Where a trade is in the order of trades.
struct TradeKey: Hashable {
  var time: Int64
  var sequence: Int64
  var received: Int64
  var ordinal: Int64

  static let first = TradeKey(time: .min, sequence: .min, received: .min, ordinal: .min)
  static let last = TradeKey(time: .max, sequence: .max, received: .max, ordinal: .max)

  @inline(__always)
  static func < (left: TradeKey, right: TradeKey) -> Bool {
    if left.time != right.time { return left.time < right.time }
    if left.sequence != right.sequence { return left.sequence < right.sequence }
    if left.received != right.received { return left.received < right.received }
    return left.ordinal < right.ordinal
  }
}

/// Finds bars by series and start.
struct TradeBarIndex {
  /// Indexes of bars; -1 is free.
  private var slots: [Int32] = Array(repeating: -1, count: 64)
  private var used: [Int] = []

  private static func hash(_ series: Int32, _ start: Int64) -> UInt64 {
    let mixed =
      (UInt64(bitPattern: start) &+ UInt64(UInt32(bitPattern: series)) &* 0x9E37_79B9_7F4A_7C15)
      &* 0xD6E8_FEB8_6659_FD93
    return mixed ^ (mixed &>> 32)
  }

  /// The index of a bar; nil if there is none.
  func find(_ series: Int32, _ start: Int64, _ bars: UnsafeMutablePointer<TradeBar>) -> Int? {
    let mask = slots.count &- 1
    var slot = Int(truncatingIfNeeded: Self.hash(series, start)) & mask
    while slots[slot] >= 0 {
      let index = Int(slots[slot])
      if bars[index].start == start, bars[index].series == series { return index }
      slot = (slot &+ 1) & mask
    }
    return nil
  }

  /// Adds a bar that is not in the index.
  mutating func insert(_ index: Int, _ bars: UnsafeMutablePointer<TradeBar>) {
    if used.count * 2 >= slots.count { grow(index, bars) }
    put(index, bars)
  }

  private mutating func put(_ index: Int, _ bars: UnsafeMutablePointer<TradeBar>) {
    let mask = slots.count &- 1
    var slot = Int(truncatingIfNeeded: Self.hash(bars[index].series, bars[index].start)) & mask
    while slots[slot] >= 0 { slot = (slot &+ 1) & mask }
    slots[slot] = Int32(index)
    used.append(slot)
  }

  private mutating func grow(_ count: Int, _ bars: UnsafeMutablePointer<TradeBar>) {
    let known = used.map { Int(slots[$0]) }
    slots = Array(repeating: -1, count: slots.count * 2)
    used.removeAll(keepingCapacity: true)
    for index in known { put(index, bars) }
  }

  mutating func removeAll() {
    for slot in used { slots[slot] = -1 }
    used.removeAll(keepingCapacity: true)
  }
}
