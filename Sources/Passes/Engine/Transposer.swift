import Bytes
import CSystem
import Columnar

/// Cuts packed rows into columns, and sums their row hashes on the way.
///
/// Rows come in blocks of up to `blockRowCount`: a block's rows stay in the nearest cache while its
/// columns are cut out one after the other. Rows that lie side by side wait until the next ones are
/// known, so that these can be fetched from memory meanwhile.
final class Transposer {
  static let blockRowCount = 256
  /// Rows that lie side by side are a block of their own from this count on.
  private static let contiguousRowMin = 16

  let columns: [PhysicalColumn]
  let scratch: [ColumnScratch]
  /// Rows cut since `reset`.
  private(set) var rowCount = 0
  private var texts = TextCodes()
  private let pointers: UnsafeMutablePointer<UnsafeRawPointer>
  private let hashes = RowHashBlock(capacity: Transposer.blockRowCount)
  private let rowWords: RowWords?
  /// By column: the 64-bit words that are hashed, where they are not the column's values themselves.
  private let words: [UnsafeMutablePointer<Int64>]
  /// Remainders of the time that was split last, for the column that follows it.
  private let remainders: UnsafeMutablePointer<Int64>
  private var split: (field: RowField, validity: UnsafeMutablePointer<UInt8>, hasNulls: Bool)?
  private var pending = 0
  /// Rows side by side that wait to be cut.
  private var waiting: (base: UnsafeRawPointer, stride: Int, count: Int)?
  private let capacity: Int
  private var total = Fingerprint()

  convenience init(columns: [PhysicalColumn], capacity: Int) {
    self.init(columns: columns, capacity: capacity, words: RowWords(capacity: Self.blockRowCount))
  }

  /// - Parameter words: nil for what processors without wide words do.
  init(columns: [PhysicalColumn], capacity: Int, words: RowWords?) {
    rowWords = words
    self.columns = columns
    self.capacity = capacity
    scratch = columns.map { ColumnScratch(form: $0.origin.scratchForm, capacity: capacity) }
    pointers = .allocate(capacity: Self.blockRowCount)
    self.words = columns.map { .allocate(capacity: $0.origin.hasOwnWords ? Self.blockRowCount : 1) }
    remainders = .allocate(capacity: Self.blockRowCount)
  }

  deinit {
    pointers.deallocate()
    hashes.deallocate()
    for buffer in words { buffer.deallocate() }
    rowWords?.deallocate()
    remainders.deallocate()
  }

  /// Begins a row group whose texts are coded by `texts`.
  func reset(texts values: ByteColumn) {
    rowCount = 0
    pending = 0
    waiting = nil
    total = Fingerprint()
    texts.begin(values)
    for column in scratch { column.reset() }
  }

  /// Adds `count` rows that lie `stride` bytes apart. They must stay there until `settle` or `finish`.
  func append(_ base: UnsafeRawPointer, stride: Int, count: Int) {
    precondition(
      rowCount + pending + (waiting?.count ?? 0) + count <= capacity,
      "a row group's rows fit its scratch")
    var at = base
    var left = count
    while left > 0 {
      if left >= Self.contiguousRowMin { cutPending() }
      let take = min(left, Self.blockRowCount - pending)
      if take >= Self.contiguousRowMin {
        cutWaiting(next: (at, take * stride))
        waiting = (at, stride, take)
      } else {
        cutWaiting()  // It takes `pointers` too.
        for row in 0..<take { pointers[pending &+ row] = at + row &* stride }
        pending += take
        if pending == Self.blockRowCount { cutPending() }
      }
      left -= take
      at += take * stride
    }
  }

  /// Cuts what was added so far: its memory may then be used for something else.
  func settle() {
    cutWaiting()
    cutPending()
  }

  /// Ends the row group; the columns are then in `scratch`.
  ///
  /// - Returns: The sum of the rows' hashes.
  func finish() -> Fingerprint {
    settle()
    for (column, scratch) in zip(columns, scratch) {
      if case .text = column.origin { texts.compact(scratch, count: rowCount) }
      if case .character = column.origin { CharacterCodes.compact(scratch, count: rowCount) }
    }
    return total
  }

  private func cutPending() {
    cut(RowPointers(pointers: pointers), count: pending)
    pending = 0
  }

  /// - Parameter next: The memory that will be cut next.
  private func cutWaiting(next: (base: UnsafeRawPointer, byteCount: Int)? = nil) {
    guard let rows = waiting else { return }
    waiting = nil
    for row in 0..<rows.count { pointers[row] = rows.base + row &* rows.stride }
    let isTurned = rowWords?.turn(rows.base, stride: rows.stride, count: rows.count) ?? false
    cut(
      RowPointers(
        pointers: pointers, base: rows.base, stride: rows.stride, words: isTurned ? rowWords : nil),
      count: rows.count, next: next)
  }

  private func cut(
    _ rows: RowPointers, count: Int, next: (base: UnsafeRawPointer, byteCount: Int)? = nil
  ) {
    if count == 0 { return }
    // A copy on the stack: every use of the class's own would be an access to be checked.
    var hashes = hashes
    hashes.begin(count: count)
    split = nil
    // Portion by portion: more requests than that at a time would wait for each other.
    let portion = (next?.byteCount ?? 0) / columns.count + 64
    for column in columns.indices {
      if let next {
        let end = min((column + 1) * portion, next.byteCount)
        for at in stride(from: column * portion, to: end, by: 64) {
          lake_prefetch_read(next.base + at)
        }
      }
      cut(
        columns[column], rows, into: scratch[column], words: words[column], count: count, &hashes)
    }
    total &+= hashes.finish()
    rowCount += count
  }

  private func cut(
    _ column: PhysicalColumn, _ rows: RowPointers, into target: ColumnScratch,
    words: UnsafeMutablePointer<Int64>, count: Int, _ hashes: inout RowHashBlock
  ) {
    let validity = target.validity + rowCount
    var isAnyNull = false
    var hashed: UnsafePointer<Int64>? = UnsafePointer(words)
    switch column.origin {
    case .absent:
      return
    case .integer(let field):
      let out = target.integers + rowCount
      loadIntegers(field, count, rows, out, validity, &isAnyNull)
      hashed = UnsafePointer(out)
    case .microseconds(let field):
      loadIntegers(field, count, rows, words, validity, &isAnyNull)
      splitNanoseconds(words, count, target.integers + rowCount, remainders)
      split = (field, validity, isAnyNull)
    case .nanosecondRemainder(let field):
      hashed = nil
      let out = target.integers + rowCount
      if let split, split.field == field {
        out.update(from: remainders, count: count)
        isAnyNull = split.hasNulls
        if isAnyNull { validity.update(from: split.validity, count: count) }
      } else {
        loadIntegers(field, count, rows, words, validity, &isAnyNull)
        splitNanoseconds(words, count, remainders, out)
      }
    case .wide(let field):
      let out = target.wide + rowCount
      loadWide(field, count, rows, out, validity, &isAnyNull)
      for row in 0..<count { words[row] = Int64(bitPattern: RowHash.wide(out[row])) }
    case .double(let field):
      let out = target.doubles + rowCount
      loadDoubles(field, count, rows, out, validity, &isAnyNull)
      for row in 0..<count { words[row] = Int64(bitPattern: RowHash.double(out[row])) }
    case .character(let field):
      let out = target.codes + rowCount
      loadCharacters(field, count, rows, out, validity, &isAnyNull)
      CharacterCodes.hashes(out, count, words)
    case .text(let field):
      let out = target.codes + rowCount
      loadCodes(field, count, rows, out, validity, &isAnyNull)
      if isConstant(out, count) && !(isAnyNull && field.null.isBit) {
        // One symbol; or none at all, as a missing text is a code of its own.
        hashed = nil
        if let hash = column.hash, !isAnyNull {
          hashes.add(hash, constant: texts.hash(Int(out[0])))
        }
      } else {
        texts.hashes(out, count, words)
      }
    case .fixedText(let field):
      loadFixedText(field, count, rows, target, validity, words, &isAnyNull)
    case .json(let field):
      loadJSONTimes(field, count, rows, target, validity, words, &isAnyNull)
    }
    if let hash = column.hash, let hashed {
      hashes.add(hash, hashed, validity: isAnyNull ? UnsafePointer(validity) : nil)
    }
    target.setValidity(at: rowCount, count: count, isAnyNull: isAnyNull)
  }
}

extension ColumnOrigin {
  var scratchForm: ColumnScratch.Form {
    switch self {
    case .integer, .microseconds, .nanosecondRemainder: .integers
    case .wide: .wide
    case .double: .doubles
    case .character, .text: .codes
    case .fixedText, .json: .bytes
    case .absent: .absent
    }
  }

  /// Whether what is hashed differs from the column's values, or may change after.
  fileprivate var hasOwnWords: Bool {
    switch self {
    case .integer, .absent: false
    default: true
    }
  }
}
