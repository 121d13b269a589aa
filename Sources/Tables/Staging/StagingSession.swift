import Synchronization

/// The staging folder of a job, made on first use: a job that has nothing to do leaves no trace.
package final class StagingSession: @unchecked Sendable {
  // `StagingRun` is used by one thread at a time, except for its folder's name, which does not change.
  private let root: String
  private let made = Mutex<StagingRun?>(nil)

  /// - Parameter root: The lake's root.
  package init(root: String) { self.root = root }

  /// The folder, made by the first call. Any thread may ask.
  package func run() throws -> StagingRun {
    try made.withLock { made in
      if let run = made { return run }
      let run = try StagingRun(root: root)
      made = run
      return run
    }
  }

  /// Removes the folder, if there is one.
  package func finish() {
    made.withLock { made in
      made?.finish()
      made = nil
    }
  }
}
