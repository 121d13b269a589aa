/// Quoting for command lines that the user copies.
public enum ShellText {
  /// `word` quoted for a shell: unchanged if it needs no quoting, else in single quotes; with control
  /// characters as `$'…'`, since terminals do not show them.
  public static func quoted(_ word: String) -> String {
    let isPlain = !word.isEmpty && word.utf8.allSatisfy(isPlainByte)
    if isPlain { return word.hasPrefix("~") ? "'" + word + "'" : word }
    if !word.unicodeScalars.contains(where: isControl) {
      return "'"
        + word.split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: "'\\''") + "'"
    }
    var text = "$'"
    for scalar in word.unicodeScalars {
      if scalar == "'" || scalar == "\\" {
        text += "\\" + String(scalar)
      } else if isControl(scalar) {
        for byte in String(scalar).utf8 {
          let hex = String(byte, radix: 16)
          text += "\\x" + (hex.count == 1 ? "0" : "") + hex
        }
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text + "'"
  }

  /// A quoted path, with `./` in front if a command would take it for a flag.
  public static func path(_ path: String) -> String {
    quoted(path.hasPrefix("-") ? "./" + path : path)
  }

  private static func isPlainByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "_@%+=:,./-~".utf8.contains(byte)
    }
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
  }
}
