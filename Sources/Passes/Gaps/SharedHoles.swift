import Glibc

/// Slots that many symbols lack at once: a lost minute, rather than one in which nobody traded.
///
/// Only symbols that trade in nearly every slot are counted ("voters"). A slot is suspicious if most of them
/// lack it and such a coincidence is unlikely anywhere in the session.
struct SharedHoles {
  /// Share of its slots that a symbol must have to be counted.
  static let voterShare = 0.95
  static let voterCountMin = 2
  /// Share of the voters that lack the slot.
  static let missingShare = 0.8
  /// Expected number of such slots in a session if the symbols were independent.
  static let chanceMax = 0.005

  private let slotCount: Int
  private var voters: [(series: Int32, quiet: [Int], runCount: Int)] = []
  private var missingCounts: [Int]

  init(slotCount: Int) {
    self.slotCount = slotCount
    missingCounts = [Int](repeating: 0, count: slotCount)
  }

  /// Adds a series' empty slots, if it trades in nearly every slot.
  ///
  /// - Parameters:
  ///   - quiet: Indexes of fetched slots without rows, including those in long runs.
  ///   - share: Share of the slots with rows outside the longest run.
  mutating func add(series: Int32, quiet: [Int], share: Double) {
    guard share >= Self.voterShare else { return }
    voters.append((series, quiet, SessionCheck.runs(quiet).count))
    for slot in quiet { missingCounts[slot] += 1 }
  }

  /// Runs of suspicious slots, each with the voters that lack them.
  func holes() -> [(slots: Range<Int>, series: [Int32])] {
    guard voters.count >= Self.voterCountMin, slotCount > 0 else { return [] }
    let least = max(
      Self.voterCountMin, Int((Double(voters.count) * Self.missingShare).rounded(.up)))
    let candidates = missingCounts.indices.filter { missingCounts[$0] >= least }
    let suspicious = candidates.filter { chance($0) <= Self.chanceMax }
    return SessionCheck.runs(suspicious).map { run in
      (run, voters.filter { $0.quiet.contains(where: run.contains) }.map(\.series))
    }
  }

  /// Expected number of slots in the session that these voters would lack together by chance.
  private func chance(_ slot: Int) -> Double {
    var logarithm = log(Double(slotCount))
    for voter in voters where voter.quiet.contains(slot) {
      // A run of any length is one event.
      logarithm += log(Double(voter.runCount) / Double(slotCount))
    }
    return exp(logarithm)
  }
}
