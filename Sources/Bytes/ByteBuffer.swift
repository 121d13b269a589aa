/// A growable block of raw bytes that is reused, with slack after its end so that kernels may
/// over-read and over-store by up to `slackByteCount` bytes.
///
/// A fresh aligned allocation per page costs a page fault per 4 KiB; a reused one costs nothing.
public final class ByteBuffer {
  /// Bytes that may be touched after `capacity`.
  public static let slackByteCount = 64

  /// The first byte; it moves when the buffer grows.
  public private(set) var base: UnsafeMutableRawPointer
  /// Bytes that fit without growing.
  public private(set) var capacity: Int
  /// Bytes in use. The owner sets it; `reserve` and `append` keep it.
  public var count = 0

  /// A buffer of no bytes.
  public init(capacity: Int = 0) {
    self.capacity = capacity
    base = .allocate(byteCount: capacity + Self.slackByteCount, alignment: 16)
  }

  deinit { base.deallocate() }

  /// The bytes in use.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Makes room for `byteCount` bytes in all, keeping the first `count`.
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

  /// Adds a copy of some bytes.
  public func append(_ source: UnsafeRawPointer, _ byteCount: Int) {
    reserve(count + byteCount)
    (base + count).copyMemory(from: source, byteCount: byteCount)
    count += byteCount
  }

  /// Adds a copy of some bytes.
  public func append(_ source: UnsafeRawBufferPointer) {
    if let start = source.baseAddress { append(start, source.count) }
  }

  /// Adds a copy of some bytes.
  public func append(_ source: [UInt8]) {
    source.withUnsafeBytes { append($0) }
  }

  /// Adds an integer, least byte first.
  public func append<T: FixedWidthInteger & BitwiseCopyable>(littleEndian value: T) {
    reserve(count + MemoryLayout<T>.size)
    base.storeLE(value, count)
    count += MemoryLayout<T>.size
  }

  /// Forgets the bytes and keeps the memory.
  public func removeAll() { count = 0 }
}
