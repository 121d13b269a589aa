/// Where a JSON object ends, if others may follow it.
enum ObjectEnd: Equatable {
  /// The object and the blanks before it end before this offset.
  case at(Int)
  /// The object does not end within the bytes.
  case beyond
  /// There is no object, or a string in it has a line break, which JSON does not allow: a truncated line,
  /// followed by the next.
  case notAnObject

  /// Counts braces outside of strings; whether the object is valid is left to the parser.
  static func find(in bytes: UnsafeRawBufferPointer) -> ObjectEnd {
    var depth = 0
    var isText = false
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if isText {
        switch byte {
        case UInt8(ascii: "\\"): index += 1
        case UInt8(ascii: "\""): isText = false
        case 0x0A: return .notAnObject
        default: break
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "}"):
        depth -= 1
        if depth == 0 { return .at(index) }
        if depth < 0 { return .notAnObject }
      case UInt8(ascii: "\""): isText = depth > 0
      default: break
      }
      let isBlank = [0x20, 0x09, 0x0A, 0x0D].contains(byte)
      if depth == 0, !isBlank { return .notAnObject }
    }
    return depth == 0 ? .notAnObject : .beyond
  }
}
