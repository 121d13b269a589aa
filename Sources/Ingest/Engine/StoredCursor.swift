import Bytes
import Tables

/// A stored row, as the merge needs it.
struct StoredRow {
  /// Index timestamp in ns.
  var time: Int64
  var content: Fingerprint
  var key: Fingerprint
  var identity: UInt64
  /// Canonical word of the extra fields; 0 if there are none, or they don't matter.
  var extra: UInt64
  var rowGroup: Int
  /// Index in its row group.
  var row: Int
}

/// A data file's rows were declared sorted, but are not.
struct StoredOutOfOrder: Error {}

/// The rows of one symbol in one data file, in order of time.
final class StoredCursor {
  /// Memory of a row in an unsorted file: all of a symbol and date are sorted in memory.
  static let unsortedRowByteCount = MemoryLayout<StoredRow>.stride * 5 / 4

  let file: StoredFile
  /// Index of the file among those of its date.
  let fileIndex: Int
  /// How its rows are compared.
  let view: StoredView
  /// Whether rows are matched by key; else by content only.
  let isByKey: Bool
  /// Whether the new rows' symbol replaces a fallback symbol.
  private let isResolved: Bool
  /// The precision of the times so far.
  private(set) var grain = TimeGrain()
  private let symbol: String
  private let times: ClosedRange<Int64>
  private let candidates: [Int]
  private var nextCandidate = 0
  private var block: StoredBlock?
  /// Rows of the block that are left.
  private var rows = 0..<0
  private var lastTime = Int64.min
  /// All rows, if the file is unsorted.
  private var collected: [StoredRow]?
  private var collectedAt = 0
  private let share: MergeShare

  /// - Parameters:
  ///   - isResolved: Whether the new rows' symbol replaces a fallback symbol.
  ///   - isOrdered: Whether the file is known to be sorted.
  init(
    _ file: StoredFile, fileIndex: Int, view: StoredView, isByKey: Bool, isResolved: Bool,
    symbol: String, times: ClosedRange<Int64>, isOrdered: Bool, memory: MergeMemory
  ) throws {
    share = MergeShare(of: memory)
    self.file = file
    self.fileIndex = fileIndex
    self.view = view
    self.isByKey = isByKey
    self.isResolved = isResolved
    self.symbol = symbol
    self.times = times
    candidates = file.candidates(symbol: symbol, times: times)
    if !isOrdered { collected = try collect() }
  }

  /// Whether a new row replaces an equal row of the file.
  ///
  /// - Parameters:
  ///   - isGain: Whether the new row has values in columns that the file's rows lack.
  ///   - relation: How the new row's extra fields relate to the stored one's.
  func isReplaced(isGain: Bool, by relation: ExtraRelation) -> Bool {
    if isResolved { return true }
    return switch relation {
    case .more: view.saysNoMore
    case .same: view.saysLess && isGain
    case .less, .other, .contrary: false
    }
  }

  /// Whether new rows may replace rows of the file.
  ///
  /// - Parameter hasExtra: Whether new rows have extra fields.
  func mayBeReplaced(hasExtra: Bool) -> Bool {
    isResolved || view.saysLess || hasExtra && view.saysNoMore
  }

  /// The next row's time in whole microseconds; nil at the end.
  func microsecond() throws -> Int64? {
    if let collected {
      return collectedAt < collected.count
        ? FileBounds.microsecond(collected[collectedAt].time) : nil
    }
    guard try refill(), let block else { return nil }
    return FileBounds.microsecond(block.times[rows.lowerBound])
  }

  /// Skips rows before a microsecond.
  func skip(before microsecond: Int64) throws {
    while let next = try self.microsecond(), next < microsecond { try step() }
  }

  /// Passes the rows of a microsecond, which must not be in the past, to `body`.
  func take(_ microsecond: Int64, _ body: (StoredRow) throws -> Void) throws {
    try skip(before: microsecond)
    while try self.microsecond() == microsecond {
      if let row = current { try body(row) }
      try step()
    }
  }

  private var current: StoredRow? {
    if let collected { return collected[collectedAt] }
    return block.map { Self.row($0, rows.lowerBound) }
  }

  private static func row(_ block: StoredBlock, _ position: Int) -> StoredRow {
    StoredRow(
      time: block.times[position], content: block.contents[position],
      key: block.keys.isEmpty ? Fingerprint() : block.keys[position],
      identity: block.identities.isEmpty ? 0 : block.identities[position],
      extra: block.extras.isEmpty ? 0 : block.extras[position],
      rowGroup: block.rowGroup, row: block.firstRow + position)
  }

  private func step() throws {
    if let collected {
      grain.add(collected[collectedAt].time)
      collectedAt += 1
      return
    }
    guard let block else { return }
    lastTime = block.times[rows.lowerBound]
    grain.add(lastTime)
    rows = rows.lowerBound + 1..<rows.upperBound
    if !rows.isEmpty && block.times[rows.lowerBound] < lastTime { throw StoredOutOfOrder() }
  }

  /// Moves to the next block with rows of the symbol.
  private func refill() throws -> Bool {
    while rows.isEmpty {
      guard nextCandidate < candidates.count else { return false }
      let fresh = try file.block(candidates[nextCandidate], view)
      nextCandidate += 1
      let runs = fresh.symbols.filter { $0.name == symbol }
      if runs.count > 1 { throw StoredOutOfOrder() }
      guard let run = runs.first else { continue }
      if fresh.times[run.rows.lowerBound] < lastTime { throw StoredOutOfOrder() }
      (block, rows) = (fresh, run.rows)
    }
    return true
  }

  private func collect() throws -> [StoredRow] {
    var found: [StoredRow] = []
    let micros = FileBounds.microseconds(times)
    for index in candidates {
      let block = try file.block(index, view)
      for run in block.symbols where run.name == symbol {
        for position in run.rows
        where micros.contains(FileBounds.microsecond(block.times[position])) {
          try share.take(
            Self.unsortedRowByteCount,
            rows: "the rows of '\(symbol)' in '\(file.source.path)', a file that is in no order,",
            remedy: "write that file again in order of symbol and time")
          found.append(Self.row(block, position))
        }
      }
    }
    found.sort { $0.time < $1.time }
    return found
  }
}
