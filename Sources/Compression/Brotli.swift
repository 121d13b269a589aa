import CBrotli
import Glibc

/// Brotli by libbrotlidec, which is loaded on first use: nothing else pays for it.
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
