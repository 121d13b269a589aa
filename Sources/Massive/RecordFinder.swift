import JSON

extension PageParser {
  /// The texts of some of a page's results, by index, for messages.
  public func records(_ positions: Set<Int>, in page: UnsafeRawBufferPointer) -> [Int: String] {
    var found: [Int: String] = [:]
    do throws(JSONError) {
      try find(positions, in: page, &found)
    } catch {
      // The page was parsed once: what cannot be found again is left out.
      return found
    }
    return found
  }

  private func find(
    _ positions: Set<Int>, in page: UnsafeRawBufferPointer, _ found: inout [Int: String]
  ) throws(JSONError) {
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
        if positions.contains(at) {
          found[at] = String(decoding: value, as: UTF8.self)
          if found.count == positions.count { return }
        }
        at += 1
      }
    }
  }
}
