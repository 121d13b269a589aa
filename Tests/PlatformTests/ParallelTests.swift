import Platform
import TestSupport
import Testing

@Test func everyIndexRunsOnce() throws {
  for width in [1, 2, 7] {
    let counts = (0..<100).map { _ in Counter() }
    try Parallel.forEach(100, width: width) { counts[$0].add() }
    #expect(counts.allSatisfy { $0.value == 1 })
  }
}

@Test func theLowestFailureIsThrown() {
  struct Failed: Error, Equatable { var index: Int }
  #expect(throws: Failed(index: 3)) {
    try Parallel.forEach(10, width: 1) { if $0 >= 3 { throw Failed(index: $0) } }
  }
}
