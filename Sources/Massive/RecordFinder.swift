import JSON

extension PageParser {
  /// The text of one of a page's results, for messages.
  public func record(_ position: Int, in page: UnsafeRawBufferPointer) -> String? {
    do throws(JSONError) {
      return try find(position, in: page)
    } catch {
      return nil
    }
  }

  private func find(
    _ position: Int, in page: UnsafeRawBufferPointer
  ) throws(JSONError) -> String? {
    var parser = JSONParser(page)
    try parser.beginObject()
    while let key = try parser.nextKey() {
      guard key.equals("results"), try parser.peek() == .array else {
        try parser.skipValue()
        continue
      }
      try parser.beginArray()
      var at = 0
      while try parser.nextElement() {
        let value = try parser.skipValue()
        if at == position { return String(decoding: value, as: UTF8.self) }
        at += 1
      }
    }
    return nil
  }
}
