import Bytes
import Tables

/// Limits the rows, and their bytes, that may be quarantined since the table has others with their keys.
final class ConflictLimit: Sendable {
  static let rowMax = 100_000
  static let byteMax = 64 << 20
  /// Bytes kept of a row beside its content.
  private static let rowOverhead = MemoryLayout<KeyConflict>.stride + 32

  private let byteMax: Int
  private let taken = ByteCounter()

  /// - Parameter budget: Memory of the whole command, in bytes.
  init(budget: Int) { byteMax = min(Self.byteMax, budget / 4) }

  func take(byteCount: Int) throws {
    let (rows, bytes) = taken.add(byteCount.adding(clamped: Self.rowOverhead))
    if rows > Self.rowMax || bytes > byteMax {
      throw PassError(
        .tooManyBadRows,
        "more than \(min(rows - 1, Self.rowMax)) rows conflict: the table has rows with their keys and other values",
        remedy:
          "split it: so many are quarantined at once, whatever --max-bad says"
          + (rows > Self.rowMax ? "" : ", and more with more --memory")
          + "; or store it in a table of its own (--as); or, if it corrects what is stored, take that back first with lake restore"
      )
    }
  }
}
