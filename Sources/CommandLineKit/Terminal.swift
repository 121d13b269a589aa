import CSystem
import Glibc

/// What is known of the terminal behind a descriptor.
public enum Terminal {
  /// Where no terminal says how wide it is.
  public static let columnsDefault = 80

  /// Whether a descriptor is a terminal.
  public static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// Columns now: asked anew each time, so that a resize is noticed by the next line drawn.
  public static func columns(_ descriptor: Int32) -> Int {
    let columns = Int(lake_terminal_columns(descriptor))
    return columns > 0 ? columns : columnsDefault
  }
}

/// Colour where it is wanted.
public struct Style: Sendable {
  /// Whether texts get colours at all.
  public let isColored: Bool

  /// Colours, or none.
  public init(isColored: Bool) { self.isColored = isColored }

  /// Emphasis.
  public func bold(_ text: String) -> String { wrap("1", text) }
  /// Less than the rest.
  public func dim(_ text: String) -> String { wrap("2", text) }
  /// For errors.
  public func red(_ text: String) -> String { wrap("1;31", text) }
  /// For warnings.
  public func yellow(_ text: String) -> String { wrap("33", text) }
  /// For what went well.
  public func green(_ text: String) -> String { wrap("32", text) }

  private func wrap(_ code: String, _ text: String) -> String {
    isColored ? "\u{1B}[" + code + "m" + text + "\u{1B}[0m" : text
  }
}
