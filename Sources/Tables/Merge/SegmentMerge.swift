/// Consecutive rows of one file in the merged order.
struct MergeRun {
  /// Index of the file.
  var file: Int
  /// Indexes of rows in the file.
  var rows: Range<Int>
}

/// Merges sorted files, run by run.
struct SegmentMerge {
  private let files: [SegmentKeys]
  /// A heap of the files that have rows left; the file with the first row is on top.
  private var heap: [Int] = []

  init(_ files: [SegmentKeys]) {
    self.files = files
    heap = files.indices.filter { !files[$0].isAtEnd }
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(index) }
  }

  /// nil at the end.
  mutating func next() throws -> MergeRun? {
    guard let top = heap.first else { return nil }
    var other: Int?
    if heap.count > 2 {
      other = isBefore(heap[1], heap[2]) ? heap[1] : heap[2]
    } else if heap.count == 2 {
      other = heap[1]
    }
    let rows = try files[top].take(
      before: other.map { files[$0] }, winsTies: other.map { top < $0 } ?? true)
    if files[top].isAtEnd {
      let last = heap.removeLast()
      if !heap.isEmpty { heap[0] = last }
    }
    if !heap.isEmpty { sink(0) }
    return MergeRun(file: top, rows: rows)
  }

  /// Equal rows keep the order of their files.
  private func isBefore(_ one: Int, _ other: Int) -> Bool {
    let order = files[one].compare(files[one].head, files[other])
    return order < 0 || order == 0 && one < other
  }

  private mutating func sink(_ start: Int) {
    var index = start
    while true {
      var first = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < heap.count && isBefore(heap[child], heap[first]) {
        first = child
      }
      if first == index { return }
      heap.swapAt(first, index)
      index = first
    }
  }
}
