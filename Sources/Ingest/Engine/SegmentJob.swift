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
    /// Rows of the symbols at indexes `places` in the assembly's order.
    case rows([RowSpan], places: ClosedRange<Int>)
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
    for case .rows(_, let places) in groups {
      left += 1
      for place in places { readers[place] += 1 }
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
    var firstPlace = 0
    var room = 0
    let stride = assembly.plan.layout.stride
    for place in assembly.order.indices {
      for case let entry? in early[assembly.order[place]] ?? [] {
        cuts = cuts.dropFirst()
        groups.append(.early(entry))
      }
      assembly.forEachStoredSpan(place) { base, count in
        var at = base
        var left = count
        while left > 0 {
          if room == 0 {
            room = cuts.popFirst() ?? left
            firstPlace = place
          }
          let take = min(left, room)
          spans.append(RowSpan(base: at, count: take))
          room -= take
          left -= take
          at += take * stride
          if room == 0 {
            groups.append(.rows(spans, places: firstPlace...place))
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
  func release(_ places: ClosedRange<Int>) {
    let unread = readers.withLock { readers in
      places.filter { place in
        readers[place] -= 1
        return readers[place] == 0
      }
    }
    for place in unread { assembly.release(place) }
  }
}
