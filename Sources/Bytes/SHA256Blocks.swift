import CKernels

/// SHA-256 of whole blocks with the processor's instructions.
final class SHA256Blocks {
  /// Size of a block.
  static let byteCount = 64

  /// Eight words in the instructions' order, aligned to 16 bytes, for `lake_sha256_blocks`.
  private let state: UnsafeMutablePointer<UInt32>
  /// Number of blocks added.
  private var blockCount = 0

  /// Cached: in a virtual machine the query costs more than hashing a kilobyte.
  private static let isSupported = lake_has_sha256() != 0

  /// - Returns: nil if the processor lacks the instructions.
  init?() {
    if !Self.isSupported { return nil }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 32, alignment: 16)
    state = memory.bindMemory(to: UInt32.self, capacity: 8)
    // The first 32 bits of the fractional parts of the square roots of the first eight primes.
    let words: [UInt32] = [
      0x9B05_688C, 0x510E_527F, 0xBB67_AE85, 0x6A09_E667, 0x5BE0_CD19, 0x1F83_D9AB, 0xA54F_F53A,
      0x3C6E_F372,
    ]
    for (index, word) in words.enumerated() { (state + index).initialize(to: word) }
  }

  deinit { state.deallocate() }

  /// Adds whole blocks.
  func add(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    let blocks = bytes.count / Self.byteCount
    lake_sha256_blocks(state, base.assumingMemoryBound(to: UInt8.self), blocks)
    blockCount += blocks
  }

  /// The digest, 32 bytes. No blocks may be added afterwards.
  ///
  /// - Parameter tail: The message's last bytes, less than a block.
  func finish(tail: UnsafeRawBufferPointer) -> [UInt8] {
    let bitCount = UInt64(blockCount * Self.byteCount + tail.count) &* 8
    var last = Array(tail)
    last.append(0x80)
    while last.count % Self.byteCount != Self.byteCount - 8 { last.append(0) }
    withUnsafeBytes(of: bitCount.bigEndian) { last.append(contentsOf: $0) }
    last.withUnsafeBytes { add($0) }
    return [3, 2, 7, 6, 1, 0, 5, 4].flatMap { index in
      withUnsafeBytes(of: state[index].bigEndian) { Array($0) }
    }
  }
}
