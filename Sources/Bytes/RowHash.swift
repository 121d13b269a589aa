import CKernels

// The row hash of a lake: the sum mod 2^128 of a table partition's row hashes is its fingerprint.
//
//   column seed   k0, k1, k2 = three successive splitmix64 outputs of the state fnv1a64(name + ":" + type)
//                 with k1 and k2 made odd.
//   mix(v)        t = v + k0 (mod 2^64); p = t × k1 (128 bits); u = p.low xor p.high;
//                 the 128-bit product u × k2, plus t in its low word (mod 2^128)
//   row           a = sum mod 2^128 of mix over the non-null columns, then finalise:
//                 low  = murmur64(a.low  + 0x9E3779B97F4A7C15)
//                 high = murmur64(a.high xor rotl(low, 32)); low = low + murmur64(high)
//
// Timestamps are hashed as whole nanoseconds, whether or not a column has the nanoseconds' remainder. Null adds
// nothing, so a new nullable column does not change any hash. Text and values wider than 64 bits are first
// reduced to 64 bits (`RowHash.text`, `RowHash.wide`). tools/rowhash.py is the same in Python; the test vectors
// of both are in Tests/Golden/rowhash.json.

/// A 128-bit sum of row hashes: the fingerprint of a multiset of rows, independent of their order.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  /// The lower 64 bits of the sum.
  public var low: UInt64
  /// The upper 64 bits of the sum.
  public var high: UInt64

  /// The fingerprint with these words; by default that of no rows.
  @inlinable public init(low: UInt64 = 0, high: UInt64 = 0) {
    self.low = low
    self.high = high
  }

  /// Parses 32 lower-case hexadecimal digits, most significant first; nil for anything else.
  public init?(hex: String) {
    guard hex.utf8.count == 32, hex.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2D }),
      let high = UInt64(hex.prefix(16), radix: 16), let low = UInt64(hex.suffix(16), radix: 16)
    else { return nil }
    self.init(low: low, high: high)
  }

  /// Adds another fingerprint, mod 2^128.
  @inlinable public static func &+= (left: inout Fingerprint, right: Fingerprint) {
    let (low, carry) = left.low.addingReportingOverflow(right.low)
    left.low = low
    left.high = left.high &+ right.high &+ (carry ? 1 : 0)
  }

  /// Subtracts another fingerprint, mod 2^128.
  @inlinable public static func &-= (left: inout Fingerprint, right: Fingerprint) {
    let (low, borrow) = left.low.subtractingReportingOverflow(right.low)
    left.low = low
    left.high = left.high &- right.high &- (borrow ? 1 : 0)
  }

  /// 32 hexadecimal digits, most significant first.
  public var description: String {
    var (high, low) = (high.bigEndian, low.bigEndian)
    return withUnsafeBytes(of: &high) { HexText.lowercase($0) }
      + withUnsafeBytes(of: &low) { HexText.lowercase($0) }
  }
}

/// The hash parameters of one column.
public struct RowHash: Sendable {
  @usableFromInline let k0: UInt64
  @usableFromInline let k1: UInt64
  @usableFromInline let k2: UInt64

  /// - Parameters:
  ///   - name: Column name as in the table's schema.
  ///   - type: Canonical logical type: `integer`, `decimal(s)` (scale only), `string`, `binary`,
  ///     `double`, `boolean`, `date`, `timestamp`. Every width of integer is `integer`, and a
  ///     `_plus_ns` pair is one `timestamp` column of whole nanoseconds.
  public init(name: String, type: String) {
    var state = RowHash.fnv1a64((name + ":" + type).utf8)
    k0 = RowHash.splitMix64(&state)
    k1 = RowHash.splitMix64(&state) | 1
    k2 = RowHash.splitMix64(&state) | 1
  }

  /// Adds one value's mix to a row's accumulator.
  @inlinable @inline(__always)
  public func add(_ value: UInt64, low: inout UInt64, high: inout UInt64) {
    let t = value &+ k0
    let p = t.multipliedFullWidth(by: k1)
    let u = p.low ^ p.high
    let q = u.multipliedFullWidth(by: k2)
    let (l, c0) = q.low.addingReportingOverflow(t)
    let (sum, c1) = low.addingReportingOverflow(l)
    low = sum
    high = high &+ q.high &+ (c0 ? 1 : 0) &+ (c1 ? 1 : 0)
  }

  /// Adds a column of 64-bit values to the rows' accumulators.
  ///
  /// - Parameters:
  ///   - validity: One byte per row, 0 for null; nil if no row is null.
  ///   - sums: Two words per row: low, high.
  public func add(
    _ values: UnsafePointer<Int64>, count: Int, validity: UnsafePointer<UInt8>?,
    sums: UnsafeMutablePointer<UInt64>
  ) {
    if let validity {
      for row in 0..<count where validity[row] != 0 {
        add(
          UInt64(bitPattern: values[row]), low: &sums[2 &* row], high: &sums[2 &* row &+ 1])
      }
    } else if isConstant(values, count) {
      if count > 0 { add(constant: UInt64(bitPattern: values[0]), rows: 0..<count, sums: sums) }
    } else {
      for row in 0..<count {
        add(UInt64(bitPattern: values[row]), low: &sums[2 &* row], high: &sums[2 &* row &+ 1])
      }
    }
  }

  /// Publishers, instruments and symbols are often constant: one mix serves all rows.
  func isConstant(_ values: UnsafePointer<Int64>, _ count: Int) -> Bool {
    if count < 2 || values[0] != values[count &- 1] { return false }
    var difference: Int64 = 0
    for row in 0..<count { difference |= values[row] ^ values[0] }
    return difference == 0
  }

  /// Adds the same value to every row of a run, such as a constant symbol.
  public func add(
    constant value: UInt64, rows: Range<Int>, sums: UnsafeMutablePointer<UInt64>
  ) {
    var low: UInt64 = 0
    var high: UInt64 = 0
    add(value, low: &low, high: &high)
    for row in rows {
      let (sum, carry) = sums[2 &* row].addingReportingOverflow(low)
      sums[2 &* row] = sum
      sums[2 &* row &+ 1] = sums[2 &* row &+ 1] &+ high &+ (carry ? 1 : 0)
    }
  }

  /// Finalises `count` accumulators and returns the sum of the row hashes.
  public static func fingerprint(_ sums: UnsafePointer<UInt64>, count: Int) -> Fingerprint {
    var total = Fingerprint()
    var start = 0
    if hasWideWords && count >= 8 {
      start = count & ~7
      withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2) { words in
        guard let base = words.baseAddress else { return }
        words.initialize(repeating: 0)
        lake_finalise_rows(sums, start, base)
        total = Fingerprint(low: base[0], high: base[1])
      }
    }
    for row in start..<count {
      total &+= finalised(low: sums[2 &* row], high: sums[2 &* row &+ 1])
    }
    return total
  }

  /// Whether the processor multiplies eight 64-bit numbers at a time, which is four times as fast.
  static let hasWideWords = lake_has_wide_words() != 0

  /// The hash of a row from its accumulator.
  @inlinable @inline(__always)
  public static func finalised(low: UInt64, high: UInt64) -> Fingerprint {
    let l = murmur64(low &+ 0x9E37_79B9_7F4A_7C15)
    let h = murmur64(high ^ (l &<< 32 | l &>> 32))
    return Fingerprint(low: l &+ murmur64(h), high: h)
  }

  /// The 64-bit reduction of text or binary: FNV-1a, then the murmur finaliser.
  public static func text(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    murmur64(fnv1a64(bytes))
  }

  /// The 64-bit reduction of an unscaled decimal: its value if it fits in 64 bits, so that a decimal's physical
  /// width does not matter; else a mix of its two words.
  @inlinable
  public static func wide(_ value: Int128) -> UInt64 {
    if let narrow = Int64(exactly: value) { return UInt64(bitPattern: narrow) }
    let bits = UInt128(truncatingIfNeeded: value)
    return murmur64(UInt64(truncatingIfNeeded: bits))
      ^ murmur64(UInt64(truncatingIfNeeded: bits &>> 64) &+ 0x9E37_79B9_7F4A_7C15)
  }

  /// The 64-bit reduction of a double: its IEEE bits, with −0 as 0.
  @inlinable
  public static func double(_ value: Double) -> UInt64 { value == 0 ? 0 : value.bitPattern }

  /// The finaliser of MurmurHash3.
  @inlinable @inline(__always)
  public static func murmur64(_ word: UInt64) -> UInt64 {
    var h = word
    h ^= h &>> 33
    h = h &* 0xFF51_AFD7_ED55_8CCD
    h ^= h &>> 33
    h = h &* 0xC4CE_B9FE_1A85_EC53
    h ^= h &>> 33
    return h
  }

  static func fnv1a64(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var h: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { h = (h ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return h
  }

  static func splitMix64(_ state: inout UInt64) -> UInt64 {
    state = state &+ 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z &>> 31)
  }
}
