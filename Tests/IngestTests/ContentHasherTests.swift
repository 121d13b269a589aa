import Bytes
import CKernels
import TestSupport
import Testing

@testable import Ingest

@Suite struct ContentHasherTests {
  /// However the content is cut into blocks, and however far each is hashed before it is passed.
  @Test func theDigestIsThatOfTheWhole() {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<50 {
      let content = (0..<Int.random(in: 0...2000, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      let hasher = ContentHasher()
      let memory = ByteBuffer(capacity: 4096)
      var carried: [UInt8] = []
      var at = 0
      while at < content.count {
        let count = min(content.count - at, Int.random(in: 1...300, using: &random))
        let start = memory.base + 64
        for (place, byte) in carried.enumerated() {
          start.storeBytes(of: byte, toByteOffset: place - carried.count, as: UInt8.self)
        }
        for place in 0..<count {
          start.storeBytes(of: content[at + place], toByteOffset: place, as: UInt8.self)
        }
        hasher.follow(start)
        hashSome(hasher, to: start + count)
        hasher.pass(to: start + count)
        let waiting = hasher.waitingCount
        carried = Array(
          UnsafeRawBufferPointer(start: start + count - waiting, count: waiting))
        at += count
      }
      #expect(hasher.finalHex() == content.withUnsafeBytes { SHA256.hex(of: $0) })
    }
  }

  private func hashSome(_ hasher: ContentHasher, to end: UnsafeMutableRawPointer) {
    guard let state = hasher.state, var position = hasher.position else { return }
    while UnsafeRawPointer(end) - position >= 128 {
      lake_sha256_blocks(state, position.assumingMemoryBound(to: UInt8.self), 1)
      position += SHA256Blocks.byteCount
    }
    hasher.didHash(to: position)
  }
}
