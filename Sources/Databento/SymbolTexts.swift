// The text of the symbol column, ready to be copied, by instrument and day.

import Bytes
import Columnar

/// A cache of symbols in their printed form; one per thread.
final class SymbolTexts {
  /// Size of a printed symbol at most: the widest in any header, with every byte escaped, and quotes.
  static let textByteCountMax = DBNMetadata.symbolByteCountMax * 6 + 2
  /// Entries at which the cache is cleared: a hostile file may have billions of instruments.
  private static let entryCountMax = 1 << 20

  private let isJSON: Bool
  private var names = PrintedSymbols(metadata: nil)
  private var generation = -1
  /// An open-addressing table; an entry's text has `count` bytes at `offset`; count −1 marks a free slot.
  private var slots: UnsafeMutablePointer<Slot>
  private var mask: Int
  private var entryCount = 0
  private let texts = ByteBuffer(capacity: 4096)

  private struct Slot {
    var key: UInt64
    var offset: Int32
    var count: Int32
  }

  init(isJSON: Bool) {
    self.isJSON = isJSON
    mask = 1023
    slots = .allocate(capacity: 1024)
    slots.initialize(repeating: Slot(key: 0, offset: 0, count: -1), count: 1024)
  }

  deinit { slots.deallocate() }

  /// Sets the names; clears the cache if they differ from the previous ones.
  func use(_ names: PrintedSymbols) {
    if names.generation == generation { return }
    self.names = names
    generation = names.generation
    removeAll()
  }

  /// Writes the symbol of an instrument at a time; returns the bytes written.
  ///
  /// - Parameter target: Room for `textByteCountMax` bytes and a buffer's slack.
  @inline(__always)
  func put(_ id: UInt32, time: UInt64, _ target: UnsafeMutableRawPointer) -> Int {
    let day = time / UInt64(CivilDate.nanosecondsPerDay)
    let key = UInt64(id) | (day &<< 32)
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> 40) & mask
    while slots[slot].key != key || slots[slot].count < 0 {
      if slots[slot].count < 0 {
        slot = add(key, id, day: time == .max ? nil : Int(day))
        break
      }
      slot = (slot &+ 1) & mask
    }
    let count = Int(slots[slot].count)
    let source = texts.base + Int(slots[slot].offset)
    if count <= 16 {
      target.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
      target.storeBytes(
        of: source.loadUnaligned(fromByteOffset: 8, as: UInt64.self), toByteOffset: 8,
        as: UInt64.self)
    } else {
      target.copyMemory(from: source, byteCount: count)
    }
    return count
  }

  /// Adds the text of a missing key; returns its slot.
  private func add(_ key: UInt64, _ id: UInt32, day: Int?) -> Int {
    if entryCount == Self.entryCountMax || texts.count > 1 << 30 { removeAll() }
    if entryCount * 2 >= mask { grow() }
    // Mapping records apply at any time.
    let name = (day ?? (names.isLive ? 0 : nil)).flatMap { names.name(id, day: $0) }
    let offset = texts.count
    texts.reserve(offset + Self.textByteCountMax)
    if let name {
      let bytes = Array(name.utf8)
      let count = bytes.withUnsafeBytes { text in
        isJSON
          ? putJSONText(text, texts.base + offset) : putCSVText(text, texts.base + offset)
      }
      texts.count = offset + count
    } else if isJSON {
      texts.append(Array("null".utf8))
    }
    let slot = insert(
      Slot(key: key, offset: Int32(offset), count: Int32(texts.count - offset)))
    entryCount += 1
    return slot
  }

  private func insert(_ entry: Slot) -> Int {
    var slot = Int(truncatingIfNeeded: (entry.key &* 0x9E37_79B9_7F4A_7C15) &>> 40) & mask
    while slots[slot].count >= 0 { slot = (slot + 1) & mask }
    slots[slot] = entry
    return slot
  }

  private func grow() {
    let old = slots
    let oldCount = mask + 1
    mask = oldCount * 2 - 1
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: Slot(key: 0, offset: 0, count: -1), count: mask + 1)
    for index in 0..<oldCount where old[index].count >= 0 { _ = insert(old[index]) }
    old.deallocate()
  }

  private func removeAll() {
    slots.update(repeating: Slot(key: 0, offset: 0, count: -1), count: mask + 1)
    entryCount = 0
    texts.removeAll()
  }
}
