// Statistics that programs are known to write wrong. Each file says which program wrote it.

/// Which parts of a column chunk's statistics are not known to be wrong.
public struct StatisticsTrust: Hashable, Sendable {
  /// The least and greatest value of the chunk and of its pages.
  public var bounds = true
  /// The greatest values of its pages.
  public var pageMaxima = true
  /// How many rows of the chunk and of its pages are null.
  public var nullCounts = true
}

/// A fault of a program's statistics.
struct StatisticsFault {
  /// Columns of which the statistics are wrong.
  enum Columns {
    /// Texts and binaries of any length, and of one length.
    case bytes
    /// Texts and binaries that are stored with a dictionary. What a program holds in memory with a
    /// dictionary is stored with one, and nothing tells it from other texts.
    case dictionaryBytes
    /// Decimals that are stored as bytes.
    case byteDecimals
    case decimals
    /// All whose order is not that of signed numbers.
    case unsigned
  }

  /// As `WriterVersion` has it.
  var program: String
  /// The first version without the fault; nil where none is known to be without it.
  var fixed: [Int]?
  var columns: Columns
  var faulty: WritableKeyPath<StatisticsTrust, Bool> & Sendable

  init(
    _ program: String, before fixed: [Int]? = nil, _ columns: Columns,
    _ faulty: WritableKeyPath<StatisticsTrust, Bool> & Sendable
  ) {
    self.program = program
    self.fixed = fixed
    self.columns = columns
    self.faulty = faulty
  }

  /// All that are known.
  static let all: [StatisticsFault] = [
    // Maxima of pages are cut to 16 bytes and not raised: segmentio/parquet-go issue 495, and its successor.
    StatisticsFault("github.com/segmentio/parquet-go", .bytes, \.pageMaxima),
    StatisticsFault("github.com/parquet-go/parquet-go", .bytes, \.pageMaxima),
    // No nulls are counted of dictionary arrays: ARROW-12513, arrow pull request 10729.
    StatisticsFault("parquet-cpp", .dictionaryBytes, \.nullCounts),
    StatisticsFault("parquet-cpp-arrow", before: [6, 0, 0], .dictionaryBytes, \.nullCounts),
    // Bounds of dictionary arrays are those of their first chunk: arrow issue 15042.
    StatisticsFault("parquet-cpp", .dictionaryBytes, \.bounds),
    StatisticsFault("parquet-cpp-arrow", before: [11, 0, 0], .dictionaryBytes, \.bounds),
    // Nulls are counted in the dictionary instead of the array: arrow2 pull request 1414.
    StatisticsFault("arrow2", .dictionaryBytes, \.nullCounts),
    // Bytes of decimals are compared each by itself, or without their sign: PARQUET-1655 and PARQUET-2003
    // (arrow pull request 9582); ClickHouse pull request 83754; polars issue 29347.
    StatisticsFault("parquet-cpp", .byteDecimals, \.bounds),
    StatisticsFault("parquet-cpp-arrow", before: [4, 0, 0], .byteDecimals, \.bounds),
    StatisticsFault("clickhouse", .decimals, \.bounds),
    StatisticsFault("polars", .decimals, \.bounds),
    // Bounds of binaries are overwritten while they are kept: PARQUET-251 (CorruptStatistics of parquet-java).
    StatisticsFault("parquet-mr", before: [1, 8, 0], .bytes, \.bounds),
    // Everything is compared as signed numbers: PARQUET-686, PARQUET-1025 (ApplicationVersion of parquet-cpp).
    StatisticsFault("parquet-mr", before: [1, 10, 0], .unsigned, \.bounds),
    StatisticsFault("parquet-cpp", before: [1, 3, 0], .unsigned, \.bounds),
  ]

  func concerns(_ writer: WriterVersion) -> Bool {
    program == writer.program
      && (fixed.map { writer.version.lexicographicallyPrecedes($0) } ?? true)
  }

  func concerns(_ leaf: LeafColumn, hasDictionary: Bool) -> Bool {
    let isBytes = leaf.physicalType == .byteArray || leaf.physicalType == .fixedLengthByteArray
    let isDecimal = if case .decimal = leaf.type { true } else { false }
    switch columns {
    case .bytes: return isBytes
    case .dictionaryBytes: return leaf.physicalType == .byteArray && hasDictionary
    case .byteDecimals: return isBytes && isDecimal
    case .decimals: return isDecimal
    case .unsigned: return !leaf.hasSignedOrder
    }
  }
}

extension ParquetReader {
  /// What of a chunk's statistics can be relied on, by the program that wrote the file.
  public func trust(rowGroup: Int, leaf: Int) -> StatisticsTrust {
    var trust = StatisticsTrust()
    if faults.isEmpty { return trust }
    let chunk = metadata.rowGroups[rowGroup].columns[leaf].metadata
    let hasDictionary = chunk?.encodings.contains { $0.isDictionary } ?? true
    for fault in faults where fault.concerns(leaves[leaf], hasDictionary: hasDictionary) {
      trust[keyPath: fault.faulty] = false
    }
    return trust
  }

  /// What the footer says of a chunk's values, without what is known to be wrong; nil where it is silent.
  public func trustedStatistics(rowGroup: Int, leaf: Int) -> Statistics? {
    // What is wrong with the chunk is told by whoever reads it.
    guard let chunk = try? chunkMetadata(rowGroup: rowGroup, leaf: leaf),
      var known = chunk.statistics
    else { return nil }
    if let count = known.nullCount, count < 0 || count > chunk.valueCount { known.nullCount = nil }
    if faults.isEmpty { return known }
    let trust = trust(rowGroup: rowGroup, leaf: leaf)
    if !trust.bounds {
      (known.minValue, known.maxValue) = (nil, nil)
      (known.deprecatedMin, known.deprecatedMax) = (nil, nil)
    }
    if !trust.nullCounts { known.nullCount = nil }
    return known
  }
}
