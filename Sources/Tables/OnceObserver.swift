import Synchronization

/// Reports what was read of an input once, however often it is read.
///
/// An input that turns out to be unsorted, or that was replaced while it was read, is read again from its
/// beginning. What the first reading reported counts; the second reports only what is beyond it.
package final class OnceObserver: PassObserver {
  private let inner: any PassObserver
  private let rows = Tally()
  private let bytes = Tally()

  /// - Parameter inner: Receives all reports, with bytes and rows read counted once.
  package init(_ inner: any PassObserver) { self.inner = inner }

  /// Notes that the input begun last is read from its beginning.
  package func readsFromBeginning() {
    rows.begin()
    bytes.begin()
  }

  /// Rows read, including those that were read again.
  package var rowsReadCount: Int {
    rows.past.load(ordering: .relaxed) + rows.seen.load(ordering: .relaxed)
  }

  /// Passes on the input's name and counts from 0 again.
  package func begin(_ name: String) {
    readsFromBeginning()
    rows.told.store(0, ordering: .relaxed)
    bytes.told.store(0, ordering: .relaxed)
    inner.begin(name)
  }

  /// Passes on only what lies beyond the furthest byte of an earlier reading.
  package func didRead(byteCount: Int) {
    let new = bytes.add(byteCount)
    if new > 0 { inner.didRead(byteCount: new) }
  }

  /// Passes on only what lies beyond the furthest row of an earlier reading.
  package func didProcess(rowCount: Int) {
    let new = rows.add(rowCount)
    if new > 0 { inner.didProcess(rowCount: new) }
  }

  /// Passed on as it is: rows are stored once.
  package func didStore(rowCount: Int) { inner.didStore(rowCount: rowCount) }
  /// Passed on as it is.
  package func didFail(_ error: any Error) { inner.didFail(error) }
  /// Passed on as it is.
  package func warn(_ error: PassError) { inner.warn(error) }
  /// What the inner observer says.
  package var isInterrupted: Bool { inner.isInterrupted }

  /// Counts of one input.
  private final class Tally: Sendable {
    /// Counted by the current reading.
    let seen = Atomic<Int>(0)
    /// Counted by earlier readings, of all inputs.
    let past = Atomic<Int>(0)
    /// Reported, over all readings of the input.
    let told = Atomic<Int>(0)

    /// A reading begins.
    func begin() {
      let ended = seen.exchange(0, ordering: .relaxed)
      past.wrappingAdd(ended, ordering: .relaxed)
    }

    /// - Returns: How many of `count` no earlier reading reported.
    func add(_ count: Int) -> Int {
      let seen = seen.wrappingAdd(count, ordering: .relaxed).newValue
      let told = told.max(seen, ordering: .relaxed)
      return told.newValue - told.oldValue
    }
  }
}
