import Synchronization
import Tables

/// Consecutive rows in memory, read-only.
struct RowSpan: @unchecked Sendable {
  var base: UnsafeRawPointer
  var count: Int
}

/// A segment of a complete date whose row groups are encoded on several threads, and then written in order by
/// the last one.
final class SegmentJob: @unchecked Sendable {
  enum Group {
    /// Encoded before the date was complete.
    case early(GroupSpool.Entry)
    /// Rows of the symbols at indexes `positions` in the assembly's order.
    case rows([RowSpan], positions: ClosedRange<Int>)
  }

  let groups: [Group]
  let assembly: Assembly
  private let encoded: Mutex<(groups: [EncodedGroup?], left: Int)>
  /// By index in the order: groups that still have to read rows of the symbol.
  private let readers: Mutex<[Int]>

  /// - Parameter early: Groups of each slot that are encoded already.
  init(_ assembly: Assembly, early: [Int: [GroupSpool.Entry?]]) {
    self.assembly = assembly
    groups = Self.groups(assembly, early)
    var left = 0
    var readers = [Int](repeating: 0, count: assembly.order.count)
    for case .rows(_, let positions) in groups {
      left += 1
      for position in positions { readers[position] += 1 }
    }
    encoded = Mutex((Array(repeating: nil, count: groups.count), left))
    self.readers = Mutex(readers)
  }

  private static func groups(
    _ assembly: Assembly, _ early: [Int: [GroupSpool.Entry?]]
  ) -> [Group] {
    var cuts = RowGroupCuts.plan(assembly.counts)[...]
    var groups: [Group] = []
    var spans: [RowSpan] = []
    var firstPosition = 0
    var room = 0
    let stride = assembly.plan.layout.stride
    for position in assembly.order.indices {
      for case let entry? in early[assembly.order[position]] ?? [] {
        cuts = cuts.dropFirst()
        groups.append(.early(entry))
      }
      assembly.forEachStoredSpan(position) { base, count in
        var at = base
        var left = count
        while left > 0 {
          if room == 0 {
            room = cuts.popFirst() ?? left
            firstPosition = position
          }
          let take = min(left, room)
          spans.append(RowSpan(base: at, count: take))
          room -= take
          left -= take
          at += take * stride
          if room == 0 {
            groups.append(.rows(spans, positions: firstPosition...position))
            spans = []
          }
        }
      }
    }
    return groups
  }

  /// Stores an encoded group.
  ///
  /// - Returns: Whether it was the last one.
  func put(_ group: EncodedGroup, at index: Int) -> Bool {
    encoded.withLock { encoded in
      encoded.groups[index] = group
      encoded.left -= 1
      return encoded.left == 0
    }
  }

  /// Moves out the group at an index, once all are encoded.
  func take(_ index: Int) -> EncodedGroup? {
    encoded.withLock { encoded in
      defer { encoded.groups[index] = nil }
      return encoded.groups[index]
    }
  }

  /// Frees the memory of symbols that no other group reads.
  func release(_ positions: ClosedRange<Int>) {
    let unread = readers.withLock { readers in
      positions.filter { position in
        readers[position] -= 1
        return readers[position] == 0
      }
    }
    for position in unread { assembly.release(position) }
  }
}
