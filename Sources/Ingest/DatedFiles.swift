import DeltaLog
import Synchronization

/// A table's files by their partition date.
///
/// Most commands need a date or two: then only their files are decoded. All files are grouped once if more
/// dates are needed.
final class DatedFiles: Sendable {
  /// Dates for which the files are searched one by one.
  private static let scanMax = 8

  private let snapshot: Snapshot?
  private let column: String
  private let state = Mutex(State())

  private struct State {
    var scanCount = 0
    var byDate: [String: [AddFile]]?
  }

  /// - Parameters:
  ///   - snapshot: nil if there is no table yet.
  ///   - column: The partition column.
  init(_ snapshot: Snapshot?, by column: String) {
    self.snapshot = snapshot
    self.column = column
  }

  /// The files of a date, in the order of the log.
  ///
  /// - Parameter date: As `2024-01-02`.
  func files(date: String) throws -> [AddFile] {
    guard let snapshot else { return [] }
    return try state.withLock { state in
      if let byDate = state.byDate { return byDate[date] ?? [] }
      if state.scanCount < Self.scanMax {
        state.scanCount += 1
        return try snapshot.files(where: column, is: date)
      }
      let grouped = Dictionary(grouping: try snapshot.files) { $0.partitionValue(column) ?? "" }
      state.byDate = grouped
      return grouped[date] ?? []
    }
  }
}
