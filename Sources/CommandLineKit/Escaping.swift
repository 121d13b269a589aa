/// Text made safe to print.
public enum Escaping {
  /// `text` with control characters, and the marks that turn text around, written as escapes: a file's
  /// name must not move the cursor or colour the screen.
  public static func controls(_ text: String) -> String {
    if !text.unicodeScalars.contains(where: isControl) { return text }
    var safe = ""
    for scalar in text.unicodeScalars {
      if !isControl(scalar) {
        safe.unicodeScalars.append(scalar)
      } else if scalar == "\n" {
        safe += "\\n"
      } else if scalar == "\t" {
        safe += "\\t"
      } else if scalar == "\r" {
        safe += "\\r"
      } else {
        safe += "\\u{" + String(scalar.value, radix: 16) + "}"
      }
    }
    return safe
  }

  static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0: true
    case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }

  /// `text` as a JSON string, with its quotes.
  public static func json(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      default:
        if isControl(scalar) {
          let hex = String(scalar.value, radix: 16)
          quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        } else {
          quoted.unicodeScalars.append(scalar)
        }
      }
    }
    return quoted + "\""
  }
}
