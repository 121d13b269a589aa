import Synchronization

/// Standard error: messages, and one status line below them on a terminal.
///
/// The cursor rests at the start of the status line, so that erasing it is right even after the terminal was made
/// narrower and has wrapped it.
public final class StandardError: Sendable {
  private static let eraseBelow = "\u{1B}[J"

  private let output: TextOutput
  private let status = Mutex("")
  private let filter = Mutex<(@Sendable (String) -> String)?>(nil)

  /// Writes to what is standard error, or a test's memory.
  public init(_ output: TextOutput) { self.output = output }

  /// nil: kept in memory.
  public var descriptor: Int32? { output.descriptor }

  /// What was written, where it is kept in memory.
  public var text: String { output.text }

  /// Passes all that is said from now on through `body`: it takes out what nobody may see, once that is
  /// known.
  public func setFilter(_ body: @escaping @Sendable (String) -> String) {
    filter.withLock { filter in
      let earlier = filter
      filter = { body(earlier?($0) ?? $0) }
    }
  }

  /// A text without what may not be told, such as keys.
  public func redacted(_ text: String) -> String { filtered(text) }

  func filtered(_ text: String) -> String { filter.withLock { $0 }?(text) ?? text }

  /// Writes whole lines above the status line.
  public func write(_ text: String) {
    let text = filtered(text)
    status.withLock { status in
      if status.isEmpty {
        output.write(text)
      } else {
        output.write(Self.eraseBelow + text + status + "\r")
      }
      output.flush()
    }
  }

  /// Shows a status line in place of the last one; an empty one erases it.
  public func setStatus(_ line: String) {
    let line = filtered(line)
    status.withLock { status in
      if status.isEmpty && line.isEmpty { return }
      status = line
      output.write(Self.eraseBelow + line + "\r")
      output.flush()
    }
  }

  /// Runs `body`, which writes to the same terminal, with the status line out of the way.
  func withoutStatus(_ body: () -> Void) {
    status.withLock { status in
      if !status.isEmpty {
        output.write(Self.eraseBelow)
        output.flush()
      }
      body()
      if !status.isEmpty {
        output.write(status + "\r")
        output.flush()
      }
    }
  }
}
