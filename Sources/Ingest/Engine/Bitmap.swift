/// One bit for each of a number of rows.
struct Bitmap: Sendable {
  private var words: [UInt64]
  let count: Int
  /// Bits that are set.
  private(set) var setCount = 0

  /// All bits are 0.
  init(count: Int) {
    self.count = count
    words = [UInt64](repeating: 0, count: (count + 63) / 64)
  }

  /// All bits are 1.
  init(allOf count: Int) {
    self.init(count: count)
    for index in 0..<count { set(index) }
  }

  subscript(index: Int) -> Bool { words[index &>> 6] &>> UInt64(index & 63) & 1 != 0 }

  mutating func set(_ index: Int) {
    let bit: UInt64 = 1 &<< UInt64(index & 63)
    if words[index &>> 6] & bit == 0 { setCount += 1 }
    words[index &>> 6] |= bit
  }

  /// One byte per row: 1 if the bit is set.
  var bytes: [UInt8] { (0..<count).map { self[$0] ? 1 : 0 } }
}
