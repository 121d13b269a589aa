import Glibc

/// A streaming SHA-256 (FIPS 180-4).
///
/// Implemented with the processor's SHA instructions if available, else by OpenSSL's libcrypto (loaded on first
/// use), else by portable code, which is about five times slower than libcrypto. Tests check that all three
/// agree.
public struct SHA256: ~Copyable {
  enum Form { case blocks, native, portable }

  private let blocks: SHA256Blocks?
  /// Bytes of an incomplete block.
  private var pending: [UInt8] = []
  private let native: NativeContext?
  private var portable = PortableSHA256()

  /// A hash of no bytes yet.
  public init() {
    blocks = SHA256Blocks()
    native = blocks == nil ? NativeContext() : nil
  }

  /// For tests: selects an implementation; nil if it is not available.
  init?(form: Form) {
    blocks = form == .blocks ? SHA256Blocks() : nil
    native = form == .native ? NativeContext() : nil
    if form == .blocks && blocks == nil || form == .native && native == nil { return nil }
  }

  /// Appends bytes to the hashed message.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    if let blocks {
      update(blocks, bytes)
    } else if let native {
      native.update(bytes)
    } else {
      portable.update(bytes)
    }
  }

  private mutating func update(_ blocks: SHA256Blocks, _ bytes: UnsafeRawBufferPointer) {
    var rest = bytes
    if !pending.isEmpty {
      let taken = min(rest.count, SHA256Blocks.byteCount - pending.count)
      pending.append(contentsOf: rest[..<taken])
      rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
      if pending.count < SHA256Blocks.byteCount { return }
      pending.withUnsafeBytes { blocks.add($0) }
      pending.removeAll(keepingCapacity: true)
    }
    let whole = rest.count / SHA256Blocks.byteCount * SHA256Blocks.byteCount
    blocks.add(UnsafeRawBufferPointer(rebasing: rest[..<whole]))
    pending.append(contentsOf: rest[whole...])
  }

  /// The digest, 32 bytes. The hash cannot be updated afterwards.
  public mutating func finalBytes() -> [UInt8] {
    if let blocks { return pending.withUnsafeBytes { blocks.finish(tail: $0) } }
    if let native { return native.final() }
    return portable.final()
  }

  /// The digest as 64 lower-case hexadecimal digits.
  public mutating func finalHex() -> String { Self.hex(finalBytes()) }

  /// A digest as 64 lower-case hexadecimal digits.
  public static func hex(_ digest: [UInt8]) -> String { HexText.lowercase(digest) }

  /// The digest of the bytes as hexadecimal digits.
  public static func hex(of bytes: UnsafeRawBufferPointer) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalHex()
  }
}

/// The three functions of libcrypto, loaded once.
private struct NativeLibrary: Sendable {
  typealias Begin = @convention(c) (UnsafeMutableRawPointer) -> Int32
  typealias Update = @convention(c) (UnsafeMutableRawPointer, UnsafeRawPointer, Int) -> Int32
  typealias Final = @convention(c) (UnsafeMutablePointer<UInt8>, UnsafeMutableRawPointer) -> Int32

  let begin: Begin
  let update: Update
  let final: Final

  static let shared: NativeLibrary? = {
    for name in ["libcrypto.so.3", "libcrypto.so.1.1"] {
      guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
      guard let begin = dlsym(handle, "SHA256_Init"),
        let update = dlsym(handle, "SHA256_Update"),
        let final = dlsym(handle, "SHA256_Final")
      else { continue }
      return NativeLibrary(
        begin: unsafeBitCast(begin, to: Begin.self),
        update: unsafeBitCast(update, to: Update.self),
        final: unsafeBitCast(final, to: Final.self))
    }
    return nil
  }()
}

/// A SHA256_CTX of libcrypto, which has 112 bytes; more are allocated.
private final class NativeContext {
  private let library: NativeLibrary
  private let context = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 16)

  init?() {
    guard let library = NativeLibrary.shared else { return nil }
    self.library = library
    guard library.begin(context) == 1 else { return nil }
  }

  deinit { context.deallocate() }

  func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    _ = library.update(context, base, bytes.count)
  }

  func final() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      _ = library.final(base, context)
      count = 32
    }
  }
}

struct PortableSHA256 {
  private var state: [UInt32] = [
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB,
    0x5BE0_CD19,
  ]
  private var pending: [UInt8] = []
  private var byteCount: UInt64 = 0

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    byteCount &+= UInt64(bytes.count)
    pending.append(contentsOf: bytes)
    let whole = pending.count / 64 * 64
    if whole == 0 { return }
    pending.withUnsafeBytes { buffer in
      for block in stride(from: 0, to: whole, by: 64) {
        Self.compress(&state, UnsafeRawBufferPointer(rebasing: buffer[block..<(block + 64)]))
      }
    }
    pending.removeFirst(whole)
  }

  mutating func final() -> [UInt8] {
    let bitCount = byteCount &* 8
    var tail: [UInt8] = [0x80]
    while (pending.count + tail.count) % 64 != 56 { tail.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      tail.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
    }
    tail.withUnsafeBytes { update($0) }
    return state.flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
  }

  private static func compress(_ state: inout [UInt32], _ block: UnsafeRawBufferPointer) {
    func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
    var w = [UInt32](repeating: 0, count: 64)
    for i in 0..<16 {
      w[i] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self))
    }
    for i in 16..<64 {
      let s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >> 3)
      let s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >> 10)
      w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
    }
    var v = state
    for i in 0..<64 {
      let s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)
      let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
      let t1 = v[7] &+ s1 &+ choice &+ roundConstants[i] &+ w[i]
      let s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)
      let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
      v = [t1 &+ s0 &+ majority, v[0], v[1], v[2], v[3] &+ t1, v[4], v[5], v[6]]
    }
    for i in 0..<8 { state[i] = state[i] &+ v[i] }
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let roundConstants: [UInt32] = [
    0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4,
    0xAB1C_5ED5, 0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE,
    0x9BDC_06A7, 0xC19B_F174, 0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F,
    0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA, 0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7,
    0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967, 0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC,
    0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85, 0xA2BF_E8A1, 0xA81A_664B,
    0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070, 0x19A4_C116,
    0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
    0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7,
    0xC671_78F2,
  ]
}
