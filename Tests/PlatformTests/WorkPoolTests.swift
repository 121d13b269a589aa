import Platform
import Synchronization
import TestSupport
import Testing

@Suite struct WorkPoolTests {
  @Test(arguments: [1, 2, 5]) func lanesKeepTheirOrder(width: Int) throws {
    let pool = WorkPool(width: width)
    defer { pool.close() }
    let lane = pool.makeLane()
    let seen = Mutex<[Int]>([])
    let others = Counter()
    for index in 0..<200 {
      pool.add(to: lane) { seen.withLock { $0.append(index) } }
      pool.add { others.add() }
    }
    try pool.finish()
    #expect(seen.withLock { $0 } == Array(0..<200))
    #expect(others.value == 200)
  }

  @Test(arguments: [1, 3]) func theFirstFailureEndsTheWork(width: Int) {
    struct Failed: Error {}
    let pool = WorkPool(width: width)
    defer { pool.close() }
    pool.add { throw Failed() }
    #expect(throws: Failed.self) { try pool.finish() }
    let late = Counter()
    pool.add { late.add() }
    pool.cancel()
    #expect(late.value == 0)
  }
}
