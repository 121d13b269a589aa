import Bytes
import CKernels
import Columnar
import Databento
import Parquet

/// Cuts packed rows into columns, and sums their row hashes at the same time.
///
/// Rows come in blocks of up to `blockRowCount`: a block's rows stay in the first-level cache while its columns
/// are cut one after the other. Consecutive rows wait until the next ones are known, so that these can be
/// prefetched meanwhile.
final class Transposer {
  static let blockRowCount = 256
  /// From this count on, consecutive rows are a block of their own.
  private static let contiguousRowMin = 16

  let scratch: [ColumnScratch]
  /// Rows cut since `reset`.
  private(set) var rowCount = 0
  private let steps: [CutStep]
  /// Watched words that are columns as they are, and where their values begin.
  private let directWords: [(word: Int, values: UnsafeMutablePointer<Int64>)]
  private var texts = TextCodes()
  private let pointers: UnsafeMutablePointer<UnsafeRawPointer>
  private let hashes: RowHashBlock
  private var rowWords: RowWords?
  /// Remainders of the time that was split last, for the column that follows it.
  private let remainders: UnsafeMutablePointer<Int64>
  private var split: (field: FieldLocation, validity: UnsafeMutablePointer<UInt8>, hasNulls: Bool)?
  private var pending = 0
  /// Consecutive rows that wait to be cut.
  private var waiting: (base: UnsafeRawPointer, stride: Int, count: Int)?
  private let capacity: Int
  private var total = Fingerprint()

  /// How one column is cut from every block.
  private struct CutStep {
    let source: CutSource
    /// nil for a column that is hashed together with another.
    let hash: RowHash?
    /// Index of the 8-byte word that holds this column, if the transpose writes it straight into the output;
    /// else nil.
    let word: Int?
    /// The 64-bit words that are hashed, if they are not the column's values themselves.
    let words: UnsafeMutablePointer<Int64>
  }

  convenience init(columns: [PhysicalColumn], capacity: Int) {
    self.init(columns: columns, capacity: capacity, words: RowWords(capacity: Self.blockRowCount))
  }

  /// - Parameter words: nil for the path of processors without wide words.
  init(columns: [PhysicalColumn], capacity: Int, words: RowWords?) {
    self.capacity = capacity
    scratch = columns.map {
      ColumnScratch(
        form: $0.origin.scratchForm, capacity: capacity,
        mayHaveRuns: WriterColumn($0.field).mayHaveRuns)
    }
    pointers = .allocate(capacity: Self.blockRowCount)
    remainders = .allocate(capacity: Self.blockRowCount)
    hashes = RowHashBlock(columnMax: columns.count)
    var words = words
    steps = columns.map { column in
      let source = CutSource(column.origin)
      return CutStep(
        source: source, hash: column.hash, word: source.word(of: &words),
        words: .allocate(capacity: source.hasOwnWords ? Self.blockRowCount : 1))
    }
    rowWords = words
    directWords = zip(steps, scratch).compactMap { step, scratch in
      guard case .integer = step.source else { return nil }
      return step.word.map { ($0, scratch.integers) }
    }
  }

  deinit {
    pointers.deallocate()
    hashes.deallocate()
    for step in steps { step.words.deallocate() }
    rowWords?.deallocate()
    remainders.deallocate()
  }

  /// Begins a row group with text codes of `texts`.
  func reset(texts values: ByteColumn) {
    rowCount = 0
    pending = 0
    waiting = nil
    total = Fingerprint()
    texts.begin(values)
    for column in scratch { column.reset() }
  }

  /// Adds `count` rows that are `stride` bytes apart. Their memory must stay valid until `settle` or `finish`.
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

  /// Cuts the rows added so far: their memory may then be reused.
  func settle() {
    cutWaiting()
    cutPending()
  }

  /// Completes the row group; the columns are then in `scratch`.
  ///
  /// - Returns: The sum of the rows' hashes.
  func finish() -> Fingerprint {
    settle()
    for (step, scratch) in zip(steps, scratch) {
      if case .text = step.source { texts.compact(scratch, count: rowCount) }
      if case .character = step.source { CharacterCodes.compact(scratch, count: rowCount) }
    }
    return total
  }

  private func cutPending() {
    cut(RowPointers(pointers: pointers, count: pending), count: pending)
    pending = 0
  }

  /// - Parameter next: The memory that will be cut next, to prefetch.
  private func cutWaiting(next: (base: UnsafeRawPointer, byteCount: Int)? = nil) {
    guard let rows = waiting else { return }
    waiting = nil
    for row in 0..<rows.count { pointers[row] = rows.base + row &* rows.stride }
    cut(
      RowPointers(
        pointers: pointers, count: rows.count, base: rows.base, stride: rows.stride,
        words: transpose(rows)),
      count: rows.count, next: next)
  }

  /// The words of consecutive rows, if they can be transposed.
  private func transpose(_ rows: (base: UnsafeRawPointer, stride: Int, count: Int)) -> RowWords? {
    guard var words = rowWords else { return nil }
    for direct in directWords { words.direct(direct.word, to: direct.values + rowCount) }
    return words.transpose(rows.base, stride: rows.stride, count: rows.count) ? words : nil
  }

  private func cut(
    _ rows: RowPointers, count: Int, next: (base: UnsafeRawPointer, byteCount: Int)? = nil
  ) {
    if count == 0 { return }
    // A copy on the stack: each use of the class's property would be checked for exclusive access.
    var hashes = hashes
    hashes.begin(count: count)
    split = nil
    // Portion by portion: more requests at a time would wait for each other.
    let portion = (next?.byteCount ?? 0) / steps.count + 64
    for column in steps.indices {
      if let next {
        let end = min((column + 1) * portion, next.byteCount)
        for at in stride(from: column * portion, to: end, by: 64) {
          lake_prefetch_read(next.base + at)
        }
      }
      cut(steps[column], rows, into: scratch[column], count: count, &hashes)
    }
    total &+= hashes.finish()
    rowCount += count
  }

  private func cut(
    _ step: CutStep, _ rows: RowPointers, into target: ColumnScratch, count: Int,
    _ hashes: inout RowHashBlock
  ) {
    if addRun(step, rows, to: target, count: count, &hashes) { return }
    let words = step.words
    let validity = target.validity + rowCount
    var isAnyNull = false
    var hashed: UnsafePointer<Int64>? = UnsafePointer(words)
    switch step.source {
    case .absent:
      return
    case .integer(let field):
      let out = target.integers + rowCount
      if step.word.flatMap({ rows.words?.values($0) }) == nil {
        loadIntegers(field, count, rows, out, validity, &isAnyNull)
      }
      hashed = UnsafePointer(out)
    case .microseconds(let field):
      if let values = step.word.flatMap({ rows.words?.values($0) }) {
        hashed = values
      } else {
        loadIntegers(field, count, rows, words, validity, &isAnyNull)
      }
      splitNanoseconds(
        hashed ?? UnsafePointer(words), count, target.integers + rowCount, remainders)
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
      texts.hashes(out, count, words)
    case .fixedText(let field):
      loadFixedText(field, count, rows, target, validity, words, &isAnyNull)
    case .json(let field):
      loadJSONTimes(field, count, rows, target, validity, words, &isAnyNull)
    }
    if let hash = step.hash, let hashed {
      hashes.add(hash, hashed, validity: isAnyNull ? UnsafePointer(validity) : nil)
    }
    target.spreadRuns(count: rowCount)
    target.setValidity(at: rowCount, count: count, isAnyNull: isAnyNull)
  }

  /// Adds the rows as a run, if they are known to be equal in a column that may have runs.
  private func addRun(
    _ step: CutStep, _ rows: RowPointers, to target: ColumnScratch, count: Int,
    _ hashes: inout RowHashBlock
  ) -> Bool {
    var value: Int64 = 0
    var word: UInt64 = 0
    var isValid: UInt8 = 1
    var isNull = false
    switch step.source {
    case .integer(let field) where isUniform(field, rows):
      loadIntegers(field, 1, rows.scattered, &value, &isValid, &isNull)
      word = UInt64(bitPattern: value)
    case .text(let field) where isUniform(field, rows):
      var code: Int32 = 0
      loadCodes(field, 1, rows.scattered, &code, &isValid, &isNull)
      value = Int64(code)
      if !isNull { word = texts.hash(Int(code)) }
    default: return false
    }
    if let hash = step.hash, !isNull { hashes.add(hash, constant: word) }
    target.addRun(of: value, isNull: isNull, at: rowCount, count: count)
    return true
  }

  /// Whether a field is known to be equal in all rows of a block.
  private func isUniform(_ field: FieldLocation, _ rows: RowPointers) -> Bool {
    rows.words?.isUniform(field) ?? rows.isUniform(field)
  }
}

/// The origin of a column's values: a `ColumnOrigin` without names.
private enum CutSource {
  case integer(FieldLocation)
  case microseconds(FieldLocation)
  case nanosecondRemainder(FieldLocation)
  case wide(FieldLocation)
  case double(FieldLocation)
  case character(FieldLocation)
  case fixedText(FieldLocation)
  case text(FieldLocation)
  case json(FieldLocation)
  case absent

  init(_ origin: ColumnOrigin) {
    switch origin {
    case .integer(let field): self = .integer(field.location)
    case .microseconds(let field): self = .microseconds(field.location)
    case .nanosecondRemainder(let field): self = .nanosecondRemainder(field.location)
    case .wide(let field): self = .wide(field.location)
    case .double(let field): self = .double(field.location)
    case .character(let field): self = .character(field.location)
    case .fixedText(let field): self = .fixedText(field.location)
    case .text(let field): self = .text(field.location)
    case .json(let field): self = .json(field.location)
    case .absent: self = .absent
    }
  }

  /// Whether the hashed words differ from the column's values, or may change later.
  var hasOwnWords: Bool {
    switch self {
    case .integer, .absent: false
    default: true
    }
  }

  /// Index of the word that is the column, which is watched from now on; nil if it is no whole word.
  func word(of words: inout RowWords?) -> Int? {
    switch self {
    case .integer(let field), .microseconds(let field): words?.watch(field)
    default: nil
    }
  }
}

extension ColumnOrigin {
  fileprivate var scratchForm: ColumnScratch.Form {
    switch self {
    case .integer, .microseconds, .nanosecondRemainder: .integers
    case .wide: .wide
    case .double: .doubles
    case .character, .text: .codes
    case .fixedText, .json: .bytes
    case .absent: .absent
    }
  }
}
