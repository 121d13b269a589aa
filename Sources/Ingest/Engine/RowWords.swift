import CKernels
import Columnar

/// The eight-byte words of a block of rows, transposed into columns: all fields of the rows are cut from them.
///
/// A field that is a whole word can be *watched*: its column is then written straight into the caller's buffer,
/// and the transpose also finds out whether a value is the sentinel.
struct RowWords {
  /// Rows with more words do not fit into the first-level cache.
  private static let wordMax = 16

  private let memory: UnsafeMutablePointer<UInt64>
  private let capacity: Int
  /// By word: where its column is written.
  private let columns: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>>
  private let sentinels: UnsafeMutablePointer<UInt64>
  /// By word: the bits that differ between rows.
  private let varying: UnsafeMutablePointer<UInt64>
  /// One bit for each watched word, and for each of those with a sentinel.
  private var watched: UInt32 = 0
  private var mayMiss: UInt32 = 0
  /// One bit for each word that has the sentinel among its values.
  private var hits: UInt32 = 0

  /// - Parameter capacity: Rows of a block, a multiple of eight.
  /// - Returns: nil if the processor has no wide words.
  init?(capacity: Int) {
    if lake_has_wide_words() == 0 { return nil }
    self.capacity = capacity
    memory = .allocate(capacity: capacity * Self.wordMax)
    columns = .allocate(capacity: Self.wordMax)
    for word in 0..<Self.wordMax { (columns + word).initialize(to: memory + word * capacity) }
    sentinels = .allocate(capacity: Self.wordMax)
    sentinels.initialize(repeating: 0, count: Self.wordMax)
    varying = .allocate(capacity: Self.wordMax)
    varying.initialize(repeating: 0, count: Self.wordMax)
  }

  /// Frees the columns. Call once, at the end.
  func deallocate() {
    memory.deallocate()
    columns.deallocate()
    sentinels.deallocate()
    varying.deallocate()
  }

  /// Watches a field that is a whole word.
  ///
  /// - Returns: Index of the word; nil, with nothing done, if the field is no whole word, or the word is
  ///   watched already.
  mutating func watch(_ field: FieldLocation) -> Int? {
    let word = field.offset >> 3
    guard field.form.byteCount == 8, field.offset & 7 == 0, word < Self.wordMax,
      watched & (1 << UInt32(word)) == 0
    else { return nil }
    switch field.null {
    case .never: break
    case .sentinel(let bits):
      sentinels[word] = bits
      mayMiss |= 1 << UInt32(word)
    case .bit: return nil
    }
    watched |= 1 << UInt32(word)
    return word
  }

  /// Sets the buffer for a watched word's column, which has room for a multiple of eight rows.
  func direct(_ word: Int, to target: UnsafeMutablePointer<Int64>) {
    columns[word] = UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt64.self)
  }

  /// Transposes rows that are `stride` bytes apart.
  ///
  /// - Returns: false if this form of rows is not supported.
  mutating func transpose(_ base: UnsafeRawPointer, stride: Int, count: Int) -> Bool {
    guard stride % 8 == 0, stride / 8 <= Self.wordMax, count > 0, count <= capacity else {
      return false
    }
    // The type that C expects: optional pointers.
    let columns = UnsafeRawPointer(columns).assumingMemoryBound(
      to: UnsafeMutablePointer<UInt64>?.self)
    hits =
      lake_turn_rows(
        base.assumingMemoryBound(to: UInt8.self), stride, stride / 8, count, columns, sentinels,
        varying) & mayMiss
    return true
  }

  /// The values of a watched word, if none is the sentinel.
  @inline(__always)
  func values(_ word: Int) -> UnsafePointer<Int64>? {
    if hits & (1 << UInt32(word)) != 0 { return nil }
    return UnsafePointer(
      UnsafeMutableRawPointer(columns[word]).assumingMemoryBound(to: Int64.self))
  }

  /// Whether a field of up to eight bytes is known to be equal in all rows.
  @inline(__always)
  func isUniform(_ field: FieldLocation) -> Bool {
    if case .bit(let offset, let mask) = field.null,
      varying[offset >> 3] >> UInt64((offset & 7) * 8) & UInt64(mask) != 0
    {
      return false
    }
    let (bitCount, shift) = (field.form.byteCount * 8, (field.offset & 7) * 8)
    if bitCount + shift > 64 { return false }
    let mask = (UInt64.max &>> UInt64(64 - bitCount)) &<< UInt64(shift)
    return varying[field.offset >> 3] & mask == 0
  }

  /// Cuts an integer of up to eight bytes from every row.
  ///
  /// - Returns: Whether one is the sentinel; nil, with nothing done, if the field is not within one word.
  @inline(__always)
  func cut(
    _ field: FieldLocation, _ isSigned: Bool, _ count: Int, sentinel: Int64,
    _ out: UnsafeMutablePointer<Int64>
  ) -> Bool? {
    let (byteCount, within) = (field.form.byteCount, field.offset & 7)
    if within + byteCount > 8 { return nil }
    return lake_cut_words(
      columns[field.offset >> 3], count, CInt(within * 8), CInt(byteCount * 8), isSigned ? 1 : 0,
      sentinel, out) != 0
  }

  /// Cuts a text's code from every row.
  ///
  /// - Returns: How many are the sentinel; nil, with nothing done, if the field is not within one word.
  func cut(
    codes field: FieldLocation, _ count: Int, sentinel: UInt32, _ out: UnsafeMutablePointer<Int32>
  ) -> Int? {
    let within = field.offset & 7
    if within > 4 { return nil }
    return lake_cut_codes(
      columns[field.offset >> 3], count, CInt(within * 8), CInt(bitPattern: sentinel), out)
  }
}
