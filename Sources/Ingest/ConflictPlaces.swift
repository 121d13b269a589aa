import Bytes
import Catalog
import Columnar
import Ledger
import RowSources
import Tables

/// Finds the source rows of conflicts by reading the source once more, since rows in a table's order do not
/// tell where they came from.
struct ConflictPlaces {
  /// Conflicts that were not found yet, by content.
  private var wanted: [Fingerprint: [Int]] = [:]
  private var times: Set<Int64> = []
  /// Numbers of rows that were quarantined when they were read.
  private let rejected: [Int64]
  private var rejectedBefore = 0
  private var accepted: Int64 = 0
  /// Row numbers from 1, by index of the conflict.
  private var numbers: [Int: Int64] = [:]
  /// Lines of text files, by index of the conflict.
  private var lines: [Int: SourceRejection] = [:]

  init(_ conflicts: [KeyConflict], rejected: [RejectedRow]) {
    for (index, conflict) in conflicts.enumerated() {
      wanted[conflict.content, default: []].append(index)
      times.insert(conflict.timestamp)
    }
    for key in wanted.keys { wanted[key]?.reverse() }
    self.rejected = rejected.map(\.position).filter { $0 > 0 }.sorted()
  }

  /// - Parameter plan: Made for the source's layout.
  mutating func look(through source: any RowSource, plan: RowPlan, isInterrupted: () -> Bool) throws
  {
    let block = RowBlock(layout: source.layout)
    let pointer = UnsafeMutablePointer<UnsafeRawPointer>.allocate(capacity: 1)
    defer { pointer.deallocate() }
    while try !wanted.isEmpty && source.next(block) {
      if isInterrupted() { throw PassError(.interrupted, "interrupted") }
      _ = source.takeRejected()
      var digest: RowDigest?
      for row in 0..<block.rowCount {
        let base = UnsafeRawPointer(block.bytes.base) + row * block.layout.stride
        accepted += 1
        guard times.contains(plan.order.index(base)) else { continue }
        let made = digest ?? RowDigest(columns: plan.columns, texts: source.strings.values)
        digest = made
        pointer.initialize(to: base)
        let content = made.fingerprints(RowPointers(pointers: pointer, count: 1))[0]
        guard let index = take(content) else { continue }
        if let text = source as? CSVSource { lines[index] = text.original(of: row, in: block) }
      }
    }
  }

  /// A conflict as a quarantined row: the original line of a text file, else the values by column.
  func rejected(_ conflict: KeyConflict, index: Int) -> RejectedRow {
    let found = RejectedRow(conflict, position: numbers[index])
    guard let line = lines[index] else { return found }
    var own = RejectedRow(line)
    (own.rule, own.reason) = (found.rule, found.reason)
    (own.symbol, own.timestamp) = (found.symbol, found.timestamp)
    return own
  }

  private mutating func take(_ content: Fingerprint) -> Int? {
    guard let index = wanted[content]?.popLast() else { return nil }
    if wanted[content]?.isEmpty == true { wanted[content] = nil }
    while rejectedBefore < rejected.count,
      rejected[rejectedBefore] <= accepted + Int64(rejectedBefore)
    {
      rejectedBefore += 1
    }
    numbers[index] = accepted + Int64(rejectedBefore)
    return index
  }
}
