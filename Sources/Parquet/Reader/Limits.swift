/// What the reader refuses, so that a small hostile file cannot ask for all memory.
public enum Limits {
  /// Values of one page, nulls included.
  public static let pageValueCountMax = 1 << 24
  /// Bytes of one page, decompressed: what its header can say. Memory is only taken for what the
  /// compressed bytes can hold.
  public static let pageByteCountMax = Int(Int32.max)
  /// Bytes of text or binary that one page may grow to where its encoding shares prefixes.
  public static let pageTextByteCountMax = 1 << 28
  /// Nested groups of a schema.
  public static let schemaDepthMax = 60
  /// Leaves of a schema.
  public static let leafCountMax = 1 << 17
  /// Bytes of a page header: its statistics may hold long values.
  public static let pageHeaderByteCountMax = 1 << 24
}
