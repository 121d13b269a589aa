/// A column chunk's pages as they will be in the file, and what the footer and the page index will
/// say of them.
public struct EncodedColumnChunk: Sendable {
  /// A data page.
  public struct Page: Sendable {
    /// Bytes from the chunk's start to the page's header.
    public var offset: Int
    /// Header included.
    public var byteCount: Int
    /// From the row group's start.
    public var firstRow: Int
    /// Rows without a value.
    public var nullCount: Int
    /// Values that are not null.
    public var valueCount: Int
    /// nil when the page has only nulls, or its column no statistics.
    public var bounds: ValueBounds?
    /// Bytes of strings before encoding, without length prefixes; nil for other types.
    public var stringByteCount: Int?
  }

  /// The column whose values these are.
  public var column: WriterColumn
  /// Rows of the chunk.
  public var rowCount: Int
  /// Values and nulls: rows, unless the column is repeated.
  public var valueCount: Int
  /// The dictionary page if there is one, then the data pages, headers included.
  public var bytes: [UInt8]
  /// Of the dictionary page, its header included; 0 without one.
  public var dictionaryByteCount: Int
  /// The data pages, in order.
  public var pages: [Page]
  /// How the values of the data pages are encoded.
  public var encoding: Encoding
  /// How the pages are compressed.
  public var codec: CompressionCodec
  /// Page headers included.
  public var uncompressedByteCount: Int
  /// Rows without a value.
  public var nullCount: Int
  /// Entries of the dictionary: the number of distinct values; nil without a dictionary.
  public var distinctCount: Int?
  /// nil when there are only nulls, or no statistics.
  public var bounds: ValueBounds?
}
