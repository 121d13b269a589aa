import CSystem

/// The row hashes of one block of rows, summed up column by column.
///
/// What does not change within the block is mixed once, and every row's sum begins with it.
public struct RowHashBlock {
  /// The low words of the rows' sums; the high ones lie in `highs`.
  private let lows: UnsafeMutablePointer<UInt64>
  private let highs: UnsafeMutablePointer<UInt64>
  private let capacity: Int
  private var count = 0
  /// Rows of the block that are mixed eight at a time.
  private var wideCount = 0
  /// What the sums begin with: the mixes of constant columns.
  private var start = Fingerprint()
  /// Whether the sums hold something.
  private var isBegun = false
  private let hasWideWords: Bool

  public init(capacity: Int) { self.init(capacity: capacity, hasWideWords: RowHash.hasWideWords) }

  /// - Parameter hasWideWords: false for what processors without such instructions do.
  init(capacity: Int, hasWideWords: Bool) {
    self.capacity = capacity
    self.hasWideWords = hasWideWords && RowHash.hasWideWords
    lows = .allocate(capacity: capacity)
    highs = .allocate(capacity: capacity)
  }

  /// Frees the sums. Call once, at the end.
  public func deallocate() {
    lows.deallocate()
    highs.deallocate()
  }

  /// Begins a block of `count` rows.
  public mutating func begin(count: Int) {
    precondition(count <= capacity, "a block's rows fit its sums")
    self.count = count
    wideCount = hasWideWords ? count & ~7 : 0
    start = Fingerprint()
    isBegun = false
  }

  /// Adds a column of 64-bit values.
  ///
  /// - Parameter validity: One byte a row, 0 where the value is null, else 1; nil when none is.
  public mutating func add(
    _ hash: RowHash, _ values: UnsafePointer<Int64>, validity: UnsafePointer<UInt8>?
  ) {
    if count == 0 { return }
    if validity == nil && hash.isConstant(values, count) {
      return add(hash, constant: UInt64(bitPattern: values[0]))
    }
    beginSums()
    if wideCount > 0 {
      withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 3) { keys in
        guard let base = keys.baseAddress else { return }
        keys[0] = hash.k0
        keys[1] = hash.k1
        keys[2] = hash.k2
        lake_mix_rows(values, validity, wideCount, base, lows, highs)
      }
    }
    for row in wideCount..<count {
      var mixed = Fingerprint()
      hash.add(UInt64(bitPattern: values[row]), low: &mixed.low, high: &mixed.high)
      // A null adds nothing: its mix is masked, as guessing which rows have one would cost more.
      let mask = validity.map { 0 &- UInt64($0[row]) } ?? .max
      add(Fingerprint(low: mixed.low & mask, high: mixed.high & mask), toRow: row)
    }
  }

  /// Adds one value to every row.
  public mutating func add(_ hash: RowHash, constant value: UInt64) {
    var mixed = Fingerprint()
    hash.add(value, low: &mixed.low, high: &mixed.high)
    start &+= mixed
  }

  /// Ends the block.
  ///
  /// - Returns: The sum of its rows' hashes.
  public mutating func finish() -> Fingerprint {
    beginSums()
    // Constants that came after the first column are still to be added.
    if start != Fingerprint() {
      for row in 0..<count { add(start, toRow: row) }
      start = Fingerprint()
    }
    var total = Fingerprint()
    if wideCount > 0 {
      withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2) { words in
        guard let base = words.baseAddress else { return }
        words.initialize(repeating: 0)
        lake_finalise_split_rows(lows, highs, wideCount, base)
        total = Fingerprint(low: base[0], high: base[1])
      }
    }
    for row in wideCount..<count {
      total &+= RowHash.finalised(low: lows[row], high: highs[row])
    }
    return total
  }

  private mutating func beginSums() {
    if isBegun { return }
    isBegun = true
    lows.update(repeating: start.low, count: count)
    highs.update(repeating: start.high, count: count)
    start = Fingerprint()
  }

  @inline(__always)
  private func add(_ mixed: Fingerprint, toRow row: Int) {
    let (sum, carry) = lows[row].addingReportingOverflow(mixed.low)
    lows[row] = sum
    highs[row] = highs[row] &+ mixed.high &+ (carry ? 1 : 0)
  }
}
