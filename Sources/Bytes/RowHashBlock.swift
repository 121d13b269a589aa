import CKernels

/// Computes the row hashes of a block of rows from its columns.
///
/// Constant columns are mixed once, into the initial value of every row's accumulator; the others are mixed row
/// by row in `finish`, so that no accumulators are stored.
public struct RowHashBlock {
  private let columns: UnsafeMutablePointer<lake_hashed_column>
  private let columnMax: Int
  private var columnCount = 0
  private var count = 0
  /// Initial value of the accumulators: the mixes of constant columns.
  private var start = Fingerprint()
  private let hasWideWords: Bool

  /// - Parameter columnMax: Most columns of a block.
  public init(columnMax: Int) {
    self.init(columnMax: columnMax, hasWideWords: RowHash.hasWideWords)
  }

  /// - Parameter hasWideWords: False selects the path for processors without these instructions.
  init(columnMax: Int, hasWideWords: Bool) {
    self.columnMax = columnMax
    self.hasWideWords = hasWideWords && RowHash.hasWideWords
    columns = .allocate(capacity: columnMax)
  }

  /// Frees the memory. Must be called once, at the end.
  public func deallocate() { columns.deallocate() }

  /// Starts a block of `count` rows.
  public mutating func begin(count: Int) {
    self.count = count
    columnCount = 0
    start = Fingerprint()
  }

  /// Adds a column of 64-bit values, which must stay valid until `finish`.
  ///
  /// - Parameter validity: One byte per row, 0 for null, else 1; nil if no row is null.
  public mutating func add(
    _ hash: RowHash, _ values: UnsafePointer<Int64>, validity: UnsafePointer<UInt8>?
  ) {
    if count == 0 { return }
    // Wide words mix values about as fast as comparing them.
    if !hasWideWords && validity == nil && hash.isConstant(values, count) {
      return add(hash, constant: UInt64(bitPattern: values[0]))
    }
    precondition(columnCount < columnMax, "a block has no more columns than it was made for")
    columns[columnCount] = lake_hashed_column(
      values: values, validity: validity, k0: hash.k0, k1: hash.k1, k2: hash.k2,
      k1_high: hash.k1 >> 32, k2_high: hash.k2 >> 32)
    columnCount += 1
  }

  /// Adds the same value to every row.
  public mutating func add(_ hash: RowHash, constant value: UInt64) {
    var mixed = Fingerprint()
    hash.add(value, low: &mixed.low, high: &mixed.high)
    start &+= mixed
  }

  /// Finishes the block.
  ///
  /// - Returns: The sum of its row hashes.
  public mutating func finish() -> Fingerprint {
    var total = Fingerprint()
    let wideCount = hasWideWords ? count & ~7 : 0
    if wideCount > 0 {
      withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 4) { words in
        guard let base = words.baseAddress else { return }
        words.initialize(repeating: 0)
        (base[2], base[3]) = (start.low, start.high)
        lake_hash_rows(columns, columnCount, base + 2, wideCount, base)
        total = Fingerprint(low: base[0], high: base[1])
      }
    }
    for row in wideCount..<count {
      var sum = start
      for column in UnsafeBufferPointer(start: columns, count: columnCount)
      where column.validity.map({ $0[row] != 0 }) ?? true {
        RowHash(column).add(UInt64(bitPattern: column.values[row]), low: &sum.low, high: &sum.high)
      }
      total &+= RowHash.finalised(low: sum.low, high: sum.high)
    }
    return total
  }
}

extension RowHash {
  fileprivate init(_ column: lake_hashed_column) {
    (k0, k1, k2) = (column.k0, column.k1, column.k2)
  }
}
