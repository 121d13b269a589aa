/// The precision of some times: the coarsest of second, millisecond, microsecond and nanosecond in which all
/// are whole.
struct TimeGrain {
  /// 0 without times, 1 for seconds, to 4 for nanoseconds.
  private var level = 0
  private var count = 0

  /// Number of times from which being whole in a unit is no coincidence.
  private static let countMin = 3

  var isKnown: Bool { count > 0 }

  /// Whether both have enough times, and one is more precise.
  func differs(from other: TimeGrain) -> Bool {
    count >= Self.countMin && other.count >= Self.countMin && level != other.level
  }

  /// - Parameter time: In ns.
  mutating func add(_ time: Int64) {
    count += 1
    // Most times are as precise as earlier ones.
    if level == 4 { return }
    if time % 1000 != 0 {
      level = 4
    } else if level < 3, time % 1_000_000 != 0 {
      level = 3
    } else if level < 2 {
      level = time % 1_000_000_000 == 0 ? max(level, 1) : 2
    }
  }

  /// Combines it with the precision of other times.
  mutating func add(_ other: TimeGrain) {
    level = max(level, other.level)
    count += other.count
  }
}
