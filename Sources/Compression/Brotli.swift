import CBrotli
import Glibc

/// Brotli by libbrotlidec, which is loaded on first use.
enum Brotli {
  private typealias Decompress =
    @convention(c) (
      Int, UnsafePointer<UInt8>?, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<UInt8>?
    ) -> Int32

  private static let decompressSymbol: Decompress? = {
    guard let library = dlopen("libbrotlidec.so.1", RTLD_NOW | RTLD_LOCAL),
      let symbol = dlsym(library, "BrotliDecoderDecompress")
    else { return nil }
    return unsafeBitCast(symbol, to: Decompress.self)
  }()

  private typealias Create =
    @convention(c) (OpaquePointer?, OpaquePointer?, OpaquePointer?) -> OpaquePointer?
  private typealias Stream =
    @convention(c) (
      OpaquePointer?, UnsafeMutablePointer<Int>, UnsafeMutablePointer<UnsafePointer<UInt8>?>,
      UnsafeMutablePointer<Int>, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>,
      UnsafeMutablePointer<Int>
    ) -> Int32
  private typealias Destroy = @convention(c) (OpaquePointer?) -> Void

  private static let streamSymbols: (create: Create, stream: Stream, destroy: Destroy)? = {
    guard let library = dlopen("libbrotlidec.so.1", RTLD_NOW | RTLD_LOCAL),
      let create = dlsym(library, "BrotliDecoderCreateInstance"),
      let stream = dlsym(library, "BrotliDecoderDecompressStream"),
      let destroy = dlsym(library, "BrotliDecoderDestroyInstance")
    else { return nil }
    return (
      unsafeBitCast(create, to: Create.self), unsafeBitCast(stream, to: Stream.self),
      unsafeBitCast(destroy, to: Destroy.self)
    )
  }()

  /// Ratio of compression up to which `outputBound` does not decompress.
  private static let unquestionedRatio = 256

  /// An upper bound of the decompressed size of `source`, or a number above `wanted`; nil if the library is
  /// missing. The format has no bound: beyond a usual ratio the data is decompressed and discarded, up to
  /// `wanted` bytes.
  static func outputBound(_ source: UnsafeRawBufferPointer, wanted: Int) -> Int? {
    let usual = source.count * unquestionedRatio
    if wanted <= usual { return usual }
    guard let (create, stream, destroy) = streamSymbols, let decoder = create(nil, nil, nil) else {
      return nil
    }
    defer { destroy(decoder) }
    var left = source.count
    var next = source.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var total = 0
    return withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { spare in
      while true {
        var room = spare.count
        var target = spare.baseAddress?.assumingMemoryBound(to: UInt8.self)
        // 3: the decoder needs more output space; any other status ends the loop.
        let status = stream(decoder, &left, &next, &room, &target, &total)
        if status != 3 || total > wanted { return total }
      }
    }
  }

  static func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) -> Int {
    guard let decompress = decompressSymbol else {
      throw CompressionError(
        .unavailable, "brotli data, and libbrotlidec.so.1 is not on this machine",
        remedy: "install the package libbrotli1")
    }
    var written = target.count
    var spare: UInt8 = 0
    let result = withUnsafeMutablePointer(to: &spare) { spare in
      decompress(
        source.count, source.baseAddress?.assumingMemoryBound(to: UInt8.self), &written,
        target.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? spare)
    }
    if result != 1 {
      throw CompressionError(.corrupt, "brotli data is malformed, cut off or too long")
    }
    return written
  }
}
