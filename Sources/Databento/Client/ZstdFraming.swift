/// Parses the frames of a zstd stream without decompressing it, to see whether it ends at a frame's end.
///
/// A server, or a proxy, may end an answer early without an error in HTTP.
///
/// - Spec: RFC 8878, section 3.1.
struct ZstdFraming {
  private enum Step { case magic, skippedSize, descriptor, fields, block, checksum }

  private var step = Step.magic
  /// Bytes of the current step so far.
  private var gathered: [UInt8] = []
  private var needed = 4
  /// Bytes of content to skip before the step.
  private var skipped = 0
  private var hasChecksum = false
  private var frameCount = 0
  /// Whether the bytes are no zstd, which is reported when they are read.
  private(set) var isOther = false

  /// Whether the bytes so far are one or more complete frames.
  var isWhole: Bool {
    isOther || (frameCount > 0 && step == .magic && gathered.isEmpty && skipped == 0)
  }

  mutating func take(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    while at < bytes.count, !isOther {
      if skipped > 0 {
        let count = min(skipped, bytes.count - at)
        skipped -= count
        at += count
        continue
      }
      gathered.append(bytes[at])
      at += 1
      if gathered.count == needed { advance() }
    }
  }

  /// Parses the collected bytes, and determines the next step.
  private mutating func advance() {
    let value = gathered.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    gathered.removeAll(keepingCapacity: true)
    switch step {
    case .magic: beginFrame(value)
    case .skippedSize:
      skipped = Int(value)
      endFrame()
    case .descriptor:
      hasChecksum = value & 4 != 0
      let isSingle = value & 32 != 0
      let sizeCount = [isSingle ? 1 : 0, 2, 4, 8][Int(value >> 6)]
      let count = (isSingle ? 0 : 1) + [0, 1, 2, 4][Int(value & 3)] + sizeCount
      if count > 0 { next(.fields, count) } else { next(.block, 3) }
    case .fields: next(.block, 3)
    case .block:
      let kind = value >> 1 & 3
      guard kind < 3 else {
        isOther = true
        return
      }
      // A run of one byte is stored as that byte.
      skipped = kind == 1 ? 1 : Int(value >> 3)
      if value & 1 == 0 {
        next(.block, 3)
      } else if hasChecksum {
        next(.checksum, 4)
      } else {
        endFrame()
      }
    case .checksum: endFrame()
    }
  }

  private mutating func beginFrame(_ magic: UInt64) {
    switch magic {
    case 0xFD2F_B528: next(.descriptor, 1)
    case 0x184D_2A50...0x184D_2A5F: next(.skippedSize, 4)
    default: isOther = true
    }
  }

  private mutating func endFrame() {
    frameCount += 1
    next(.magic, 4)
  }

  private mutating func next(_ step: Step, _ needed: Int) {
    self.step = step
    self.needed = needed
  }
}
