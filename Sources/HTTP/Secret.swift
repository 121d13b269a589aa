/// A vendor's key. It prints as `***` wherever it ends up by accident: in a message, a dump, a log.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// Bytes that a key may have.
  public static let byteCountMax = 4096

  private let text: String
  /// Where it was found, for messages: `DATABENTO_API_KEY`, or a file's path.
  public let origin: String

  /// - Parameters:
  ///   - text: The key itself.
  ///   - origin: The variable or the file that it comes from.
  public init(_ text: String, origin: String = "the key") {
    self.text = text
    self.origin = origin
  }

  /// Lends the key to `body`, which must not keep it.
  public func withText<Result>(_ body: (String) throws -> Result) rethrows -> Result {
    try body(text)
  }

  /// Whether it can stand in a header: printable ASCII without white space, and not too long.
  public var isWellFormed: Bool {
    !text.isEmpty && text.utf8.count <= Self.byteCountMax
      && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }

  /// Never the secret.
  public var description: String { "***" }
  /// Never the secret.
  public var debugDescription: String { "***" }
  /// Nothing: a dump must not show it either.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
