import Columnar
import Parquet
import Synchronization

/// Finds out from its binary rows how the INT96 times of an answer can be stored.
///
/// All times of a Parquet column have one unit, which must be known before the first is written. Statistics
/// don't help, as the format defines no order for INT96.
final class TimeReach: RowTarget {
  let isSeekable = false
  private let names: [String]
  private let state: Mutex<State>

  private struct State {
    /// For each column its microseconds, and its remaining nanoseconds.
    var builders: [ColumnBuilder]
    var reaches: [Int96Reach]
  }

  /// - Parameter columns: INT96 times only.
  init(_ columns: [QueryColumn]) {
    names = columns.map(\.name)
    state = Mutex(
      State(
        builders: BinaryRows.fields(columns).map { ColumnBuilder(type: $0.type) },
        reaches: columns.map { _ in Int96Reach() }))
  }

  var forms: [String: Int96Form] {
    state.withLock { state in
      Dictionary(zip(names, state.reaches.map(\.form))) { first, _ in first }
    }
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
    guard let base = bytes.baseAddress else { return true }
    state.withLock { state in
      var at = 0
      while at < bytes.count {
        for index in state.builders.indices { state.builders[index].take(base, &at) }
      }
      for index in state.reaches.indices {
        let times = state.builders[2 * index].finish()
        let rest = state.builders[2 * index + 1].finish()
        guard case .integers(let whole) = times.storage, case .integers(let left) = rest.storage
        else { continue }
        for row in whole.indices {
          state.reaches[index].take(microseconds: whole[row], remainder: left[row])
        }
      }
    }
    return true
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    preconditionFailure("rows are looked at in order")
  }

  func finish() throws -> Bool { true }
}
