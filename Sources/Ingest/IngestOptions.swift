import Catalog
import Platform
import RowSources

/// How inputs are read, for what they do not say themselves.
public struct IngestOptions: Sendable {
  /// The output table; nil to derive it from the input.
  public var table: TableName?
  /// Symbol of rows without one.
  public var symbol: String?
  /// How the name of a file holds the symbol of its rows.
  public var symbolPattern: NamePattern?
  /// Interval of bars, like `1s`.
  public var interval: String?
  /// Record kind of a text or Parquet input.
  public var kind: String?
  /// The vendor's dataset, such as `GLBX.MDP3`; nil to derive it from the input.
  public var dataset: String?
  /// Zone of times without one.
  public var timeZone: String?
  /// Which instant is meant by a local time that occurs twice.
  public var ambiguousTime = AmbiguousTime.earliest
  /// `theirs=ours`, for columns with other names.
  public var columnMap: [String] = []
  /// Names of all columns of a text file without a header.
  public var columns: [String]?
  /// The separator of a text file's fields; nil to detect it from its header.
  public var delimiter: UInt8?
  /// The form of times that are in no form which is known.
  public var dateFormat: TimePattern?
  /// What stands before the fraction of numbers, and between their thousands; nil: as the file tells.
  public var numbers: NumberStyle?
  /// What stands for no value.
  public var nullTexts: [String] = []
  /// Lines at the beginning that are left out.
  public var skippedLineCount: Int?
  /// What a line begins with that is left out.
  public var comment: UInt8?
  /// Rows that end early lack their last values.
  public var padsRows = false
  /// The alphabet of the text.
  public var encoding: String?
  /// The date of rows whose times lack it.
  public var date: String?
  /// Each column is a symbol.
  public var isWide = false
  /// What a refusal's command line begins with: the words that were given, without files.
  public var commandWords: [String] = []
  /// Where the command reads several files: these.
  public var fileSet: FileSet?
  /// Threads that read and encode one input.
  public var jobs = Parallel.width
  /// Memory for rows that wait and for merging; what does not fit is spilled to staging.
  public var memoryByteCount = 192 << 20
  /// Version of a DBN file without a header.
  public var dbnVersion: Int?
  /// What happens to rows that the table may have already.
  public var overlap = OverlapPolicy.merge
  /// Share of bad rows above which an input fails as a whole.
  public var badRowShareMax = 0.1

  /// The defaults: everything is detected from the inputs.
  public init() {}
}
