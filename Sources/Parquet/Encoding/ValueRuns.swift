/// Runs of equal values, for columns that have few: sorted codes, constants, identifiers.
///
/// Such a column is read once and then handled run by run.
public struct ValueRuns {
  /// Mean run length from which runs pay.
  private static let meanLengthMin = 64

  /// Index of each run's first value.
  private(set) var starts: [Int] = []
  private(set) var count = 0

  /// Runs that `count` values may have; with more, values are handled one by one.
  public static func countMax(_ count: Int) -> Int { count / meanLengthMin + 4 }

  /// Runs that are known already.
  init(starts: [Int], count: Int) {
    self.starts = starts
    self.count = count
  }

  /// Finds the runs of `count` values; nil as soon as there are too many.
  init?<T: FixedWidthInteger & SIMDScalar>(_ values: UnsafePointer<T>, _ count: Int) {
    self.count = count
    let runCountMax = Self.countMax(count)
    var start = 0
    while start < count {
      if starts.count == runCountMax { return nil }
      starts.append(start)
      start = Self.end(values, start, count)
    }
  }

  /// The position of the first value after `start` that differs from the one there.
  @inline(__always)
  private static func end<T: FixedWidthInteger & SIMDScalar>(
    _ values: UnsafePointer<T>, _ start: Int, _ count: Int
  ) -> Int {
    let value = values[start]
    var index = start &+ 1
    while index &+ 16 <= count {
      var difference: T = 0
      for lane in 0..<16 { difference |= values[index &+ lane] ^ value }
      if difference != 0 { break }
      index &+= 16
    }
    while index < count && values[index] == value { index &+= 1 }
    return index
  }

  /// The index of the run that holds the value at `position`.
  func run(at position: Int) -> Int {
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= position { low = middle } else { high = middle }
    }
    return low
  }

  /// Calls `body` with each run's index and length within `range`.
  func forEach(in range: Range<Int>, _ body: (_ run: Int, _ length: Int) -> Void) {
    if range.isEmpty { return }
    var run = run(at: range.lowerBound)
    var position = range.lowerBound
    while position < range.upperBound {
      let next = run + 1 < starts.count ? starts[run + 1] : count
      let end = Swift.min(next, range.upperBound)
      body(run, end - position)
      (run, position) = (run + 1, end)
    }
  }
}
