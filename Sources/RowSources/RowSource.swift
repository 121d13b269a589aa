import Columnar
import Market

/// A file being turned into packed rows, in the file's order and in constant memory.
public protocol RowSource: AnyObject {
  var layout: RowLayout { get }
  /// The texts that the rows' codes stand for; it grows as rows are read.
  var strings: StringTable { get }
  var report: SourceReport { get }
  /// Names of the schema's columns that the file fills; nil: all that the layout has.
  var filledColumns: Set<String>? { get }

  /// The zone in which the index is given as dates without a time, and one of them, days since 1970; nil
  /// where it has times.
  var dates: (zone: TimeZoneRules, example: Int)? { get }

  /// Fills a block with the next rows.
  ///
  /// - Parameter block: Emptied first; a block of this source's `layout`.
  /// - Returns: false at the end of the file. A block may be empty before that, where all its rows
  ///   were rejected.
  func next(_ block: RowBlock) throws -> Bool

  /// The rows rejected since the last call. Call it after every block: they hold the rows' text.
  func takeRejected() -> [SourceRejection]

  /// SHA-256 of the decompressed content; nil before the end of the file.
  var contentHash: String? { get }
}

extension RowSource {
  /// Not known.
  public var filledColumns: Set<String>? { nil }
  /// None that the source tells.
  public var dates: (zone: TimeZoneRules, example: Int)? { nil }
}

/// Where a source's bytes come from.
public protocol ByteSupply: AnyObject {
  /// Reads at most `target.count` bytes.
  ///
  /// - Returns: How many; 0 at the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws -> Int
}

/// Bytes in memory, handed out in pieces of at most `pieceByteCount`.
public final class MemorySupply: ByteSupply {
  private let bytes: [UInt8]
  private let pieceByteCount: Int
  private var position = 0

  /// A supply of some bytes.
  public init(_ bytes: [UInt8], pieceByteCount: Int = .max) {
    self.bytes = bytes
    self.pieceByteCount = pieceByteCount
  }

  /// Hands over the next piece.
  public func read(into target: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(target.count, bytes.count - position, pieceByteCount)
    bytes.withUnsafeBytes { source in
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[position..<position + count]))
    }
    position += count
    return count
  }
}
