import Bytes

/// Elements by key, in insertion order, which removals keep.
///
/// Keys are paths, compared byte by byte, as file systems do.
struct KeyedFiles<Element: Sendable>: Sendable {
  private var keys: [String] = []
  private var elements: [Element] = []
  private var isDead: [Bool] = []
  /// An open-addressing table by the key's hash: an element's index plus 1, or 0. At most half full.
  private var slots: [UInt32] = []
  private(set) var count = 0

  mutating func reserveCapacity(_ count: Int) {
    keys.reserveCapacity(count)
    elements.reserveCapacity(count)
    isDead.reserveCapacity(count)
    if slots.count < 2 * count { index(forCount: count) }
  }

  /// Appends an element, or replaces the one of the same key at its index.
  mutating func set(_ key: String, _ element: Element) {
    if slots.count < 2 * (elements.count + 1) { index(forCount: 2 * (elements.count + 1)) }
    let slot = slot(of: key)
    let existing = Int(slots[slot]) - 1
    if existing >= 0 && !isDead[existing] {
      elements[existing] = element
      return
    }
    keys.append(key)
    elements.append(element)
    isDead.append(false)
    slots[slot] = UInt32(elements.count)
    count += 1
  }

  mutating func remove(_ key: String) {
    if slots.isEmpty { return }
    let existing = Int(slots[slot(of: key)]) - 1
    if existing < 0 || isDead[existing] { return }
    isDead[existing] = true
    count -= 1
  }

  /// The remaining elements.
  consuming func values() -> [Element] {
    if count == elements.count { return elements }
    var left: [Element] = []
    left.reserveCapacity(count)
    for (index, element) in elements.enumerated() where !isDead[index] { left.append(element) }
    return left
  }

  /// The slot of a key, or the free one where it belongs.
  private func slot(of key: String) -> Int {
    var slot = Int(truncatingIfNeeded: PathHash.of(key)) & (slots.count - 1)
    while slots[slot] != 0 {
      if PathHash.isEqual(keys[Int(slots[slot]) - 1], key) { return slot }
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  /// Makes room for this many elements.
  private mutating func index(forCount count: Int) {
    var size = 16
    while size < 2 * count { size *= 2 }
    slots = [UInt32](repeating: 0, count: size)
    // A removed element's slot goes to the next element of its key, if any.
    for index in keys.indices { slots[slot(of: keys[index])] = UInt32(index + 1) }
  }
}
