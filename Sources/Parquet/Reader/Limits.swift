/// What the reader refuses, so that a small hostile file cannot ask for all memory.
public enum Limits {
  /// Values of one page, nulls included.
  public static let pageValueCountMax = 1 << 24
  /// Bytes of one page, decompressed: what its header can say. Memory is only taken for what the
  /// compressed bytes can hold.
  public static let pageByteCountMax = Int(Int32.max)
  /// Bytes of text or binary that one page may grow to where its encoding shares prefixes.
  public static let pageTextByteCountMax = 1 << 28
  /// Bytes of text that dictionary codes may stand for where they are written out.
  public static let expandedTextByteCountMax = 1 << 30
  /// Rows of one read of a column, and entries of a nested column that is read whole.
  public static let readRowCountMax = 1 << 26
  /// Values within one row, nested ones counted.
  public static let rowValueCountMax = 1 << 22
  /// Nested groups of a schema.
  public static let schemaDepthMax = 60
  /// Leaves of a schema.
  public static let leafCountMax = 1 << 17
  /// Bytes of a page header: its statistics may hold long values.
  public static let pageHeaderByteCountMax = 1 << 24
}
