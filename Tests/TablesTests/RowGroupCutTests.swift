import TestSupport
import Testing

@testable import Tables

@Suite struct RowGroupCutTests {
  @Test(arguments: [
    ([], []), ([5], [5]), ([10], [10]), ([11], [10, 1]), ([3, 3, 3], [9]), ([4, 4, 4], [8, 4]),
    ([4, 20, 4], [4, 10, 10, 4]), ([4, 25, 4, 4], [4, 10, 10, 9, 4]), ([0, 0], []),
    ([25, 5], [10, 10, 10]),
  ])
  func cutsWholeSymbols(counts: [Int], groups: [Int]) {
    #expect(RowGroupCuts.plan(counts, groupRowMax: 10) == groups)
  }

  @Test func neverLosesARow() {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<500 {
      let counts = (0..<Int.random(in: 0...20, using: &random)).map { _ in
        Int.random(in: 0...60, using: &random)
      }
      let groups = RowGroupCuts.plan(counts, groupRowMax: 16)
      #expect(groups.reduce(0, +) == counts.reduce(0, +))
      #expect(groups.allSatisfy { $0 > 0 && $0 <= 16 })
    }
  }
}
