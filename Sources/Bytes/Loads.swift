// Unaligned little-endian loads and stores. Every format here (Parquet, DBN, our spill runs) is
// little-endian, and so is every machine that `lake` supports.

extension UnsafeRawPointer {
  /// The fixed-width integer at `offset` bytes, little-endian, at any alignment.
  @inlinable @inline(__always)
  public func loadLE<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
    T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }
}

extension UnsafeMutableRawPointer {
  /// Stores a fixed-width integer at `offset` bytes, little-endian, at any alignment.
  @inlinable @inline(__always)
  public func storeLE<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, _ offset: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
  }
}
