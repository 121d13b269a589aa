import Synchronization
import Tables

/// Bytes that all merges of a command may take together for stored rows that new ones are held against.
final class MergeMemory: Sendable {
  /// What is taken at a time, and what each user has uncounted: a few rows are not worth a lock.
  static let stepByteCount = 64 << 10

  private let byteCountMax: Int
  private let taken = Mutex(0)

  /// - Parameter budget: What the whole command may take (`--memory`); rows that wait to be encoded have the other half.
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

/// What one user of that memory has of it, until it ends.
final class MergeShare {
  private let memory: MergeMemory
  private var allowed = MergeMemory.stepByteCount
  private var counted = 0
  private var used = 0

  init(of memory: MergeMemory) { self.memory = memory }

  deinit { if counted > 0 { memory.give(counted) } }

  /// - Parameters:
  ///   - rows: What it is for, as the error names it.
  ///   - remedy: What helps beside more memory.
  @inline(__always)
  func take(_ byteCount: Int, rows: @autoclosure () -> String, remedy: String) throws {
    used += byteCount
    if used > allowed { try grow(rows, remedy) }
  }

  /// Nothing is in use any more; what was allowed stays, for collections keep their capacity.
  func reset() { used = 0 }

  private func grow(_ rows: () -> String, _ remedy: String) throws {
    let step = max(used - allowed, MergeMemory.stepByteCount)
    guard memory.take(step) else { throw memory.refusal(rows(), remedy: remedy) }
    counted += step
    allowed += step
  }
}
