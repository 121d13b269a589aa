import Columnar
import Parquet

/// The values of one column of one row group, in memory that is reused between groups.
final class ColumnScratch {
  enum Form { case integers, wide, doubles, codes, bytes, absent }

  let form: Form
  /// Int64, Int128, Double or Int32 by `form`.
  let values: UnsafeMutableRawPointer
  /// One byte per row, filled if `hasNulls`.
  let validity: UnsafeMutablePointer<UInt8>
  private(set) var hasNulls = false
  /// Whether all rows so far form runs of equal rows: then only the first value of each is written, and no
  /// validity.
  private(set) var isInRuns: Bool
  private var runCount = 0
  /// The value of the last run, kept here since its memory is not in cache any more.
  private var last = (value: Int64(0), isNull: false)
  private let runMemory: UnsafeMutablePointer<Run>
  private let runCountMax: Int
  /// Values of `.bytes`, or the dictionary of `.codes`.
  var text = ByteColumn()

  /// Consecutive equal rows.
  struct Run {
    var start: Int
    var isNull: Bool
  }

  /// - Parameter mayHaveRuns: Whether integers or codes are kept as runs as long as there are few.
  init(form: Form, capacity: Int, mayHaveRuns: Bool) {
    self.form = form
    runCountMax =
      mayHaveRuns && (form == .integers || form == .codes) ? ValueRuns.countMax(capacity) : 0
    runMemory = .allocate(capacity: max(runCountMax, 1))
    isInRuns = runCountMax > 0
    let width =
      switch form {
      case .integers, .doubles: 8
      case .wide: 16
      case .codes: 4
      case .bytes, .absent: 0
      }
    values = .allocate(byteCount: capacity * width + 64, alignment: 16)
    validity = .allocate(capacity: form == .absent ? 1 : capacity)
  }

  deinit {
    values.deallocate()
    validity.deallocate()
    runMemory.deallocate()
  }

  func reset() {
    hasNulls = false
    isInRuns = runCountMax > 0
    runCount = 0
    text = ByteColumn()
  }

  /// The runs, if the rows form few.
  var runs: UnsafeBufferPointer<Run>? {
    isInRuns ? UnsafeBufferPointer(start: runMemory, count: runCount) : nil
  }

  /// Adds `count` rows that all have a value, or code, or are null.
  func addRun(of value: Int64, isNull: Bool, at first: Int, count: Int) {
    if isInRuns {
      if runCount > 0 && last.isNull == isNull && (isNull || last.value == value) { return }
      if runCount < runCountMax {
        runMemory[runCount] = Run(start: first, isNull: isNull)
        runCount += 1
        last = (value, isNull)
        return put(value, at: first)
      }
      spreadRuns(count: first)
    }
    put(value, at: first)
    spread(first, to: first + count)
    if isNull { (validity + first).update(repeating: 0, count: count) }
    setValidity(at: first, count: count, isAnyNull: isNull)
  }

  /// Writes all values and validities of the first `count` rows: what follows is no run, or there are too many
  /// runs.
  func spreadRuns(count: Int) {
    if !isInRuns { return }
    isInRuns = false
    for index in 0..<runCount {
      let run = runMemory[index]
      let end = index + 1 < runCount ? runMemory[index + 1].start : count
      spread(run.start, to: end)
      if run.isNull { (validity + run.start).update(repeating: 0, count: end - run.start) }
      setValidity(at: run.start, count: end - run.start, isAnyNull: run.isNull)
    }
  }

  private func put(_ value: Int64, at row: Int) {
    if form == .codes {
      codes[row] = Int32(truncatingIfNeeded: value)
    } else {
      integers[row] = value
    }
  }

  private func spread(_ first: Int, to end: Int) {
    if form == .codes {
      (codes + first).update(repeating: codes[first], count: end - first)
    } else {
      (integers + first).update(repeating: integers[first], count: end - first)
    }
  }

  /// Sets whether one of the next rows is null; their validity is filled only then.
  ///
  /// Usually a column has no nulls: then no validity is ever written.
  func setValidity(at first: Int, count: Int, isAnyNull: Bool) {
    if isAnyNull && !hasNulls {
      hasNulls = true
      validity.update(repeating: 1, count: first)
    } else if hasNulls && !isAnyNull {
      (validity + first).update(repeating: 1, count: count)
    }
  }

  var integers: UnsafeMutablePointer<Int64> { values.assumingMemoryBound(to: Int64.self) }
  var wide: UnsafeMutablePointer<Int128> { values.assumingMemoryBound(to: Int128.self) }
  var doubles: UnsafeMutablePointer<Double> { values.assumingMemoryBound(to: Double.self) }
  var codes: UnsafeMutablePointer<Int32> { values.assumingMemoryBound(to: Int32.self) }
}
