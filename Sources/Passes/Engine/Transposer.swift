import Bytes
import Columnar

/// Cuts packed rows into columns, and sums their row hashes on the way.
///
/// Rows come in blocks of up to `blockRowCount`: a block's rows stay in the nearest cache while its
/// columns are cut out one after the other.
final class Transposer {
  static let blockRowCount = 512
  /// Rows that lie side by side are a block of their own from this count on.
  private static let contiguousRowMin = 128

  let columns: [PhysicalColumn]
  let scratch: [ColumnScratch]
  /// Rows cut since `reset`.
  private(set) var rowCount = 0
  private var texts = TextCodes()
  private let pointers: UnsafeMutablePointer<UnsafeRawPointer>
  private let sums: UnsafeMutablePointer<UInt64>
  private let words: UnsafeMutablePointer<Int64>
  /// Remainders of the time that was split last, for the column that follows it.
  private let remainders: UnsafeMutablePointer<Int64>
  private var splitField: RowField?
  private var splitHasNulls = false
  private var pending = 0
  private let capacity: Int
  private var total = Fingerprint()

  init(columns: [PhysicalColumn], capacity: Int) {
    self.columns = columns
    self.capacity = capacity
    scratch = columns.map { ColumnScratch(form: $0.origin.scratchForm, capacity: capacity) }
    pointers = .allocate(capacity: Self.blockRowCount)
    sums = .allocate(capacity: 2 * Self.blockRowCount)
    words = .allocate(capacity: Self.blockRowCount)
    remainders = .allocate(capacity: Self.blockRowCount)
  }

  deinit {
    pointers.deallocate()
    sums.deallocate()
    words.deallocate()
    remainders.deallocate()
  }

  /// Begins a row group whose texts are coded by `texts`.
  func reset(texts values: ByteColumn) {
    rowCount = 0
    pending = 0
    total = Fingerprint()
    texts.begin(values)
    for column in scratch { column.reset() }
  }

  /// Adds `count` rows that lie `stride` bytes apart. They must stay there until `settle` or `finish`.
  func append(_ base: UnsafeRawPointer, stride: Int, count: Int) {
    precondition(rowCount + pending + count <= capacity, "a row group's rows fit its scratch")
    var at = base
    var left = count
    while left > 0 {
      let take = min(left, Self.blockRowCount - pending)
      for row in 0..<take { pointers[pending &+ row] = at + row &* stride }
      pending += take
      left -= take
      at += take * stride
      if pending == take && take >= Self.contiguousRowMin {
        flush(RowPointers(pointers: pointers, base: pointers[0], stride: stride))
      } else if pending == Self.blockRowCount {
        flush()
      }
    }
  }

  /// Cuts what was added so far: its memory may then be used for something else.
  func settle() { flush() }

  /// Ends the row group; the columns are then in `scratch`.
  ///
  /// - Returns: The sum of the rows' hashes.
  func finish() -> Fingerprint {
    flush()
    for (column, scratch) in zip(columns, scratch) {
      if case .text = column.origin { texts.compact(scratch, count: rowCount) }
      if case .character = column.origin { CharacterCodes.compact(scratch, count: rowCount) }
    }
    return total
  }

  private func flush() { flush(RowPointers(pointers: pointers)) }

  private func flush(_ rows: RowPointers) {
    let count = pending
    if count == 0 { return }
    sums.initialize(repeating: 0, count: 2 * count)
    splitField = nil
    for (column, target) in zip(columns, scratch) { cut(column, rows, into: target, count: count) }
    total &+= RowHash.fingerprint(sums, count: count)
    rowCount += count
    pending = 0
  }

  private func cut(
    _ column: PhysicalColumn, _ rows: RowPointers, into target: ColumnScratch, count: Int
  ) {
    let validity = target.validity + rowCount
    var isAnyNull = false
    switch column.origin {
    case .absent:
      return
    case .integer(let field):
      let out = target.integers + rowCount
      loadIntegers(field, count, rows, out, validity, &isAnyNull)
      column.hash?.add(out, count: count, validity: isAnyNull ? validity : nil, sums: sums)
    case .microseconds(let field):
      loadIntegers(field, count, rows, words, validity, &isAnyNull)
      column.hash?.add(words, count: count, validity: isAnyNull ? validity : nil, sums: sums)
      splitNanoseconds(words, count, target.integers + rowCount, remainders)
      splitField = field
    case .nanosecondRemainder(let field):
      let out = target.integers + rowCount
      loadIntegers(field, count, rows, words, validity, &isAnyNull)
      if splitField == field {
        out.update(from: remainders, count: count)
      } else {
        splitNanoseconds(words, count, remainders, out)
      }
    case .wide(let field):
      let out = target.wide + rowCount
      loadWide(field, count, rows, out, validity, &isAnyNull)
      for row in 0..<count { words[row] = Int64(bitPattern: RowHash.wide(out[row])) }
      column.hash?.add(words, count: count, validity: isAnyNull ? validity : nil, sums: sums)
    case .double(let field):
      let out = target.doubles + rowCount
      loadDoubles(field, count, rows, out, validity, &isAnyNull)
      for row in 0..<count { words[row] = Int64(bitPattern: RowHash.double(out[row])) }
      column.hash?.add(words, count: count, validity: isAnyNull ? validity : nil, sums: sums)
    case .character(let field):
      let out = target.codes + rowCount
      loadCharacters(field, count, rows, out, validity, &isAnyNull)
      CharacterCodes.hashes(out, count, words)
      column.hash?.add(words, count: count, validity: isAnyNull ? validity : nil, sums: sums)
    case .text(let field):
      let out = target.codes + rowCount
      loadCodes(field, count, rows, out, validity, &isAnyNull)
      texts.hashes(out, count, words)
      column.hash?.add(words, count: count, validity: isAnyNull ? validity : nil, sums: sums)
    case .fixedText(let field):
      loadFixedText(field, count, rows, target, validity, words, &isAnyNull)
      column.hash?.add(words, count: count, validity: isAnyNull ? validity : nil, sums: sums)
    }
    if isAnyNull && !target.hasNulls { target.hasNulls = true }
  }
}

extension ColumnOrigin {
  var scratchForm: ColumnScratch.Form {
    switch self {
    case .integer, .microseconds, .nanosecondRemainder: .integers
    case .wide: .wide
    case .double: .doubles
    case .character, .text: .codes
    case .fixedText: .bytes
    case .absent: .absent
    }
  }
}
