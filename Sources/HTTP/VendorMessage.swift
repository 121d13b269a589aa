import JSON

/// What a server says about a request that it refuses, in its own words.
enum VendorMessage {
  /// Bytes of an answer that are read for it.
  static let byteCountMax = 64 << 10
  /// Characters that are shown.
  static let characterCountMax = 500

  /// The message, and the vendor's name for the case, where the answer holds one.
  ///
  /// - Parameters:
  ///   - redactor: Takes keys out before anything is cut.
  ///   - isCut: Whether there may be more of the answer.
  static func read(
    _ bytes: [UInt8], contentType: String, redactor: Redactor, isCut: Bool
  ) -> (message: String?, name: String?) {
    func short(_ text: String) -> String {
      redactor.redact(
        redactor.redact(text, isCut: isCut), characterCountMax: characterCountMax)
    }
    // A body that is no JSON is told as it stands.
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
      // A list of what is wrong with single fields.
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
