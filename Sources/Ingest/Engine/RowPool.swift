import Bytes
import Synchronization

/// Memory for packed rows, in chunks that are taken and returned, under a limit.
///
/// Chunks double from 16 to 256 rows, so that ten thousand (date, symbol) pairs of a few rows each
/// cost kilobytes, not megabytes, apiece.
package final class RowPool: @unchecked Sendable {
  static let smallestChunkRowCount = 16
  static let largestChunkRowCount = 256
  private static let classCount = 5
  /// Large, for few allocations. Not huge pages: on a virtual machine the host has to clear each of them first,
  /// which can cost more than all the page faults.
  private static let slabByteCount = 2 << 20
  /// A cache line's.
  private static let alignment = 64

  let stride: Int

  private struct State {
    var free: [[UnsafeMutableRawPointer]] = Array(repeating: [], count: RowPool.classCount)
    var slabs: [UnsafeMutableRawPointer] = []
    var cursor: UnsafeMutableRawPointer?
    var remaining = 0
  }

  // The state is used once per chunk, never once per row.
  private var state = State()
  private let mutex = Mutex<Void>(())
  private let used = Atomic<Int>(0)

  /// - Parameter stride: Bytes of a packed row.
  package init(stride: Int) { self.stride = stride }

  deinit { for slab in state.slabs { slab.deallocate() } }

  /// Bytes in chunks that are taken.
  package var usedByteCount: Int { used.load(ordering: .relaxed) }

  static func rowCount(chunkIndex: Int) -> Int {
    smallestChunkRowCount << min(chunkIndex, classCount - 1)
  }

  /// The chunk with index `chunkIndex` in a run: larger the longer the run.
  func take(chunkIndex: Int) -> UnsafeMutableRawPointer {
    let sizeClass = min(chunkIndex, Self.classCount - 1)
    let byteCount = (Self.smallestChunkRowCount << sizeClass) * stride
    used.wrappingAdd(byteCount, ordering: .relaxed)
    return mutex.withLock { _ in
      if let chunk = state.free[sizeClass].popLast() { return chunk }
      if state.remaining < byteCount {
        let slabBytes = max(Self.slabByteCount, byteCount + ByteBuffer.slackByteCount)
        // Aligned here: the allocator cuts aligned memory out of a larger piece, and the hole that it leaves when freed
        // is too small for the next slab. A thousand small files in one command took 2 GB of addresses.
        let slab = UnsafeMutableRawPointer.allocate(
          byteCount: slabBytes + Self.alignment, alignment: 16)
        state.slabs.append(slab)
        state.cursor = slab.alignedUp(toMultipleOf: Self.alignment)
        state.remaining = slabBytes - ByteBuffer.slackByteCount
      }
      guard let chunk = state.cursor else { preconditionFailure("a slab was just made") }
      state.cursor = chunk + byteCount
      state.remaining -= byteCount
      return chunk
    }
  }

  /// Returns the chunks of one run, in order: a chunk's size depends on its index in the run.
  package func give(_ chunks: [UnsafeMutableRawPointer]) {
    if chunks.isEmpty { return }
    var byteCount = 0
    mutex.withLock { _ in
      for (index, chunk) in chunks.enumerated() {
        let sizeClass = min(index, Self.classCount - 1)
        byteCount += (Self.smallestChunkRowCount << sizeClass) * stride
        state.free[sizeClass].append(chunk)
      }
    }
    used.wrappingSubtract(byteCount, ordering: .relaxed)
  }
}

/// Rows of one symbol on one date, in arrival order, in chunks of a pool.
package struct RowRun {
  /// Each larger than the one before, up to the largest size; the last may be partly filled.
  package let chunks: [UnsafeMutableRawPointer]
  /// Rows in all chunks.
  package let rowCount: Int

  /// The rows as contiguous spans, in order.
  func forEachSpan(_ body: (UnsafeRawPointer, Int) throws -> Void) rethrows {
    var left = rowCount
    for (index, chunk) in chunks.enumerated() where left > 0 {
      let count = min(left, RowPool.rowCount(chunkIndex: index))
      try body(UnsafeRawPointer(chunk), count)
      left -= count
    }
  }

  /// A pointer to every row, in order.
  package func pointers(stride: Int) -> [UnsafeRawPointer] {
    var pointers: [UnsafeRawPointer] = []
    pointers.reserveCapacity(rowCount)
    forEachSpan { base, count in
      for row in 0..<count { pointers.append(base + row * stride) }
    }
    return pointers
  }
}
