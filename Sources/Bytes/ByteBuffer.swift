/// A growable, reusable buffer of raw bytes with slack after its end, so that kernels may read and write up to
/// `slackByteCount` bytes past it.
///
/// Reuse matters: a fresh aligned allocation per page costs a page fault per 4 KiB.
public final class ByteBuffer {
  /// Accessible bytes after `capacity`.
  public static let slackByteCount = 64

  /// Address of the first byte; it changes when the buffer grows.
  public private(set) var base: UnsafeMutableRawPointer
  /// Number of bytes that fit without growing.
  public private(set) var capacity: Int
  /// Number of bytes in use. Set by the owner; `reserve` keeps it and `append` adds to it.
  public var count = 0

  /// An empty buffer.
  public init(capacity: Int = 0) {
    self.capacity = capacity
    base = .allocate(byteCount: capacity + Self.slackByteCount, alignment: 16)
  }

  deinit { base.deallocate() }

  /// The bytes in use.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Ensures a capacity of `byteCount` bytes, keeping the first `count`.
  public func reserve(_ byteCount: Int) {
    if byteCount <= capacity { return }
    let grown = Swift.max(byteCount, capacity + capacity / 2)
    let fresh = UnsafeMutableRawPointer.allocate(
      byteCount: grown + Self.slackByteCount, alignment: 16)
    fresh.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = fresh
    capacity = grown
  }

  /// Appends a copy of the bytes.
  public func append(_ source: UnsafeRawPointer, _ byteCount: Int) {
    reserve(count + byteCount)
    (base + count).copyMemory(from: source, byteCount: byteCount)
    count += byteCount
  }

  /// Appends a copy of the bytes.
  public func append(_ source: UnsafeRawBufferPointer) {
    if let start = source.baseAddress { append(start, source.count) }
  }

  /// Appends a copy of the bytes.
  public func append(_ source: [UInt8]) {
    source.withUnsafeBytes { append($0) }
  }

  /// Appends an integer in little-endian order.
  public func append<T: FixedWidthInteger & BitwiseCopyable>(littleEndian value: T) {
    reserve(count + MemoryLayout<T>.size)
    base.storeLE(value, count)
    count += MemoryLayout<T>.size
  }

  /// Removes all bytes and keeps the capacity.
  public func removeAll() { count = 0 }
}
