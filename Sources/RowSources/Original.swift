import Bytes
import Parquet

/// The form in which a rejected row's bytes are kept.
enum Original {
  /// Text where the bytes are valid UTF-8 without NULs, else base64.
  static func text(_ bytes: UnsafeRawBufferPointer) -> (String, SourceRejection.Form) {
    if !bytes.contains(0), let text = validText(bytes) { return (text, .text) }
    return (Base64.encode(bytes), .base64)
  }

  static func validText(_ bytes: UnsafeRawBufferPointer) -> String? {
    String(validating: bytes, as: UTF8.self)
  }
}
