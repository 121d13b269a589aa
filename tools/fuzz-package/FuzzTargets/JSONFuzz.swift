import JSON

/// The JSON parser as a fuzz target.
public enum JSONFuzz {
  /// A value that parses prints and parses again to itself; anything else is a typed error.
  public static func run(_ bytes: UnsafeRawBufferPointer) {
    // An error is a right answer to bytes that make no sense.
    guard let value = try? JSONValue(parsing: bytes) else { return }
    var printed = JSONWriter()
    printed.value(value)
    let again = try? JSONValue(parsing: printed.bytes)
    precondition(again == value, "what was printed parses to something else")
  }
}
