import Foundation
import TestSupport
import Testing

@testable import HTTP

@Suite struct RateLimiterTests {
  private let folder = TemporaryFolder()

  private func limiter(
    _ limit: RateLimit, _ clock: TestClock, key: String = "k", folder: String? = nil
  ) -> RateLimiter {
    RateLimiter(
      limit, secret: Secret(key), environment: ["XDG_RUNTIME_DIR": folder ?? self.folder.path],
      clock: clock.clock())
  }

  @Test(arguments: [
    ("5/min", 5, 60), ("10/s", 10, 1), ("100/h", 100, 3600), ("5/minute", 5, 60),
    ("1/day", 1, 86_400),
  ]) func readsRates(text: String, count: Int, seconds: Int) {
    #expect(RateLimit.parse(text) == RateLimit(count: count, seconds: seconds))
  }

  @Test(arguments: ["", "5", "5/", "/min", "0/min", "-1/s", "5/week", "5/min/s", "1.5/s", "x/min"])
  func refusesWhatIsNoRate(text: String) {
    #expect(RateLimit.parse(text) == nil)
  }

  @Test func aWideLimitIsAppliedInParts() {
    let limit = RateLimit(count: 600_000, seconds: 60)
    #expect(limit.count <= RateLimit.countMax)
    #expect(Double(limit.count) / Double(limit.window) <= 600_000 / 60e9)
  }

  @Test func neverMoreThanTheLimitInAnyWindow() {
    let clock = TestClock()
    // Two objects simulate two processes: they share only the file.
    let limiters = [0, 1].map { _ in limiter(RateLimit(count: 5, seconds: 60), clock) }
    var times: [Int64] = []
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<60 {
      #expect(limiters[Int.random(in: 0...1, using: &generator)].acquire(unless: { false }))
      times.append(clock.now)
      clock.advance(Double.random(in: 0...20, using: &generator))
    }
    for index in 5..<times.count { #expect(times[index] - times[index - 5] >= 60_000_000_000) }
    // It is not slower than necessary: a burst of five is immediate.
    #expect(times[4] - times[0] < 100_000_000_000)
  }

  @Test func aBurstIsAtOnceAndTheNextWaitsForTheFirstToComeBack() {
    let clock = TestClock()
    let limiter = limiter(RateLimit(count: 5, seconds: 60), clock)
    for _ in 0..<5 { #expect(limiter.acquire(unless: { false })) }
    #expect(clock.waited == 0)
    var told = 0.0
    #expect(limiter.acquire(unless: { false }, willWait: { told = $0 }))
    #expect(told > 60 && told < 61)
    #expect(clock.waited > 60 && clock.waited < 61)
  }

  @Test func keysDoNotShare() {
    let clock = TestClock()
    for key in ["a", "b"] {
      #expect(limiter(RateLimit(count: 1, seconds: 60), clock, key: key).acquire(unless: { false }))
    }
    #expect(clock.waited == 0)
  }

  @Test func theFileIsPrivateAndItsNameRevealsNothing() throws {
    let limiter = limiter(RateLimit(count: 1, seconds: 60), TestClock(), key: "s3cret")
    #expect(limiter.acquire(unless: { false }))
    let path = try #require(limiter.path)
    #expect(!path.contains("s3cret"))
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func aFolderThatOthersCanWriteToIsNotUsed() throws {
    let shared = folder.path + "/lake"
    try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: false)
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: shared)
    let limiter = limiter(RateLimit(count: 1, seconds: 60), TestClock())
    #expect(limiter.path?.hasPrefix(folder.path) != true)
  }

  @Test func aDamagedFileOrAClockSetBackDelaysByOneWindowAtMost() throws {
    let clock = TestClock()
    let first = limiter(RateLimit(count: 2, seconds: 60), clock)
    let path = try #require(first.path)
    var generator = SeededGenerator(seed: 4)
    for count in boundarySizes {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      try Data(bytes).write(to: URL(filePath: path))
      let before = clock.waited
      #expect(first.acquire(unless: { false }))
      #expect(clock.waited - before < 61)
      clock.advance(100)
    }
    clock.advance(-86_400)
    let before = clock.waited
    #expect(first.acquire(unless: { false }))
    #expect(clock.waited - before < 61)
  }

  @Test func anInterruptionEndsTheWaiting() {
    let clock = TestClock()
    let limiter = limiter(RateLimit(count: 1, seconds: 60), clock)
    #expect(limiter.acquire(unless: { false }))
    #expect(!limiter.acquire(unless: { clock.waited > 1 }))
    #expect(clock.waited < 2)
  }

  @Test func workersShareInOneProcess() async {
    let limiter = RateLimiter(
      RateLimit(count: 8, seconds: 86_400), secret: Secret("k"),
      environment: ["XDG_RUNTIME_DIR": folder.path])
    let counter = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<16 {
        group.addTask {
          // After eight, the waiting ones are interrupted.
          if limiter.acquire(unless: { counter.value >= 8 }) { counter.add() }
        }
      }
    }
    #expect(counter.value == 8)
  }
}
