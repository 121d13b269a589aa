import Bytes
import Glibc

/// Gives equal byte strings equal indices, in the order of their first appearance.
///
/// Entries point into the column that is being encoded, and are valid as long as it is.
final class BytesDictionary {
  struct Entry {
    var start: UnsafePointer<UInt8>
    var count: Int
    var hash: UInt64
  }

  private var slots: [UInt32]
  private(set) var entries: [Entry] = []
  /// Bytes of all entries, without length prefixes.
  private(set) var byteCount = 0

  init() { slots = [UInt32](repeating: 0, count: 1024) }

  func removeAll() {
    slots = [UInt32](repeating: 0, count: 1024)
    entries.removeAll(keepingCapacity: true)
    byteCount = 0
  }

  /// Writes the index of each value.
  ///
  /// - Returns: false when the PLAIN form of the entries exceeds `plainByteCountMax`, or when there
  ///   are more than `entryCountMax` of them.
  func index(
    _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>, _ count: Int,
    into indices: UnsafeMutablePointer<UInt32>, plainByteCountMax: Int, entryCountMax: Int
  ) -> Bool {
    var previous: Entry?
    var previousIndex: UInt32 = 0
    for position in 0..<count {
      let start = bytes + Int(offsets[position])
      let length = Int(offsets[position &+ 1] &- offsets[position])
      if let previous, previous.count == length, memcmp(previous.start, start, length) == 0 {
        indices[position] = previousIndex
        continue
      }
      previousIndex = index(of: start, length)
      previous = entries[Int(previousIndex)]
      indices[position] = previousIndex
      if entries.count > entryCountMax || byteCount + entries.count * 4 > plainByteCountMax {
        return false
      }
    }
    return true
  }

  /// The index of one value, added if it is new.
  func index(of start: UnsafePointer<UInt8>, _ count: Int) -> UInt32 {
    let hash = Self.hash(start, count)
    let mask = UInt64(slots.count - 1)
    var slot = (hash &>> 20) & mask
    while true {
      let found = slots[Int(slot)]
      if found == 0 { break }
      let entry = entries[Int(found - 1)]
      if entry.hash == hash && entry.count == count && memcmp(entry.start, start, count) == 0 {
        return found - 1
      }
      slot = (slot + 1) & mask
    }
    entries.append(Entry(start: start, count: count, hash: hash))
    byteCount += count
    slots[Int(slot)] = UInt32(entries.count)
    if entries.count * 2 > slots.count { grow() }
    return UInt32(entries.count - 1)
  }

  private func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 4)
    let mask = UInt64(slots.count - 1)
    for (index, entry) in entries.enumerated() {
      var slot = (entry.hash &>> 20) & mask
      while slots[Int(slot)] != 0 { slot = (slot + 1) & mask }
      slots[Int(slot)] = UInt32(index + 1)
    }
  }

  private static func hash(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    let raw = UnsafeRawPointer(start)
    var hash = UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    var at = 0
    while at &+ 8 <= count {
      hash = (hash ^ raw.loadLE(at, as: UInt64.self)) &* 0xD6E8_FEB8_6659_FD93
      hash ^= hash &>> 32
      at &+= 8
    }
    var tail: UInt64 = 0
    while at < count {
      tail = tail &<< 8 | UInt64(start[at])
      at &+= 1
    }
    hash = (hash ^ tail) &* 0xD6E8_FEB8_6659_FD93
    return hash ^ hash &>> 32
  }
}
