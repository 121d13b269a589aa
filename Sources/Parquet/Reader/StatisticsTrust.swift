// Statistics that some programs are known to write wrong. Each file names the program that wrote it.

/// Which parts of a column chunk's statistics are not known to be wrong.
public struct StatisticsTrust: Hashable, Sendable {
  /// Least and greatest values of the chunk and of its pages.
  public var bounds = true
  /// Greatest values of its pages.
  public var pageMaxima = true
  /// Null counts of the chunk and of its pages.
  public var nullCounts = true
}

/// A fault in the statistics of one program.
struct StatisticsFault {
  /// The columns with wrong statistics.
  enum Columns {
    /// Text and binary, of any or fixed length.
    case bytes
    /// Text and binary stored with a dictionary. Values that a program holds with a dictionary in memory are
    /// stored with one, and cannot be told from other text.
    case dictionaryBytes
    /// Decimals stored as bytes.
    case byteDecimals
    case decimals
    /// Columns whose order is not that of signed numbers.
    case unsigned
  }

  /// As in `WriterVersion`.
  var program: String
  /// The first version without the fault; nil if none is known.
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

  /// All known faults.
  static let all: [StatisticsFault] = [
    // Maxima of pages are truncated to 16 bytes and not rounded up: segmentio/parquet-go issue 495, and its
    // successor.
    StatisticsFault("github.com/segmentio/parquet-go", .bytes, \.pageMaxima),
    StatisticsFault("github.com/parquet-go/parquet-go", .bytes, \.pageMaxima),
    // Nulls of dictionary arrays are not counted: ARROW-12513, arrow pull request 10729.
    StatisticsFault("parquet-cpp", .dictionaryBytes, \.nullCounts),
    StatisticsFault("parquet-cpp-arrow", before: [6, 0, 0], .dictionaryBytes, \.nullCounts),
    // Bounds of dictionary arrays cover only their first chunk: arrow issue 15042.
    StatisticsFault("parquet-cpp", .dictionaryBytes, \.bounds),
    StatisticsFault("parquet-cpp-arrow", before: [11, 0, 0], .dictionaryBytes, \.bounds),
    // Nulls are counted in the dictionary instead of the array: arrow2 pull request 1414.
    StatisticsFault("arrow2", .dictionaryBytes, \.nullCounts),
    // Bytes of decimals are compared one by one, or without their sign: PARQUET-1655 and PARQUET-2003 (arrow
    // pull request 9582); ClickHouse pull request 83754; polars issue 29347.
    StatisticsFault("parquet-cpp", .byteDecimals, \.bounds),
    StatisticsFault("parquet-cpp-arrow", before: [4, 0, 0], .byteDecimals, \.bounds),
    StatisticsFault("clickhouse", .decimals, \.bounds),
    StatisticsFault("polars", .decimals, \.bounds),
    // Bounds of binaries point to memory that is overwritten: PARQUET-251 (CorruptStatistics of parquet-java).
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
  /// Which of a chunk's statistics are reliable, given the program that wrote the file.
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

  /// The footer's statistics of a chunk, without those known to be wrong; nil if there are none.
  public func trustedStatistics(rowGroup: Int, leaf: Int) -> Statistics? {
    // Damage is reported when the chunk is read.
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
