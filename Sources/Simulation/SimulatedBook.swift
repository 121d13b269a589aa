// The top of the book of one instrument and its events: the hot loop of the simulator.

import Bytes

/// Prices of the trades within one bar, in ticks.
struct SimulatedBar {
  var open: Int64 = 0
  var high: Int64 = 0
  var low: Int64 = 0
  var close: Int64 = 0
  var volume: UInt64 = 0

  @inline(__always)
  mutating func add(price: Int64, size: UInt32) {
    if volume == 0 {
      open = price
      high = price
      low = price
    }
    high = max(high, price)
    low = min(low, price)
    close = price
    volume &+= UInt64(size)
  }

  /// Merges the following bar into this one.
  mutating func merge(_ next: SimulatedBar) {
    if next.volume == 0 { return }
    if volume == 0 {
      self = next
      return
    }
    high = max(high, next.high)
    low = min(low, next.low)
    close = next.close
    volume &+= next.volume
  }
}

/// A change of the book, corresponding to one mbp-1 record.
struct BookEvent {
  static let trade = UInt8(ascii: "T")
  static let add = UInt8(ascii: "A")
  static let cancel = UInt8(ascii: "C")
  static let modify = UInt8(ascii: "M")
  static let bid = UInt8(ascii: "B")
  static let ask = UInt8(ascii: "A")

  var action: UInt8
  /// Side of the changed order; for a trade, the aggressor's side.
  var side: UInt8
  /// In ticks.
  var price: Int64
  var size: UInt32
}

/// The best bid and ask of one instrument.
///
/// The bid is always below the ask, both sides have a positive size, and every price is at least one tick.
struct SimulatedBook {
  /// Largest spread in ticks.
  private static let spreadMax: Int64 = 4

  var random: SimulatorRandom
  private(set) var bid: Int64
  private(set) var ask: Int64
  private(set) var bidSize: UInt32
  private(set) var askSize: UInt32
  private(set) var bidCount: UInt32 = 3
  private(set) var askCount: UInt32 = 3
  var bar = SimulatedBar()
  /// The price that the book drifts to, in ticks.
  var target: Int64
  /// Share of trades among events, and of price changes, out of 1024.
  let tradeShare: UInt64
  let moveShare: UInt64
  let lot: UInt32

  init(
    random: SimulatorRandom, price: Int64, lot: UInt32, tradeShare: UInt64, moveShare: UInt64
  ) {
    self.random = random
    bid = max(2, price)
    ask = bid + 1
    self.lot = lot
    self.tradeShare = tradeShare
    self.moveShare = moveShare
    target = bid
    bidSize = lot * 5
    askSize = lot * 5
  }

  /// Probability of an upward event, out of 1024; biased towards the target.
  @inline(__always)
  private var upShare: UInt64 {
    UInt64(bitPattern: 512 &+ min(max((target &- bid) &* 6, -220), 220))
  }

  /// The next event. A trade does not change the book yet: `settle` must follow it.
  @inline(__always)
  mutating func next() -> BookEvent {
    let dice = random.next()
    let choice = dice & 1023
    let isUp = (dice &>> 10) & 1023 < upShare || bid <= 2
    if choice < tradeShare { return trade(isBuy: isUp, dice &>> 20) }
    if choice < tradeShare &+ moveShare {
      return isUp ? moveUp(dice &>> 20) : moveDown(dice &>> 20)
    }
    return resize(isBid: (dice &>> 10) & 1 == 0, dice &>> 20)
  }

  /// A trade at the quote, at most of its size.
  private mutating func trade(isBuy: Bool, _ dice: UInt64) -> BookEvent {
    let offered = isBuy ? askSize : bidSize
    var size: UInt32
    switch dice & 15 {
    case 0...6: size = lot == 1 ? 1 : UInt32(1 + (dice &>> 8) % 99)
    case 7...13: size = lot &* UInt32(1 + (dice &>> 8) % 4)
    case 14: size = lot &* UInt32(1 + (dice &>> 8) % 24)
    default: size = offered
    }
    size = min(size, offered)
    let price = isBuy ? ask : bid
    bar.add(price: price, size: size)
    return BookEvent(
      action: BookEvent.trade, side: isBuy ? BookEvent.bid : BookEvent.ask, price: price,
      size: size)
  }

  /// Removes a trade's size from the book; an exhausted level is replaced by the next.
  mutating func settle(_ trade: BookEvent) -> BookEvent {
    let isBuy = trade.side == BookEvent.bid
    let rest = (isBuy ? askSize : bidSize) &- trade.size
    let side = isBuy ? BookEvent.ask : BookEvent.bid
    if rest > 0 {
      if isBuy { askSize = rest } else { bidSize = rest }
      return BookEvent(action: BookEvent.modify, side: side, price: trade.price, size: trade.size)
    }
    if isBuy { raiseAsk(random.next()) } else { lowerBid(random.next()) }
    return BookEvent(action: BookEvent.cancel, side: side, price: trade.price, size: trade.size)
  }

  /// A better bid inside the spread, or the cancellation of the best ask.
  private mutating func moveUp(_ dice: UInt64) -> BookEvent {
    if ask &- bid > 1 {
      bid &+= 1
      (bidSize, bidCount) = fresh(dice)
      return BookEvent(action: BookEvent.add, side: BookEvent.bid, price: bid, size: bidSize)
    }
    let event = BookEvent(
      action: BookEvent.cancel, side: BookEvent.ask, price: ask, size: askSize)
    raiseAsk(dice)
    return event
  }

  private mutating func moveDown(_ dice: UInt64) -> BookEvent {
    if ask &- bid > 1 {
      ask &-= 1
      (askSize, askCount) = fresh(dice)
      return BookEvent(action: BookEvent.add, side: BookEvent.ask, price: ask, size: askSize)
    }
    let event = BookEvent(
      action: BookEvent.cancel, side: BookEvent.bid, price: bid, size: bidSize)
    lowerBid(dice)
    return event
  }

  private mutating func raiseAsk(_ dice: UInt64) {
    ask &+= 1
    (askSize, askCount) = fresh(dice)
    if ask &- bid > Self.spreadMax {
      bid &+= 1
      (bidSize, bidCount) = fresh(dice &>> 20)
    }
  }

  private mutating func lowerBid(_ dice: UInt64) {
    // At the lowest possible price there is always another bid.
    if bid > 1 { bid &-= 1 }
    (bidSize, bidCount) = fresh(dice)
    if ask &- bid > Self.spreadMax {
      ask &-= 1
      (askSize, askCount) = fresh(dice &>> 20)
    }
  }

  /// Size and order count of a new level.
  private func fresh(_ dice: UInt64) -> (UInt32, UInt32) {
    let lots = UInt32(1 + dice % 12)
    return (lot &* lots, max(1, lots / 2))
  }

  /// An order is added to or removed from the best level.
  private mutating func resize(isBid: Bool, _ dice: UInt64) -> BookEvent {
    var size = isBid ? bidSize : askSize
    var count = isBid ? bidCount : askCount
    let change = lot &* UInt32(1 + (dice &>> 8) % 3)
    let usual = lot &* 12
    let isAdded = size <= change || dice & 127 < (size < usual ? 76 : 50)
    size = isAdded ? size &+ change : size &- change
    count = isAdded ? count &+ 1 : max(1, count &- 1)
    if isBid { (bidSize, bidCount) = (size, count) } else { (askSize, askCount) = (size, count) }
    return BookEvent(
      action: isAdded ? BookEvent.add : BookEvent.cancel,
      side: isBid ? BookEvent.bid : BookEvent.ask, price: isBid ? bid : ask, size: change)
  }

  /// Writes the levels into an mbp-1 record.
  @inline(__always)
  func putLevels(_ record: UnsafeMutableRawPointer, tick: Int64) {
    record.storeLE(bid &* tick, 48)
    record.storeLE(ask &* tick, 56)
    record.storeLE(bidSize, 64)
    record.storeLE(askSize, 68)
    record.storeLE(bidCount, 72)
    record.storeLE(askCount, 76)
  }
}
