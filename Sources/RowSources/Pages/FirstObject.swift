/// The names of the outermost members of the first JSON object of a file, read from its first bytes.
struct FirstObject {
  /// nil where the object does not end within the bytes, so that more members may follow, and where the
  /// bytes are no object.
  let members: Set<String>?

  /// - Parameter head: Begins with the object, or with a line that says its size.
  init(_ head: [UInt8]) {
    members = Self.members(head[...])
  }

  private static func members(_ head: ArraySlice<UInt8>) -> Set<String>? {
    guard let start = head.firstIndex(of: 0x7B) else { return nil }
    var found: Set<String> = []
    var depth = 0
    var at = start
    while at < head.endIndex {
      switch head[at] {
      case 0x7B, 0x5B: depth += 1
      case 0x7D, 0x5D:
        depth -= 1
        if depth == 0 { return found }
      case 0x22:
        guard let end = textEnd(head, from: at + 1) else { return nil }
        let next = head[(end + 1)...].first { $0 > 0x20 }
        if depth == 1, next == 0x3A {
          found.insert(String(decoding: head[(at + 1)..<end], as: UTF8.self))
        }
        at = end
      default: break
      }
      at += 1
    }
    return nil
  }

  /// The place of the quote that ends a text.
  private static func textEnd(_ head: ArraySlice<UInt8>, from start: Int) -> Int? {
    var at = start
    while at < head.endIndex {
      if head[at] == 0x22 { return at }
      at += head[at] == 0x5C ? 2 : 1
    }
    return nil
  }
}
