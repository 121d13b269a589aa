import Bytes
import Columnar

/// An open Parquet file. Immutable: any number of threads may read from it.
///
/// The file is mapped into memory and must not shrink while it is open.
public final class ParquetReader: Sendable {
  static let magic: UInt32 = 0x3152_4150  // PAR1
  static let encryptedMagic: UInt32 = 0x4552_4150  // PARE
  /// Magic, an empty footer, its length and magic again.
  static let byteCountMin = 12

  /// The file's path, or the name given with its bytes.
  public let name: String
  /// The footer.
  public let metadata: FileMetadata
  /// The root of the schema.
  public let schema: SchemaNode
  /// The columns, in the file's order.
  public let leaves: [LeafColumn]
  /// Whether pages that carry a CRC-32 are checked against it.
  public let verifiesChecksums: Bool
  /// Decompressed size of a page above which the file is refused.
  public let pageByteCountMax: Int
  /// The same for pages of text and binary.
  private let textPageByteCountMax: Int
  /// Bytes of the whole file.
  public var byteCount: Int { file.count }

  let file: FileBytes
  /// Offset of the footer, where the data ends.
  let footerOffset: Int
  private let leafIndices: [String: Int]
  let writer: WriterVersion
  /// Known faults of the program that wrote the file.
  let faults: [StatisticsFault]

  /// Maps a file and reads its footer.
  ///
  /// - Parameters:
  ///   - int96Unit: The unit of flat INT96 columns. Nanoseconds are exact but cover only 1677 to 2262: a time
  ///     outside is an error.
  ///     1677 to 2262: a time outside is an error.
  ///   - textPageByteCountMax: Limit for pages of text and binary, decompressed: a caller with little memory
  ///     refuses larger ones.
  ///     little memory refuses those that would take more.
  public convenience init(
    path: String, verifiesChecksums: Bool = true, int96Unit: TimeUnit = .nanoseconds,
    textPageByteCountMax: Int = Limits.pageByteCountMax
  ) throws(ParquetError) {
    try self.init(
      file: try FileBytes(path: path), name: path, verifiesChecksums: verifiesChecksums,
      int96Unit: int96Unit, pageByteCountMax: Limits.pageByteCountMax,
      textPageByteCountMax: textPageByteCountMax)
  }

  /// Reads a file that is in memory.
  public convenience init(
    bytes: [UInt8], name: String, verifiesChecksums: Bool = true,
    int96Unit: TimeUnit = .nanoseconds, pageByteCountMax: Int = Limits.pageByteCountMax
  ) throws(ParquetError) {
    try self.init(
      file: FileBytes(bytes: bytes), name: name, verifiesChecksums: verifiesChecksums,
      int96Unit: int96Unit, pageByteCountMax: pageByteCountMax,
      textPageByteCountMax: pageByteCountMax)
  }

  private init(
    file: FileBytes, name: String, verifiesChecksums: Bool, int96Unit: TimeUnit,
    pageByteCountMax: Int, textPageByteCountMax: Int
  ) throws(ParquetError) {
    self.file = file
    self.name = name
    self.verifiesChecksums = verifiesChecksums
    self.pageByteCountMax = pageByteCountMax
    self.textPageByteCountMax = textPageByteCountMax
    do throws(ParquetError) {
      (metadata, footerOffset) = try Self.readFooter(file)
      let tree = try SchemaBuilder.build(metadata.schema)
      schema = tree.root
      leaves = tree.leaves.map { leaf in
        leaf.physicalType == .int96 && leaf.type != .null
          ? leaf.retyped(.timestamp(int96Unit, isUTC: false)) : leaf
      }
      try Self.check(metadata, leafCount: leaves.count)
    } catch {
      throw error.inFile(name, isOurs: false)
    }
    let writer = WriterVersion(createdBy: metadata.createdBy)
    self.writer = writer
    faults = writer.isOurs ? [] : StatisticsFault.all.filter { $0.concerns(writer) }
    var indices: [String: Int] = [:]
    for (index, leaf) in leaves.enumerated() {
      // A name that itself contains dots takes precedence over a path joined with dots.
      if let first = indices[leaf.name],
        leaf.path.count > 1 || leaves[first].path.count == 1
      {
        continue
      }
      indices[leaf.name] = index
    }
    leafIndices = indices
  }

  /// Whether this program wrote the file, by its footer: then a column chunk or page with a NaN has no bounds.
  public var isOwn: Bool { writer.isOurs }

  /// Number of row groups; a file without rows may have none.
  public var rowGroupCount: Int { metadata.rowGroups.count }

  /// Rows of a row group.
  public func rowCount(rowGroup: Int) -> Int { Int(metadata.rowGroups[rowGroup].rowCount) }

  /// The leaf of a dotted name; nil if there is none.
  public func leafIndex(named name: String) -> Int? { leafIndices[name] }

  // MARK: - Footer

  private static func readFooter(
    _ file: FileBytes
  ) throws(ParquetError) -> (FileMetadata, Int) {
    let isMarked =
      file.count >= 4 && [magic, encryptedMagic].contains(file.base.loadLE(0, as: UInt32.self))
    if !isMarked {
      throw ParquetError(
        .corrupt, "no Parquet file: it does not begin with 'PAR1'", place: .init(offset: 0),
        remedy: "a file of another kind goes into a lake first (lake ingest FILE); a Parquet file "
          + "that begins so is damaged: copy or download it again")
    }
    if file.count < byteCountMin {
      throw ParquetError(
        .truncated,
        "a file of \(file.count) bytes, a Parquet file has at least \(byteCountMin)")
    }
    let head = file.base.loadLE(0, as: UInt32.self)
    let tail = file.base.loadLE(file.count - 4, as: UInt32.self)
    if head == encryptedMagic || tail == encryptedMagic {
      throw ParquetError(.unsupported, "the file is encrypted")
    }
    if tail != magic {
      throw ParquetError(
        .truncated, "the file does not end with 'PAR1': it is cut off or was never finished",
        place: .init(offset: file.count - 4), remedy: "fetch or write the file again")
    }
    let length = Int(file.base.loadLE(file.count - 8, as: UInt32.self))
    if length > file.count - byteCountMin {
      throw ParquetError(
        .corrupt, "a footer of \(length) bytes in a file of \(file.count)",
        place: .init(offset: file.count - 8))
    }
    let start = file.count - 8 - length
    var reader = ThriftReader(UnsafeRawBufferPointer(start: file.base + start, count: length))
    do throws(ParquetError) {
      return (try FileMetadata(parsing: &reader), start)
    } catch {
      var error = error
      error.place.offset = start + (error.place.offset ?? 0)
      throw error
    }
  }

  private static func check(
    _ metadata: FileMetadata, leafCount: Int
  ) throws(ParquetError) {
    if metadata.rowCount < 0 {
      throw ParquetError(.corrupt, "the footer counts \(metadata.rowCount) rows")
    }
    for (index, group) in metadata.rowGroups.enumerated() {
      if group.rowCount < 0 {
        throw ParquetError(
          .corrupt, "the row group counts \(group.rowCount) rows", place: .init(rowGroup: index))
      }
      if group.columns.count != leafCount {
        throw ParquetError(
          .corrupt,
          "the row group has \(group.columns.count) column chunks, the schema \(leafCount) columns",
          place: .init(rowGroup: index))
      }
      // Every row has a value or a null in every column. If no column is read, nothing else would check the
      // count.
      let counts = group.columns.map { $0.metadata?.valueCount ?? .max }
      if let most = counts.max(), most < group.rowCount {
        throw ParquetError(
          .corrupt,
          "the row group counts \(group.rowCount) rows, none of its columns more than \(most) values",
          place: .init(rowGroup: index))
      }
    }
  }

  // MARK: - Chunks

  /// The footer's metadata of a column chunk.
  ///
  /// - Throws: `ParquetError.request` if there is no such row group or leaf.
  public func chunkMetadata(
    rowGroup: Int, leaf: Int
  ) throws(ParquetError) -> ColumnMetadata {
    let chunk = try columnChunk(rowGroup: rowGroup, leaf: leaf)
    if chunk.filePath != nil {
      throw located(
        ParquetError(.unsupported, "a column chunk that lies in another file"), rowGroup, leaf)
    }
    if chunk.isEncrypted {
      throw located(ParquetError(.unsupported, "the column is encrypted"), rowGroup, leaf)
    }
    guard let metadata = chunk.metadata else {
      throw located(
        ParquetError(.corrupt, "the footer says nothing of the column chunk"), rowGroup, leaf)
    }
    return metadata
  }

  func columnChunk(rowGroup: Int, leaf: Int) throws(ParquetError) -> ColumnChunk {
    guard metadata.rowGroups.indices.contains(rowGroup) else {
      throw ParquetError(
        .request, "no row group \(rowGroup), the file has \(metadata.rowGroups.count)",
        place: .init(path: name))
    }
    guard leaves.indices.contains(leaf) else {
      throw ParquetError(
        .request, "no column \(leaf), the file has \(leaves.count)", place: .init(path: name))
    }
    return metadata.rowGroups[rowGroup].columns[leaf]
  }

  func chunkPages(rowGroup: Int, leaf: Int) throws(ParquetError) -> ChunkPages {
    let chunk = try chunkMetadata(rowGroup: rowGroup, leaf: leaf)
    do throws(ParquetError) {
      return try ChunkPages(
        file: file, footerOffset: footerOffset, leaf: leaves[leaf], metadata: chunk,
        verifiesChecksums: verifiesChecksums,
        pageByteCountMax: leaves[leaf].physicalType == .byteArray
          ? textPageByteCountMax : pageByteCountMax, writer: writer)
    } catch {
      throw located(error, rowGroup, leaf)
    }
  }

  /// Adds the location to an error.
  func located(_ error: ParquetError, _ rowGroup: Int, _ leaf: Int) -> ParquetError {
    error.inFile(name, isOurs: writer.isOurs)
      .at(rowGroup: rowGroup, column: leaves[leaf].name)
  }

  // MARK: - Columns

  /// A scanner over the pages of a flat column chunk.
  ///
  /// - Parameter takesInt96Remainder: Reads only the nanoseconds beyond whole microseconds of INT96 times, 0 to
  ///   999; no effect on other leaves.
  /// - Throws: `ParquetError.request` if the leaf is repeated: read it with `rows`.
  public func makeColumnScanner(
    rowGroup: Int, leaf: Int, takesInt96Remainder: Bool = false
  ) throws(ParquetError) -> ColumnPageScanner {
    try ColumnPageScanner(
      reader: self, rowGroup: rowGroup, leaf: leaf, takesInt96Remainder: takesInt96Remainder)
  }

  /// Reads rows of a flat column chunk into a column, whose arrays are reused.
  ///
  /// Pages without any of the rows are skipped without being decompressed. A text chunk that is completely
  /// dictionary-encoded is returned as codes.
  ///
  /// - Parameter rows: Rows within the row group; nil means all.
  public func readColumn(
    rowGroup: Int, leaf: Int, rows: Range<Int>? = nil, into column: inout Column
  ) throws(ParquetError) {
    let scanner = try makeColumnScanner(rowGroup: rowGroup, leaf: leaf)
    let all = 0..<rowCount(rowGroup: rowGroup)
    let wanted = rows ?? all
    if wanted.lowerBound < 0 || wanted.upperBound > all.upperBound {
      throw located(
        ParquetError(
          .request,
          "rows \(wanted.lowerBound)..<\(wanted.upperBound) of a row group of \(all.count)"),
        rowGroup, leaf)
    }
    try scanner.skip(rows: wanted.lowerBound)
    try scanner.read(rows: wanted.count, into: &column)
    if rows == nil { try scanner.checkEnd() }
  }
}
