import JSON

/// Extracts the server's own message from an error response.
enum VendorMessage {
  /// Most bytes of a response that are parsed.
  static let byteCountMax = 64 << 10
  /// Longest message shown, in characters.
  static let characterCountMax = 500

  /// The message and the vendor's error code, where the response has them.
  ///
  /// - Parameters:
  ///   - redactor: Applied before the message is truncated.
  ///   - isCut: Whether the bytes may be truncated.
  static func read(
    _ bytes: [UInt8], contentType: String, redactor: Redactor, isCut: Bool
  ) -> (message: String?, name: String?) {
    func short(_ text: String) -> String {
      redactor.redact(
        redactor.redact(text, isCut: isCut), characterCountMax: characterCountMax)
    }
    // A body that is not JSON is shown verbatim.
    if let json = try? JSONValue(parsing: bytes, depthMax: 16) {
      let (message, name) = read(json)
      return (message.map(short), name.map(short))
    }
    let text = String(decoding: bytes, as: UTF8.self)
    if contentType.hasPrefix("text/html") || text.hasPrefix("<") {
      return (title(of: text).map { short("a web page, '\($0)'") } ?? "a web page", nil)
    }
    let line = text.split(whereSeparator: \.isNewline).first.map(String.init)
    return (line.map(short), nil)
  }

  private static func read(_ json: JSONValue) -> (String?, String?) {
    for key in ["detail", "error", "message"] {
      guard let value = json[key] else { continue }
      if let text = value.string { return (text, nil) }
      if let text = value["message"]?.string {
        return (text, value["case"]?.string ?? value["code"]?.string)
      }
      // A list of errors in single fields.
      let texts = (value.array ?? []).compactMap { fault -> String? in
        guard let text = fault["msg"]?.string else { return nil }
        guard let field = fault["loc"]?.array?.last?.string else { return text }
        return "'\(field)': \(text)"
      }
      if !texts.isEmpty { return (texts.joined(separator: "; "), nil) }
    }
    return (json.string, nil)
  }

  private static func title(of text: String) -> String? {
    let parts = text.split(separator: "<title>", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    return parts[1].split(separator: "<", maxSplits: 1).first.map(String.init)
  }
}
