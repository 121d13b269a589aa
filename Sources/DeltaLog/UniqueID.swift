/// Random unique names.
public enum UniqueID {
  /// A version 4 UUID, as `5f1c7a2e-0000-4000-8000-000000000001`.
  public static func make() -> String {
    let high = UInt64.random(in: 0 ... .max) & ~0xF000 | 0x4000
    let low = UInt64.random(in: 0 ... .max) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    func hex(_ word: UInt64) -> String {
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
    let (first, second) = (hex(high), hex(low))
    return first.prefix(8) + "-" + first.dropFirst(8).prefix(4) + "-" + first.suffix(4) + "-"
      + second.prefix(4) + "-" + second.dropFirst(4)
  }
}
