import CLZ4

/// LZ4's frame format, by liblz4: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
///
/// Checksums of headers, blocks and content are verified. Memory in addition to the target: the blocks that a
/// header allows, at most a few MiB.
enum LZ4Frame {
  private static let magic: UInt32 = 0x184D_2204
  private static let skippableMagics: ClosedRange<UInt32> = 0x184D_2A50...0x184D_2A5F

  /// Whether the data begins with a frame's magic number. No LZ4 block does: it would refer to data before its
  /// start.
  static func isFrame(_ source: UnsafeRawBufferPointer) -> Bool { word(source) == magic }

  /// Whether the data begins with a skippable frame's magic number. A block may begin so, too.
  static func isSkippable(_ source: UnsafeRawBufferPointer) -> Bool {
    word(source).map(skippableMagics.contains) ?? false
  }

  private static func word(_ source: UnsafeRawBufferPointer) -> UInt32? {
    source.count < 4 ? nil : UInt32(littleEndian: source.loadUnaligned(as: UInt32.self))
  }

  /// Decompresses concatenated frames completely.
  ///
  /// - Returns: Bytes written.
  /// - Throws: `corrupt` for a wrong checksum or invalid data, `truncated`, `size` if the target is too small,
  ///   `unreadable` for a frame that needs a dictionary.
  static func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) -> Int {
    var created: OpaquePointer?
    guard LZ4F_isError(LZ4F_createDecompressionContext(&created, UInt32(LZ4F_VERSION))) == 0,
      let context = created
    else { throw CompressionError(.size, "there is no memory to decompress lz4") }
    defer { LZ4F_freeDecompressionContext(context) }
    var frames = Frames(context: context, source: source, target: target)
    while frames.at < source.count { try frames.next() }
    return frames.out
  }

  private struct Frames {
    let context: OpaquePointer
    let source: UnsafeRawBufferPointer
    let target: UnsafeMutableRawBufferPointer
    /// Number of bytes read and written.
    var at = 0
    var out = 0

    /// Decompresses one frame.
    mutating func next() throws(CompressionError) {
      try begin()
      // The target is stable: later blocks may refer to earlier ones.
      var options = LZ4F_decompressOptions_t()
      options.stableDst = 1
      while true {
        var (taken, made) = (source.count - at, target.count - out)
        let left = LZ4F_decompress(
          context, target.baseAddress.map { $0 + out }, &made,
          source.baseAddress.map { $0 + at }, &taken, &options)
        try check(left)
        at += taken
        out += made
        if left == 0 { return }
        if taken > 0 || made > 0 { continue }
        if out < target.count { throw CompressionError(.truncated, "an lz4 frame ends early") }
        throw CompressionError(
          .size,
          "lz4 frames hold more than the \(target.count) bytes that are promised, or end early")
      }
    }

    /// Reads a frame's header.
    private mutating func begin() throws(CompressionError) {
      var info = LZ4F_frameInfo_t()
      var taken = source.count - at
      try check(
        LZ4F_getFrameInfo(context, &info, source.baseAddress.map { $0 + at }, &taken))
      at += taken
      if info.dictID != 0 {
        throw CompressionError(
          .unreadable,
          "the lz4 frame was compressed with dictionary \(info.dictID), which is not at hand")
      }
    }

    private func check(_ result: Int) throws(CompressionError) {
      if LZ4F_isError(result) == 0 { return }
      let name = String(cString: LZ4F_getErrorName(result))
      throw CompressionError(
        name == "ERROR_frameHeader_incomplete" ? .truncated : .corrupt, "lz4 frame: \(name)")
    }
  }
}
