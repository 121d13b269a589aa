/// Where a JSON object ends that may be followed by others.
enum ObjectEnd: Equatable {
  /// The bytes up to this one are the object and the blanks before it.
  case at(Int)
  /// The object does not end within the bytes.
  case beyond
  /// There is no object, or a text in it has a line break, which JSON does not allow: a line that was cut off, and
  /// the next.
  case notAnObject

  /// Counts braces outside of texts; whether the object is sound, a parser says.
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
