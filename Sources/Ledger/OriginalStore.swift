import CSystem
import Glibc
import Synchronization
import Tables

/// The originals of rejected rows, until they are written to their quarantine table: in memory up to a limit,
/// then in a file of the run. A bad row may be as long as a record can be, and there may be many.
package final class OriginalStore: Sendable {
  /// Bytes of originals in memory at most.
  static let heldByteCountMax = 8 << 20

  /// The bytes of one original in the file.
  package struct Extent: Hashable, Sendable {
    var offset: Int
    var byteCount: Int
  }

  private struct State {
    var heldByteCount = 0
    var descriptor: Int32 = -1
    /// Bytes written.
    var byteCount = 0
  }

  private let path: String
  private let state = Mutex(State())

  /// - Parameter directory: The run's folder, which is removed with its content.
  package init(directory: String) { path = directory + "/originals" }

  deinit { state.withLock { if $0.descriptor >= 0 { lake_close($0.descriptor) } } }

  /// The row to keep: its original may have been moved to the file.
  package func keep(_ row: RejectedRow) throws -> RejectedRow {
    try state.withLock { state in
      if state.heldByteCount + row.original.count <= Self.heldByteCountMax {
        state.heldByteCount += row.original.count
        return row
      }
      if state.descriptor < 0 {
        state.descriptor = lake_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard state.descriptor >= 0 else { throw PassError.system("open", path: path) }
      }
      try row.original.withUnsafeBytes {
        try writeAll(state.descriptor, $0, at: state.byteCount, path: path)
      }
      var kept = row
      kept.extent = Extent(offset: state.byteCount, byteCount: row.original.count)
      kept.original = []
      state.byteCount += row.original.count
      return kept
    }
  }

  /// The bytes of a row's original.
  func original(of row: RejectedRow) throws -> [UInt8] {
    guard let extent = row.extent else { return row.original }
    return try state.withLock { state in
      var bytes = [UInt8](repeating: 0, count: extent.byteCount)
      try bytes.withUnsafeMutableBytes { target in
        guard let base = target.baseAddress else { return }
        try readAll(state.descriptor, base, extent.byteCount, at: extent.offset, path: path)
      }
      return bytes
    }
  }

  /// Clears the store once no kept row is left.
  func removeAll() throws {
    try state.withLock { state in
      state.heldByteCount = 0
      state.byteCount = 0
      guard state.descriptor < 0 || lake_ftruncate(state.descriptor, 0) == 0 else {
        throw PassError.system("shorten", path: path)
      }
    }
  }
}
