import Bytes
import Glibc

/// Formatted rows with their sort keys.
final class KeyedRows: @unchecked Sendable {
  // A thread fills it, and another one reads it only after that.
  let texts = ByteBuffer()
  let keys = ByteBuffer()
  /// Where each row's text and key end.
  private(set) var textEnds: [Int] = []
  private(set) var keyEnds: [Int] = []

  var count: Int { textEnds.count }
  var byteCount: Int { texts.count + keys.count + 16 * count }

  func removeAll() {
    texts.removeAll()
    keys.removeAll()
    textEnds.removeAll(keepingCapacity: true)
    keyEnds.removeAll(keepingCapacity: true)
  }

  /// Ends a row whose key was appended to `keys`.
  func append(text: UnsafeRawBufferPointer) {
    texts.append(text)
    textEnds.append(texts.count)
    keyEnds.append(keys.count)
  }

  func text(_ row: Int) -> UnsafeRawBufferPointer {
    let start = row == 0 ? 0 : textEnds[row - 1]
    return UnsafeRawBufferPointer(start: texts.base + start, count: textEnds[row] - start)
  }

  func key(_ row: Int) -> UnsafeRawBufferPointer {
    let start = row == 0 ? 0 : keyEnds[row - 1]
    return UnsafeRawBufferPointer(start: keys.base + start, count: keyEnds[row] - start)
  }

  /// Row indexes in the order of their keys; equal keys keep the order of the rows.
  func sorted() -> [Int32] {
    var order = [Int32](0..<Int32(count))
    // Read once: each access through the object would be checked for exclusivity.
    let base = UnsafeRawPointer(keys.base)
    keyEnds.withUnsafeBufferPointer { ends in
      func key(_ row: Int) -> UnsafeRawBufferPointer {
        let start = row == 0 ? 0 : ends[row - 1]
        return UnsafeRawBufferPointer(start: base + start, count: ends[row] - start)
      }
      order.sort { left, right in
        let comparison = compareKeys(key(Int(left)), key(Int(right)))
        return comparison < 0 || comparison == 0 && left < right
      }
    }
    return order
  }
}

extension KeyedRows {
  /// Sorts the rows, and leaves out those that cannot be wanted.
  func keep(_ kept: OrderedScan.Kept) {
    var chosen = sorted()[...]
    switch kept {
    case .all: return
    case .first(let count): chosen = chosen.prefix(count)
    case .last(let count): chosen = chosen.suffix(count)
    }
    if chosen.count == count { return }
    let rows = KeyedRows()
    for row in chosen {
      rows.keys.append(key(Int(row)))
      rows.append(text: text(Int(row)))
    }
    removeAll()
    for row in 0..<rows.count {
      keys.append(rows.key(row))
      append(text: rows.text(row))
    }
  }
}

/// Negative, 0 or positive, as the two rows compare.
@inline(__always)
func compareKeys(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
  let shared = Swift.min(left.count, right.count)
  if shared > 0, let first = left.baseAddress, let second = right.baseAddress {
    let order = memcmp(first, second, shared)
    if order != 0 { return Int(order) }
  }
  return left.count - right.count
}

/// What a row's key has besides the values that order it.
enum KeyNumbering: Sendable {
  /// Nothing.
  case none
  /// At its end the row's number among all rows of the plan, so that no two keys are equal.
  case rows
  /// That, and before everything the group of its file.
  case groupsAndRows
}

/// Formats units as keyed rows, on one thread.
final class KeyedRowReader {
  private let plan: ScanShape
  private let encoder: KeyEncoder
  private let numbering: KeyNumbering
  private let reader: UnitReader
  private let mask: FilterMask
  private let text: RowText
  private let selected = ByteBuffer()

  init(_ plan: ScanShape, _ encoder: KeyEncoder, _ numbering: KeyNumbering = .none) {
    self.numbering = numbering
    self.plan = plan
    self.encoder = encoder
    reader = UnitReader(columns: plan.columns)
    mask = FilterMask(columns: plan.columns)
    text = RowText(columns: plan.projection.map { plan.columns[$0] }, layout: plan.layout)
  }

  /// Appends the selected rows of a unit.
  func append(_ unit: ScanUnit, to rows: KeyedRows) throws {
    try reader.begin(unit)
    let pick = try pick(unit)
    if pick.count == 0 { return }
    let readings = try plan.projection.map { try reader.read($0) }
    let ordering = try encoder.order.map { try reader.read($0) }
    try text.begin(readings, pick)
    try text.reserveRow(pick)
    for index in 0..<pick.count {
      let row = pick.row(index)
      if numbering == .groupsAndRows { Self.append(unit.file.file.group, to: rows.keys) }
      encoder.append(ordering, row: row, to: rows.keys)
      if numbering != .none {
        Self.append(unit.file.ordinal, to: rows.keys)
        Self.append(unit.rowGroup, to: rows.keys)
        Self.append(unit.rows.lowerBound + row, to: rows.keys)
      }
      rows.append(text: text.row(row))
    }
  }

  private static func append(_ number: Int, to key: ByteBuffer) {
    key.append(littleEndian: UInt32(truncatingIfNeeded: number).byteSwapped)
  }

  /// Whether the selected rows of consecutive units are sorted.
  func areSorted(_ units: [ScanUnit]) throws -> Bool {
    var last = ByteBuffer()
    var next = ByteBuffer()
    for unit in units {
      try reader.begin(unit)
      let pick = try pick(unit)
      if pick.count == 0 { continue }
      let ordering = try encoder.order.map { try reader.read($0) }
      for index in 0..<pick.count {
        next.removeAll()
        encoder.append(ordering, row: pick.row(index), to: next)
        if last.count > 0, compareKeys(last.bytes, next.bytes) > 0 { return false }
        swap(&last, &next)
      }
    }
    return true
  }

  private func pick(_ unit: ScanUnit) throws -> RowPick {
    try plan.pick(unit, reader, mask, selected)
  }
}
