/// The row hashes of one block of rows, summed up column by column.
///
/// Columns without nulls are mixed two at a time, so that a row's sum is read and written half as
/// often; what does not change within the block is mixed once, and every row's sum begins with it.
public struct RowHashBlock {
  /// Two words a row: low, high.
  private let sums: UnsafeMutablePointer<UInt64>
  private let capacity: Int
  private var count = 0
  /// What the sums begin with: the mixes of constant columns.
  private var start = Fingerprint()
  /// Whether `sums` hold something.
  private var isBegun = false
  private var waiting: (hash: RowHash, values: UnsafePointer<Int64>)?

  public init(capacity: Int) {
    self.capacity = capacity
    sums = .allocate(capacity: 2 * capacity)
  }

  /// Frees the sums. Call once, at the end.
  public func deallocate() { sums.deallocate() }

  /// Begins a block of `count` rows.
  public mutating func begin(count: Int) {
    precondition(count <= capacity, "a block's rows fit its sums")
    self.count = count
    start = Fingerprint()
    isBegun = false
    waiting = nil
  }

  /// Adds a column of 64-bit values, which must stay as they are until `finish`.
  ///
  /// - Parameter validity: One byte a row, 0 where the value is null, else 1; nil when none is.
  public mutating func add(
    _ hash: RowHash, _ values: UnsafePointer<Int64>, validity: UnsafePointer<UInt8>?
  ) {
    if let validity { return addMasked(hash, values, validity) }
    if count > 0 && hash.isConstant(values, count) {
      return add(hash, constant: UInt64(bitPattern: values[0]))
    }
    guard let (other, others) = waiting else {
      waiting = (hash, values)
      return
    }
    waiting = nil
    mix(other, others, hash, values)
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
    if let (hash, values) = waiting { mix(hash, values) }
    waiting = nil
    beginSums()
    // Constants that came after the first column are still to be added.
    if start != Fingerprint() { addStart() }
    return RowHash.fingerprint(sums, count: count)
  }

  private mutating func beginSums() {
    if isBegun { return }
    isBegun = true
    for row in 0..<count {
      sums[2 &* row] = start.low
      sums[2 &* row &+ 1] = start.high
    }
    start = Fingerprint()
  }

  private mutating func addStart() {
    let (low, high) = (start.low, start.high)
    for row in 0..<count {
      let (sum, carry) = sums[2 &* row].addingReportingOverflow(low)
      sums[2 &* row] = sum
      sums[2 &* row &+ 1] = sums[2 &* row &+ 1] &+ high &+ (carry ? 1 : 0)
    }
    start = Fingerprint()
  }

  private mutating func mix(_ hash: RowHash, _ values: UnsafePointer<Int64>) {
    beginSums()
    for row in 0..<count {
      var (low, high) = (sums[2 &* row], sums[2 &* row &+ 1])
      hash.add(UInt64(bitPattern: values[row]), low: &low, high: &high)
      sums[2 &* row] = low
      sums[2 &* row &+ 1] = high
    }
  }

  private mutating func mix(
    _ first: RowHash, _ firstValues: UnsafePointer<Int64>,
    _ second: RowHash, _ secondValues: UnsafePointer<Int64>
  ) {
    if isBegun {
      for row in 0..<count {
        var (low, high) = (sums[2 &* row], sums[2 &* row &+ 1])
        first.add(UInt64(bitPattern: firstValues[row]), low: &low, high: &high)
        second.add(UInt64(bitPattern: secondValues[row]), low: &low, high: &high)
        sums[2 &* row] = low
        sums[2 &* row &+ 1] = high
      }
      return
    }
    isBegun = true
    let start = start
    self.start = Fingerprint()
    for row in 0..<count {
      var (low, high) = (start.low, start.high)
      first.add(UInt64(bitPattern: firstValues[row]), low: &low, high: &high)
      second.add(UInt64(bitPattern: secondValues[row]), low: &low, high: &high)
      sums[2 &* row] = low
      sums[2 &* row &+ 1] = high
    }
  }

  /// A null adds nothing: its mix is masked, as guessing which rows have one would cost more.
  private mutating func addMasked(
    _ hash: RowHash, _ values: UnsafePointer<Int64>, _ validity: UnsafePointer<UInt8>
  ) {
    beginSums()
    for row in 0..<count {
      var mixed = Fingerprint()
      hash.add(UInt64(bitPattern: values[row]), low: &mixed.low, high: &mixed.high)
      let mask = 0 &- UInt64(validity[row])
      let (sum, carry) = sums[2 &* row].addingReportingOverflow(mixed.low & mask)
      sums[2 &* row] = sum
      sums[2 &* row &+ 1] = sums[2 &* row &+ 1] &+ (mixed.high & mask) &+ (carry ? 1 : 0)
    }
  }
}
