import Bytes
import CSystem
import Glibc
import Platform

/// Reads sorted rows, one at a time.
class KeyedRowCursor {
  /// The current row; valid until `advance`.
  fileprivate(set) var key = UnsafeRawBufferPointer(start: nil, count: 0)
  fileprivate(set) var text = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Rows with equal keys are ordered by this.
  let ordinal: Int

  init(ordinal: Int) { self.ordinal = ordinal }

  /// Moves to the next row; false at the end.
  func advance() throws -> Bool { false }

  /// Whether this cursor's row comes before the other's.
  final func isBefore(_ other: KeyedRowCursor) -> Bool {
    let order = compareKeys(key, other.key)
    return order < 0 || order == 0 && ordinal < other.ordinal
  }
}

/// Reads the units of a sorted file, block by block.
final class UnitCursor: KeyedRowCursor {
  private let source: KeyedRowReader
  private let units: [ScanUnit]
  private let blockRowCount: Int
  private let rows = KeyedRows()
  private var nextUnit = 0
  private var nextRow = 0
  private var at = -1

  /// - Parameter blockRowCount: Rows held at a time.
  init(ordinal: Int, units: [ScanUnit], blockRowCount: Int, source: KeyedRowReader) {
    self.units = units
    self.blockRowCount = blockRowCount
    self.source = source
    super.init(ordinal: ordinal)
  }

  override func advance() throws -> Bool {
    at += 1
    while at >= rows.count {
      if nextUnit == units.count { return false }
      rows.removeAll()
      at = 0
      var unit = units[nextUnit]
      let start = unit.rows.lowerBound + nextRow
      let end = Swift.min(start + blockRowCount, unit.rows.upperBound)
      nextRow += end - start
      if end == unit.rows.upperBound {
        nextUnit += 1
        nextRow = 0
      }
      unit.rows = start..<end
      try source.append(unit, to: rows)
    }
    key = rows.key(at)
    text = rows.text(at)
    return true
  }
}

/// Reads sorted rows in memory.
final class MemoryCursor: KeyedRowCursor {
  private let rows: KeyedRows
  private let order: [Int32]
  private var at = -1

  init(ordinal: Int, rows: KeyedRows) {
    self.rows = rows
    order = rows.sorted()
    super.init(ordinal: ordinal)
  }

  override func advance() throws -> Bool {
    at += 1
    if at >= order.count { return false }
    key = rows.key(Int(order[at]))
    text = rows.text(Int(order[at]))
    return true
  }
}

/// Reads a sorted run of the spill file: key length, text length, key, text.
final class SpillCursor: KeyedRowCursor {
  private let file: KeyedRowSpill
  private var offset: Int
  private let end: Int
  private let buffer: ByteBuffer
  private var at = 0

  init(ordinal: Int, file: KeyedRowSpill, range: Range<Int>, bufferByteCount: Int) {
    self.file = file
    offset = range.lowerBound
    end = range.upperBound
    buffer = ByteBuffer(capacity: bufferByteCount)
    super.init(ordinal: ordinal)
  }

  override func advance() throws -> Bool {
    guard try fill(8) else { return false }
    let start = UnsafeRawPointer(buffer.base)
    let keyCount = Int(start.loadLE(at, as: UInt32.self))
    let textCount = Int(start.loadLE(at + 4, as: UInt32.self))
    guard try fill(8 + keyCount + textCount) else {
      throw QueryError(.spill, "the spill file ends inside a row")
    }
    key = UnsafeRawBufferPointer(start: buffer.base + at + 8, count: keyCount)
    text = UnsafeRawBufferPointer(start: buffer.base + at + 8 + keyCount, count: textCount)
    at += 8 + keyCount + textCount
    return true
  }

  /// Makes `byteCount` bytes from `at` available; false at the end of the run.
  private func fill(_ byteCount: Int) throws -> Bool {
    if buffer.count - at >= byteCount { return true }
    let rest = buffer.count - at
    memmove(buffer.base, buffer.base + at, rest)
    buffer.count = rest
    at = 0
    buffer.reserve(byteCount)
    let wanted = Swift.min(buffer.capacity - rest, end - offset)
    if wanted > 0 {
      try file.read(at: offset, into: buffer.base + rest, wanted)
      offset += wanted
      buffer.count += wanted
    }
    return buffer.count >= byteCount
  }
}

/// A temporary file without a name: it is removed when the process ends.
package final class KeyedRowSpill: @unchecked Sendable {
  // Written by one thread; read after that, by one thread.
  private let descriptor: Int32
  private(set) var byteCount = 0
  private let buffer = ByteBuffer(capacity: 1 << 20)

  init(folder: String) throws {
    let path = folder + "/.lake-query-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).spill"
    descriptor = lake_open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor < 0 {
      throw QueryError(
        .spill, "cannot create a spill file: \(String(cString: strerror(lake_errno())))",
        at: folder, remedy: "set TMPDIR to a folder with space")
    }
    lake_unlink(path)
  }

  deinit { lake_close(descriptor) }

  /// Writes the rows in order as one run.
  func append(_ rows: KeyedRows) throws -> Range<Int> {
    let start = byteCount
    for row in rows.sorted() {
      let key = rows.key(Int(row))
      let text = rows.text(Int(row))
      buffer.append(littleEndian: UInt32(key.count))
      buffer.append(littleEndian: UInt32(text.count))
      buffer.append(key)
      buffer.append(text)
      if buffer.count >= 1 << 20 { try flush() }
    }
    try flush()
    return start..<byteCount
  }

  private func flush() throws {
    if !Transfer.write(descriptor, buffer.bytes, at: byteCount) {
      throw QueryError(
        .spill, "cannot write the spill file: \(String(cString: strerror(lake_errno())))",
        remedy: "set TMPDIR to a folder with space")
    }
    byteCount += buffer.count
    buffer.removeAll()
  }

  func read(at offset: Int, into target: UnsafeMutableRawPointer, _ count: Int) throws {
    let room = UnsafeMutableRawBufferPointer(start: target, count: count)
    if Transfer.read(descriptor, into: room, at: offset) < count {
      throw QueryError(.spill, "cannot read the spill file back")
    }
  }
}
