import Synchronization
import Tables

/// Memory for stored rows that new ones are compared with, for all merges of a command together.
final class MergeMemory: Sendable {
  /// Memory is taken in steps, and each user has an uncounted step: a few rows are not worth a lock.
  static let stepByteCount = 64 << 10

  private let byteCountMax: Int
  private let taken = Mutex(0)

  /// - Parameter budget: Memory of the whole command (`--memory`); rows that wait for encoding have the other
  ///   half.
  init(budget: Int) { byteCountMax = budget / 2 }

  fileprivate func take(_ byteCount: Int) -> Bool {
    taken.withLock { taken in
      guard byteCount <= byteCountMax - taken else { return false }
      taken += byteCount
      return true
    }
  }

  fileprivate func give(_ byteCount: Int) { taken.withLock { $0 -= byteCount } }

  fileprivate func refusal(_ rows: String, remedy: String) -> PassError {
    PassError(
      .input,
      "\(rows) take more than the \(byteCountMax / 1_000_000) MB that the merge may use, half of --memory",
      remedy: "--memory \(byteCountMax * 4 / 1_000_000)MB, or more; or \(remedy)")
  }
}

/// One user's share of that memory, until it ends.
final class MergeShare {
  private let memory: MergeMemory
  private var allowed = MergeMemory.stepByteCount
  private var counted = 0
  private var used = 0

  init(of memory: MergeMemory) { self.memory = memory }

  deinit { if counted > 0 { memory.give(counted) } }

  /// - Parameters:
  ///   - rows: What it is used for, as the error says it.
  ///   - remedy: What helps beside more memory.
  @inline(__always)
  func take(_ byteCount: Int, rows: @autoclosure () -> String, remedy: String) throws {
    used += byteCount
    if used > allowed { try grow(rows, remedy) }
  }

  /// Nothing is in use any more; the allowance stays, since collections keep their capacity.
  func reset() { used = 0 }

  private func grow(_ rows: () -> String, _ remedy: String) throws {
    let step = max(used - allowed, MergeMemory.stepByteCount)
    guard memory.take(step) else { throw memory.refusal(rows(), remedy: remedy) }
    counted += step
    allowed += step
  }
}
