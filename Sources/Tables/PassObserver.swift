/// Observes a job: a progress bar, a test, or nobody.
public protocol PassObserver: Sendable {
  /// An input, or a partition, is begun.
  func begin(_ name: String)
  /// Bytes of inputs were read, as they are stored.
  func didRead(byteCount: Int)
  func didProcess(rowCount: Int)
  /// Rows are in their table: a commit is done.
  func didStore(rowCount: Int)
  /// An input failed; the others go on.
  func didFail(_ error: any Error)
  /// Something is odd, but does not stop the job.
  func warn(_ error: PassError)
  /// The job should stop as soon as it can.
  var isInterrupted: Bool { get }
}

extension PassObserver {
  /// Says nothing.
  public func warn(_ error: PassError) {}
  /// Counts nothing.
  public func didStore(rowCount: Int) {}
}

/// Observes nothing.
public struct NoObserver: PassObserver {
  /// Nobody looks on.
  public init() {}
  /// Says nothing.
  public func begin(_ name: String) {}
  /// Counts nothing.
  public func didRead(byteCount: Int) {}
  /// Counts nothing.
  public func didProcess(rowCount: Int) {}
  /// Says nothing.
  public func didFail(_ error: any Error) {}
  /// Never.
  public var isInterrupted: Bool { false }
}
