import DeltaLog
import Synchronization

/// A table's files by their partition date.
///
/// Most commands ask for a date or two: then the files are looked through for each. They are grouped, once,
/// for who asks for more.
final class DatedFiles: Sendable {
  /// Dates for which the files are looked through.
  private static let scanMax = 8

  private let all: [AddFile]
  private let state = Mutex(State())

  private struct State {
    var scanCount = 0
    var byDate: [String: [AddFile]]?
  }

  init(_ files: [AddFile]) { all = files }

  /// The files of a date, in the order of the log.
  ///
  /// - Parameter date: As `2024-01-02`.
  func files(date: String) -> [AddFile] {
    state.withLock { state in
      if let byDate = state.byDate { return byDate[date] ?? [] }
      if state.scanCount < Self.scanMax {
        state.scanCount += 1
        return all.filter { $0.partitionValue("date") == date }
      }
      let grouped = Dictionary(grouping: all) { $0.partitionValue("date") ?? "" }
      state.byDate = grouped
      return grouped[date] ?? []
    }
  }
}
