/// A vendor's key. It prints as `***` wherever it may end up by accident: in a message, a dump or a log.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// Longest accepted key, in bytes.
  public static let byteCountMax = 4096

  private let text: String
  /// Its source, for messages: `DATABENTO_API_KEY`, or a file's path.
  public let origin: String

  /// - Parameters:
  ///   - text: The key itself.
  ///   - origin: The environment variable or the file that it was read from.
  public init(_ text: String, origin: String = "the key") {
    self.text = text
    self.origin = origin
  }

  /// Passes the key to `body`, which must not store it.
  public func withText<Result>(_ body: (String) throws -> Result) rethrows -> Result {
    try body(text)
  }

  /// Whether the key is valid in a header: printable ASCII without white space, and at most `byteCountMax`
  /// bytes.
  public var isWellFormed: Bool {
    !text.isEmpty && text.utf8.count <= Self.byteCountMax
      && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }

  /// Always `***`.
  public var description: String { "***" }
  /// Always `***`.
  public var debugDescription: String { "***" }
  /// Empty, so that `dump` does not show the key.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
