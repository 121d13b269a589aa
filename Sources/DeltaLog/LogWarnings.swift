import Synchronization

/// Problems of logs that could be read all the same; a program reports each file or folder once.
public enum LogWarnings {
  private struct State {
    var observer: (@Sendable (DeltaError) -> Void)?
    var told: Set<String> = []
  }

  private static let state = Mutex(State())

  /// Sends all further warnings of the process to `observer`.
  public static func observe(_ observer: @escaping @Sendable (DeltaError) -> Void) {
    state.withLock { $0.observer = observer }
  }

  static func report(_ warning: DeltaError) {
    let observer = state.withLock { state in
      let isNew = state.told.insert(warning.path ?? "").inserted
      return isNew ? state.observer : nil
    }
    observer?(warning)
  }
}
