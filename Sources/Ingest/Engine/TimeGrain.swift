/// How fine some times are: the coarsest of second, millisecond, microsecond and nanosecond that all of them are whole in.
struct TimeGrain {
  /// 0 where there was no time yet, 1 for seconds, to 4 for nanoseconds.
  private var level = 0
  private var count = 0

  /// Times of which it is no chance if they are all whole in a unit.
  private static let countMin = 3

  var isKnown: Bool { count > 0 }

  /// Whether both have times enough to tell, and one is finer.
  func differs(from other: TimeGrain) -> Bool {
    count >= Self.countMin && other.count >= Self.countMin && level != other.level
  }

  /// - Parameter time: In ns.
  mutating func add(_ time: Int64) {
    count += 1
    // Most times are as fine as those before.
    if level == 4 { return }
    if time % 1000 != 0 {
      level = 4
    } else if level < 3, time % 1_000_000 != 0 {
      level = 3
    } else if level < 2 {
      level = time % 1_000_000_000 == 0 ? max(level, 1) : 2
    }
  }

  /// Takes in what is known of other times.
  mutating func add(_ other: TimeGrain) {
    level = max(level, other.level)
    count += other.count
  }
}
