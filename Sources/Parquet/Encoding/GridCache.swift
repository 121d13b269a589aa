/// Caches the dictionary indices of integers that are near each other on a grid, such as the prices of one
/// symbol: a table by the number of ticks above a base, which needs no hashing and whose used part stays in the
/// first-level cache.
///
/// It only caches a dictionary, so it changes no index. When the values move away (the next symbol begins), the
/// table follows them.
struct GridCache {
  static let slotCount: UInt64 = 8192
  /// Values outside the table until it is moved.
  static let missCountMax = 16
  /// Values from which the tick size is derived.
  private static let lookaheadCount = 64

  private let table: UnsafeMutablePointer<UInt32>
  private var base: Int64 = 0
  /// The inverse, modulo 2⁶⁴, of the odd part of the tick size.
  private var inverse: UInt64 = 1
  /// The power of two in the tick size.
  private var shift: UInt64 = 0

  init() {
    table = .allocate(capacity: Int(Self.slotCount))
    table.initialize(repeating: 0, count: Int(Self.slotCount))
  }

  /// Frees the table. Call once, at the end.
  func deallocate() { table.deallocate() }

  /// The table, and the slot of a value; outside `slotCount` if it has none.
  ///
  /// Division by an odd number is multiplication by its inverse. The remainder of the power of two is rotated
  /// to the top bits, so that numbers off the grid are far outside the table.
  @inline(__always)
  func slot(of value: Int64) -> UInt64 {
    let scaled = UInt64(bitPattern: value &- base) &* inverse
    return scaled &>> shift | scaled &<< (64 &- shift)
  }

  @inline(__always)
  subscript(slot: UInt64) -> UInt32 {
    get { table[Int(truncatingIfNeeded: slot)] }
    nonmutating set { table[Int(truncatingIfNeeded: slot)] = newValue }
  }

  /// Clears the table and places it around the first of the values, on their grid.
  mutating func move(to values: UnsafePointer<Int64>, _ count: Int) {
    table.update(repeating: 0, count: Int(Self.slotCount))
    var tick: UInt64 = 0
    for index in 1..<Swift.max(1, Swift.min(count, Self.lookaheadCount)) {
      var (a, b) = (tick, (values[index] &- values[0]).magnitude)
      if b == 0 { continue }
      while a != 0 { (a, b) = (b % a, a) }
      tick = b
    }
    if tick == 0 { tick = 1 }
    shift = UInt64(tick.trailingZeroBitCount)
    let odd = tick &>> shift
    // Newton's iteration: correct in 5 bits at first, in twice as many after each step.
    inverse = (3 &* odd) ^ 2
    for _ in 0..<4 { inverse = inverse &* (2 &- odd &* inverse) }
    base = values[0] &- Int64(bitPattern: tick &* (Self.slotCount / 2))
  }
}
