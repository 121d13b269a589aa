/// How files are written.
public struct WriterOptions: Sendable {
  /// Rows per row group at most. The caller cuts.
  public var rowGroupRowCountMax = 131_072
  /// Bytes of a row group's values in memory at most. The caller cuts.
  public var rowGroupByteCountMax = 64 << 20
  /// Rows per page at most. All columns of a row group are cut at the same rows.
  public var pageRowCountMax = 20_000
  /// Bytes of a page before compression from which a column is cut more often than the others.
  public var pageByteCountMax = 8 << 20
  /// zstd's compression level.
  public var zstdLevel = 1
  /// Whether NaN is written. A column chunk with NaN has no bounds.
  public var allowsNaN = false
  /// The order of the rows, for the footer. The writer neither sorts nor checks.
  public var sortingColumns: [SortingColumn] = []
  /// The program, as named in the footer: `NAME version X.Y.Z`.
  public var createdBy = "lake version 0.1.0"
  /// Further metadata for the footer.
  public var keyValueMetadata: [KeyValue] = []

  /// The options that `lake` uses.
  public init() {}

  /// The first rows of a row group's pages, and its row count at the end.
  ///
  /// Pages have equal lengths, so that the last one is not tiny.
  public func pageCuts(rowCount: Int) -> [Int] {
    if rowCount == 0 { return [0] }
    let pageCount = (rowCount + pageRowCountMax - 1) / pageRowCountMax
    return (0...pageCount).map { rowCount * $0 / pageCount }
  }
}
