import Synchronization

/// What of a log should be looked at although it could be read: a program says so once for each file or folder.
public enum LogWarnings {
  private struct State {
    var observer: (@Sendable (DeltaError) -> Void)?
    var told: Set<String> = []
  }

  private static let state = Mutex(State())

  /// Has all further warnings of the process handed over.
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
