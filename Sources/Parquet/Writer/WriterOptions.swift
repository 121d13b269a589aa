/// How files are written.
public struct WriterOptions: Sendable {
  /// Rows of a row group at most. The caller cuts.
  public var rowGroupRowCountMax = 131_072
  /// Bytes of a row group's values in memory at most. The caller cuts.
  public var rowGroupByteCountMax = 64 << 20
  /// Rows of a page at most. All columns of a row group are cut at the same rows.
  public var pageRowCountMax = 20_000
  /// Bytes of a page before compression at which a column cuts more often than the others.
  public var pageByteCountMax = 8 << 20
  /// zstd's compression level.
  public var zstdLevel = 1
  /// Whether NaN is written. A column chunk that holds one has no bounds.
  public var allowsNaN = false
  /// The order of the rows, told to readers. The writer does not sort, and does not check.
  public var sortingColumns: [SortingColumn] = []
  /// The program, as the footer names it: `NAME version X.Y.Z`.
  public var createdBy = "lake version 0.1.0"
  /// What the footer says besides.
  public var keyValueMetadata: [KeyValue] = []

  /// What `lake` writes everywhere.
  public init() {}

  /// The rows at which the pages of a row group begin, and its row count at the end.
  ///
  /// Pages are of equal length, so that the last one is not a scrap.
  public func pageCuts(rowCount: Int) -> [Int] {
    if rowCount == 0 { return [0] }
    let pageCount = (rowCount + pageRowCountMax - 1) / pageRowCountMax
    return (0...pageCount).map { rowCount * $0 / pageCount }
  }
}
