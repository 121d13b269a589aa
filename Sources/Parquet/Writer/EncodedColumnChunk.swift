/// An encoded column chunk: its pages as they will be in the file, and what footer and page index need to know
/// of them.
public struct EncodedColumnChunk: Sendable {
  /// A data page.
  public struct Page: Sendable {
    /// Offset of the page's header in the chunk.
    public var offset: Int
    /// Size including the header.
    public var byteCount: Int
    /// Index in the row group.
    public var firstRow: Int
    /// Rows without a value.
    public var nullCount: Int
    /// Rows with a value.
    public var valueCount: Int
    /// nil if the page has only nulls, or its column no statistics.
    public var bounds: ValueBounds?
    /// Bytes of strings without length prefixes, before encoding; nil for other types.
    public var stringByteCount: Int?
  }

  /// The column.
  public var column: WriterColumn
  /// Rows of the chunk.
  public var rowCount: Int
  /// Values including nulls: the row count, unless the column is repeated.
  public var valueCount: Int
  /// The dictionary page, if there is one, then the data pages, with their headers.
  public var bytes: [UInt8]
  /// Size of the dictionary page with its header; 0 without one.
  public var dictionaryByteCount: Int
  /// The data pages, in order.
  public var pages: [Page]
  /// The encoding of the data pages' values.
  public var encoding: Encoding
  /// The codec of the pages.
  public var codec: CompressionCodec
  /// Including page headers.
  public var uncompressedByteCount: Int
  /// Rows without a value.
  public var nullCount: Int
  /// Entries of the dictionary: the number of distinct values; nil without a dictionary.
  public var distinctCount: Int?
  /// nil if there are only nulls, or no statistics.
  public var bounds: ValueBounds?
}
