import Synchronization

/// Rows that lie side by side in memory, and are read only.
struct RowSpan: @unchecked Sendable {
  var base: UnsafeRawPointer
  var count: Int
}

/// A segment of a complete date whose row groups are encoded on several threads, and then written in
/// order by the last of them.
final class SegmentJob: @unchecked Sendable {
  enum Group {
    /// Encoded before the date was complete.
    case early(GroupSpool.Entry)
    case rows([RowSpan])
  }

  let groups: [Group]
  private(set) var assembly: Assembly
  private let encoded: Mutex<(groups: [EncodedGroup?], left: Int)>

  /// - Parameter early: Groups of each slot that are encoded already.
  init(_ assembly: Assembly, early: [Int: [GroupSpool.Entry?]]) {
    self.assembly = assembly
    groups = Self.groups(assembly, early)
    let left = groups.reduce(0) { count, group in
      if case .rows = group { count + 1 } else { count }
    }
    encoded = Mutex((Array(repeating: nil, count: groups.count), left))
  }

  private static func groups(
    _ assembly: Assembly, _ early: [Int: [GroupSpool.Entry?]]
  ) -> [Group] {
    var cuts = RowGroupCuts.plan(assembly.counts)[...]
    var groups: [Group] = []
    var spans: [RowSpan] = []
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
          if room == 0 { room = cuts.popFirst() ?? left }
          let take = min(left, room)
          spans.append(RowSpan(base: at, count: take))
          room -= take
          left -= take
          at += take * stride
          if room == 0 {
            groups.append(.rows(spans))
            spans = []
          }
        }
      }
    }
    return groups
  }

  /// Takes an encoded group.
  ///
  /// - Returns: Whether it was the last one.
  func put(_ group: EncodedGroup, at index: Int) -> Bool {
    encoded.withLock { encoded in
      encoded.groups[index] = group
      encoded.left -= 1
      return encoded.left == 0
    }
  }

  /// Hands over the group at an index, once all are encoded.
  func take(_ index: Int) -> EncodedGroup? {
    encoded.withLock { encoded in
      defer { encoded.groups[index] = nil }
      return encoded.groups[index]
    }
  }

  /// Gives the rows' memory back.
  func releaseRows() { for place in assembly.order.indices { assembly.release(place) } }
}
