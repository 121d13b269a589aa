// Characters and texts in CSV and JSON, quoted and escaped as the vendor's tool does.

import Bytes

/// The text of a fixed-width field: up to its first NUL, or all of it.
@inline(__always)
func fixedText(_ field: UnsafeRawPointer, _ byteCount: Int) -> UnsafeRawBufferPointer {
  var count = 0
  while count < byteCount, field.loadUnaligned(fromByteOffset: count, as: UInt8.self) != 0 {
    count &+= 1
  }
  return UnsafeRawBufferPointer(start: field, count: count)
}

func putNull(_ target: UnsafeMutableRawPointer) -> Int {
  target.storeBytes(of: UInt32(0x6C6C_756E).littleEndian, as: UInt32.self)
  return 4
}

/// Writes a text, in quotes if it has a comma, a quote or a line break. Invalid UTF-8 is printed as empty text,
/// as the vendor's tool does.
func putCSVText(_ text: UnsafeRawBufferPointer, _ target: UnsafeMutableRawPointer) -> Int {
  var needsQuotes = false
  var isASCII = true
  for byte in text {
    if byte == 0x2C || byte == 0x22 || byte == 0x0A || byte == 0x0D { needsQuotes = true }
    if byte >= 0x80 { isASCII = false }
  }
  if !isASCII, String(validating: text, as: UTF8.self) == nil { return 0 }
  guard let base = text.baseAddress, needsQuotes else {
    if let base = text.baseAddress { target.copyMemory(from: base, byteCount: text.count) }
    return text.count
  }
  var at = 0
  func put(_ byte: UInt8) {
    target.storeBytes(of: byte, toByteOffset: at, as: UInt8.self)
    at += 1
  }
  put(0x22)
  for offset in 0..<text.count {
    let byte = base.loadLE(offset, as: UInt8.self)
    if byte == 0x22 { put(0x22) }
    put(byte)
  }
  put(0x22)
  return at
}

/// Writes a text in quotes with JSON's escapes.
func putJSONText(_ text: UnsafeRawBufferPointer, _ target: UnsafeMutableRawPointer) -> Int {
  let isASCII = text.allSatisfy { $0 < 0x80 }
  let isText = isASCII || String(validating: text, as: UTF8.self) != nil
  var at = 0
  func put(_ byte: UInt8) {
    target.storeBytes(of: byte, toByteOffset: at, as: UInt8.self)
    at += 1
  }
  put(0x22)
  for byte in text where isText {
    switch byte {
    // The vendor's tool escapes the slash as well.
    case 0x22, 0x2F, 0x5C:
      put(0x5C)
      put(byte)
    case 0x08: for byte in "\\b".utf8 { put(byte) }
    case 0x09: for byte in "\\t".utf8 { put(byte) }
    case 0x0A: for byte in "\\n".utf8 { put(byte) }
    case 0x0C: for byte in "\\f".utf8 { put(byte) }
    case 0x0D: for byte in "\\r".utf8 { put(byte) }
    case 0..<0x20:
      for byte in "\\u00".utf8 { put(byte) }
      put(hexDigit(byte >> 4))
      put(byte & 15 < 10 ? 0x30 + byte & 15 : 0x37 + byte & 15)
    default: put(byte)
    }
  }
  put(0x22)
  return at
}

/// Writes one character; NUL is printed as nothing, and unprintable characters are escaped like `\x07`.
@inline(__always)
func putCSVCharacter(_ character: UInt8, _ target: UnsafeMutableRawPointer) -> Int {
  if isPlain(character) && character != 0x2C {
    target.storeBytes(of: character, as: UInt8.self)
    return 1
  }
  if character == 0 { return 0 }
  let escaped = escape(character)
  return escaped.withUnsafeBytes { putCSVText($0, target) }
}

/// Writes one character in quotes; NUL is `null`.
@inline(__always)
func putJSONCharacter(_ character: UInt8, _ target: UnsafeMutableRawPointer) -> Int {
  if character == 0 { return putNull(target) }
  if isPlain(character) {
    target.storeBytes(of: 0x22, as: UInt8.self)
    target.storeBytes(of: character, toByteOffset: 1, as: UInt8.self)
    target.storeBytes(of: 0x22, toByteOffset: 2, as: UInt8.self)
    return 3
  }
  // The vendor's tool uses its CSV escapes here, which are not always valid JSON; ours are.
  let isJSONEscape = [0x09, 0x0A, 0x0D, 0x22, 0x5C].contains(character)
  let text = isJSONEscape ? [character] : escape(character)
  return text.withUnsafeBytes { putJSONText($0, target) }
}

/// Calls `body` with the text of one character, whatever it is.
func withLetter(
  _ field: UnsafeRawPointer, _ body: (UnsafeRawBufferPointer) -> Int
) -> Int {
  let text = Array(String(Unicode.Scalar(field.loadLE(0, as: UInt8.self))).utf8)
  return text.withUnsafeBytes(body)
}

/// Whether a character is printed unescaped.
@inline(__always)
private func isPlain(_ character: UInt8) -> Bool {
  character >= 0x20 && character < 0x7F && character != 0x22 && character != 0x27
    && character != 0x5C
}

private func escape(_ character: UInt8) -> [UInt8] {
  switch character {
  case 0x09: Array("\\t".utf8)
  case 0x0A: Array("\\n".utf8)
  case 0x0D: Array("\\r".utf8)
  case 0x22, 0x27, 0x5C: [0x5C, character]
  case 0x2C: [character]
  default: Array("\\x".utf8) + [hexDigit(character >> 4), hexDigit(character & 15)]
  }
}

private func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
