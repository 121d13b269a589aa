/// What the reader refuses, so that a small hostile file cannot take all memory.
public enum Limits {
  /// Values of one page, nulls included.
  public static let pageValueCountMax = 1 << 24
  /// Bytes of one decompressed page: the most that its header can state. Memory is taken only for what the
  /// compressed bytes can yield.
  public static let pageByteCountMax = Int(Int32.max)
  /// Bytes of text or binary that one page may grow to, if its encoding shares prefixes.
  public static let pageTextByteCountMax = 1 << 28
  /// Bytes of text that dictionary codes may expand to.
  public static let expandedTextByteCountMax = 1 << 30
  /// Rows per read of a column, and entries of a nested column that is read whole.
  public static let readRowCountMax = 1 << 26
  /// Values within one row, including nested ones.
  public static let rowValueCountMax = 1 << 22
  /// Depth of nested groups in a schema.
  public static let schemaDepthMax = 60
  /// Leaves of a schema.
  public static let leafCountMax = 1 << 17
  /// Size of a page header: its statistics may have long values.
  public static let pageHeaderByteCountMax = 1 << 24
}
